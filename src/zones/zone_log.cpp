#include "zone_log.hpp"

#include <iterator>
#include <string>

#include <fmt/format.h>

#include "taut/base/counted.hpp"
#include "taut/base/log.hpp"

namespace taut::detail {

namespace {

// Of the parts of what a reload changed: those that there are.
std::string partsOf(const ZoneReload& report) {
  struct Part {
    std::size_t count;
    const char* what;
  };
  const Part parts[] = {
      {report.loaded - report.added, "loaded anew"},
      {report.added, "added"},
      {report.removed, "removed"},
      {report.failed, "failed"},
      {report.zones - report.loaded - report.failed, "unchanged"},
  };
  std::string text;
  for (const Part& part : parts)
    if (part.count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", part.count, part.what);
  return text;
}

}  // namespace

std::string ofView(std::string_view view) {
  return view.empty() ? std::string() : fmt::format(" of view {}", view);
}

void logZones(const std::vector<LoggedZone>& zones) {
  std::size_t records = 0;
  for (const auto& [zone, view] : zones) records += zone->recordCount();
  if (zones.size() > maxNamedZones)
    return log::info("{}, {}", counted(zones.size(), "zone"), counted(records, "record"));
  for (const auto& [zone, view] : zones)
    log::info("zone {}{}: serial {}, {}", zone->origin(), ofView(view), zone->serial(),
              counted(zone->recordCount(), "record"));
}

void logLoaded(const Zone& before, const Zone& zone, std::string_view view, const ZoneReload& soFar) {
  if (soFar.loaded > maxNamedZones) return;
  const std::string records = counted(zone.recordCount(), "record");
  if (!before.isLoaded())
    log::info("zone {}{} added, serial {}, {}", zone.origin(), ofView(view), zone.serial(), records);
  else if (before.origin() == zone.origin())
    log::info("zone {}{} loaded anew, serial {} (it was {}), {}", zone.origin(), ofView(view), zone.serial(),
              before.serial(), records);
  else
    log::info("zone {}{} loaded in the place of {}, serial {}, {}", zone.origin(), ofView(view), before.origin(),
              zone.serial(), records);
}

void warnOfSerial(const Zone& before, const Zone& zone, std::string_view view, const ZoneReload& soFar) {
  if (soFar.loaded > maxNamedZones) return;
  if (zone.serial() == before.serial())
    log::warning("zone {}{} has changed, and its serial {} has not: secondaries keep what they have", zone.origin(),
                 ofView(view), zone.serial());
  else
    log::warning("zone {}{} has serial {} after {}, which is not newer: secondaries keep what they have", zone.origin(),
                 ofView(view), zone.serial(), before.serial());
}

void logRemoved(const Zone& zone, std::string_view view, const ZoneReload& soFar) {
  if (soFar.removed <= maxNamedZones) log::info("zone {}{} removed", zone.origin(), ofView(view));
}

void logReload(const ZoneReload& report) {
  const bool changed = report.loaded + report.removed + report.failed > 0;
  if (!changed && report.errors.empty() && report.zones == 0)
    log::info("no zone has changed: there is none");
  else if (!changed && report.errors.empty())
    log::info("no zone has changed: {} as before", counted(report.zones, "zone"));
  else if (report.failed == 0)
    log::info("zones: {}", partsOf(report));
  else
    log::error("zones: {}", partsOf(report));
}

void logTotal(const ZoneReload& report) {
  if (report.missing > 0)
    log::error("{} of {} {} not loaded", report.missing, counted(report.zones, "zone"),
               report.missing == 1 ? "is" : "are");
  else if (report.zones == 1)
    log::info("the zone is loaded");
  else
    log::info("all {} zones are loaded", report.zones);
}

}  // namespace taut::detail
