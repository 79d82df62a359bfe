// What there is to know of a running server at one moment, put together for those who watch it.
#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "serving_state.hpp"
#include "taut/zone/zone_set.hpp"

namespace taut {

struct ManagementSnapshot {
  std::string_view version;
  std::chrono::seconds uptime{};
  Readiness readiness = Readiness::starting;
  std::shared_ptr<const ZoneSet> zones;  // never null
};

}  // namespace taut
