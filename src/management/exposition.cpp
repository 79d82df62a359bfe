#include "exposition.hpp"

#include <iterator>

#include <fmt/format.h>

#include "taut/base/format.hpp"
#include "zone_summary.hpp"

namespace taut {

std::string exposition(const ManagementSnapshot& snapshot) {
  const ZoneSummary zones = summaryOf(*snapshot.zones);
  fmt::memory_buffer text;
  appendFormat(text,
               "# HELP taut_build_info The version, as a label.\n"
               "# TYPE taut_build_info gauge\n"
               "taut_build_info{{version=\"{}\"}} 1\n"
               "# HELP taut_zones Zones that are to be served, by state.\n"
               "# TYPE taut_zones gauge\n"
               "taut_zones{{state=\"loaded\"}} {}\n"
               "taut_zones{{state=\"not_loaded\"}} {}\n",
               snapshot.version, zones.loaded, zones.total - zones.loaded);
  return fmt::to_string(text);
}

}  // namespace taut
