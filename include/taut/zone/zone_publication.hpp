// What is to be served from now on, on its way from who has the zones to each thread that answers.
#pragma once

#include <memory>

#include "taut/zone/zone_set.hpp"

namespace taut {

struct ZonePublication {
  std::shared_ptr<const ZoneSet> zones;  // all of them, never null
  // Each thread that answers gives up its copy when it has taken the publication: with the last one all have. May be
  // null.
  std::shared_ptr<const void> served{};
};

}  // namespace taut
