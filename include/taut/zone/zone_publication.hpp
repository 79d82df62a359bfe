// What is to be served from now on, on its way from who has the zones to each thread that answers.
#pragma once

#include <memory>
#include <vector>

#include "taut/zone/zone.hpp"
#include "taut/zone/zone_set.hpp"

namespace taut {

// Versions that have given way to others in a set that is served (ZoneSet::replace).
using RetiredVersions = std::vector<std::shared_ptr<const Zone>>;

struct ZonePublication {
  std::shared_ptr<const ZoneSet> zones;  // all of them, never null; the set of the publication before, or another one
  // Since the publication before: answers that have begun may use them still. Null: none.
  std::shared_ptr<const RetiredVersions> retired{};
  // Each thread that answers gives up its copy when it has taken the publication: with the last one all have. May be
  // null.
  std::shared_ptr<const void> served{};
};

}  // namespace taut
