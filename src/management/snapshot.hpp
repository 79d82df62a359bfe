// What there is to know of a running server at one moment, put together for those who watch it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include "serving_state.hpp"
#include "taut/io/engine_choice.hpp"
#include "taut/server/server_statistics.hpp"
#include "taut/server/top_queries.hpp"
#include "taut/zone/zone_set.hpp"
#include "taut/zones/zone_store.hpp"

namespace taut {

struct ConfigurationStatus {
  std::uint64_t reloadsSucceeded = 0;
  std::uint64_t reloadsFailed = 0;
  bool lastReloadSucceeded = true;  // also before the first
};

struct ManagementSnapshot {
  std::string_view version;
  EngineChoice engine;
  pid_t process = 0;
  std::chrono::seconds uptime{};
  Readiness readiness = Readiness::starting;
  std::shared_ptr<const ZoneSet> zones;                                           // never null
  std::shared_ptr<const ZoneErrors> zoneErrors = std::make_shared<ZoneErrors>();  // never null
  std::uint64_t zoneLoadFailures = 0;
  ConfigurationStatus configuration;
  ServerStatistics statistics;
  TopLists top;  // of the last second in which it was collected
};

}  // namespace taut
