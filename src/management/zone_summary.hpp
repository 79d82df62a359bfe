// How many zones there are, and those that a person wants to see first.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "taut/zone/zone_set.hpp"

namespace taut {

struct ZoneSummary {
  static constexpr std::size_t maxShown = 100;

  std::size_t total = 0;
  std::size_t loaded = 0;
  struct Shown {
    std::shared_ptr<const Zone> zone;
    std::string view;  // empty: none
  };
  std::vector<Shown> shown;  // at most `maxShown`, those that are not loaded first
};

// With the zones of views. Walks all zones, so it is worth keeping while the set is the same, with as many
// replacements.
ZoneSummary summaryOf(const ZoneSet& zones);

}  // namespace taut
