// How many zones there are, and those that a person wants to see first.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "taut/zone/zone_set.hpp"

namespace taut {

struct ZoneSummary {
  static constexpr std::size_t maxShown = 100;

  std::size_t total = 0;
  std::size_t loaded = 0;
  std::vector<std::shared_ptr<const Zone>> shown;  // at most `maxShown`, those that are not loaded first
};

// Walks all zones, so it is worth keeping while the set is the same.
ZoneSummary summaryOf(const ZoneSet& zones);

}  // namespace taut
