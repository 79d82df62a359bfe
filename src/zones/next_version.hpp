// The version of a zone that its master file makes when it has been read again.
#pragma once

#include <chrono>
#include <memory>

#include "taut/dns/serial_policy.hpp"
#include "taut/zone/zone.hpp"
#include "taut/zone/zone_difference.hpp"

namespace taut::detail {

struct NextVersion {
  std::shared_ptr<const Zone> zone;  // the one before where nothing has changed
  // From the version before; null where nothing has changed, or more than is kept (RecentDifferences::maxOctets).
  std::shared_ptr<const ZoneDifference> difference{};
  bool isNewer = false;  // its serial is
};

// `read` is what the file says, of the same origin and class. A small difference is brought into the version before, so
// that there are not two images of the zone from then on; else the image that was read is the version.
//
// With another policy than `keep`, a serial in the file that is not newer is replaced where records have changed, and
// does not count as a change itself. A zone with signatures, or a digest (ZONEMD), keeps its serial, which they cover.
NextVersion nextVersion(const std::shared_ptr<const Zone>& before, const std::shared_ptr<const Zone>& read,
                        SerialPolicy policy, std::chrono::sys_seconds now);

}  // namespace taut::detail
