#include "taut/zones/zone_list.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "taut/base/line_file.hpp"
#include "taut/dns/name.hpp"

namespace taut {

std::vector<ZoneSource> readZoneList(const std::string& path) {
  std::vector<ZoneSource> zones;
  forEachLine(path, [&](std::string_view line, std::size_t number) {
    const std::size_t tab = line.find('\t');
    const auto origin = Name::parse(line.substr(0, tab));
    if (tab == std::string::npos || tab + 1 == line.size() || !origin)
      throw std::runtime_error(
          fmt::format("{}:{}:1: not a zone: expected ORIGIN, a tab, and the path of a master file", path, number));
    ZoneSource source;
    source.origin = *origin;
    source.path = (std::filesystem::path(path).parent_path() / line.substr(tab + 1)).string();
    zones.push_back(std::move(source));
  });
  return zones;
}

}  // namespace taut
