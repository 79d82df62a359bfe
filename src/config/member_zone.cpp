#include "member_zone.hpp"

#include <cstddef>
#include <utility>

#include <fmt/format.h>

namespace taut::config {

// Names come from other servers. An escaped character stays an escaped one, so the slash alone could lead elsewhere.
Result<ZoneSettings, std::string> zoneOf(const ZoneTemplate& made, NameView name,
                                         const std::shared_ptr<const RemoteList>& primaries) {
  constexpr std::size_t longestFileName =
      200;  // of at most 255 octets, so that there is room for what stands beside it
  ZoneSettings zone = made.zone;
  zone.name = Name(name).toLower().toString();
  if (!zone.isSecondary() && !made.hasFile && primaries) zone.primaries = primaries;
  if (zone.isSecondary() && !made.hasFile) return zone;
  std::string file = zone.name;
  file.pop_back();
  if (file.empty() || file.find('/') != file.npos || file.size() > longestFileName)
    return Failure(fmt::format("'{}' makes no name of a file", zone.name));
  zone.path = made.pattern;
  if (const std::size_t place = zone.path.find(placeholderOfName); place != zone.path.npos)
    zone.path.replace(place, placeholderOfName.size(), file);
  return zone;
}

}  // namespace taut::config
