// What there is to know of a running server at one moment, put together for those who watch it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "catalog_status.hpp"
#include "serving_state.hpp"
#include "taut/base/histogram.hpp"
#include "taut/io/engine_choice.hpp"
#include "taut/server/handler_place.hpp"
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

// What a loaded handler has counted, on all shards together.
struct HandlerStatus {
  std::string name;
  std::string library;  // its file
  HandlerPlace place = HandlerPlace::afterZones;
  std::vector<std::string> suffixes;  // of the names that it is asked for; empty: every name
  std::uint64_t answered = 0;
  std::uint64_t passedOn = 0;
  std::uint64_t failed = 0;
  std::uint64_t waiting = 0;    // now
  DurationHistogram durations;  // of all that have ended
};

// Secondary zones, and what is done for them and for those who are told of new versions.
struct SecondaryCounts {
  std::uint64_t upToDate = 0;  // the last check has succeeded, or there was none since the start
  std::uint64_t failing = 0;   // served, and the last check has failed
  std::uint64_t missing = 0;   // there never was a version
  std::uint64_t expired = 0;
  std::uint64_t transfers = 0;  // under way
  std::uint64_t received = 0;   // versions, since the start
  std::uint64_t failed = 0;     // transfers, since the start
  std::uint64_t notices = 0;    // that have found no reply yet

  std::uint64_t zones() const { return upToDate + failing + missing + expired; }
};

// A zone that comes from other servers, or of which others are told.
struct SecondaryStatus {
  bool isSecondary = false;
  std::string file;                    // that is written; empty: none
  std::vector<std::string> primaries;  // addresses
  std::string lastPrimary;             // that has answered; empty: none has
  bool isChecked = false;              // now
  bool hasExpired = false;
  std::optional<std::chrono::seconds> checked;  // so long ago, with success
  std::optional<std::chrono::seconds> next;     // check, in so long; nothing while one is under way
  std::optional<std::chrono::seconds> expires;  // in so long; nothing where there is no version
  unsigned failures = 0;                        // checks in a row
  std::size_t notices = 0;                      // of this zone that have found no reply yet
  std::optional<std::uint64_t> updates;         // dynamic ones that were carried out; nothing: it takes none
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
  SecondaryCounts secondaries;
  std::shared_ptr<const CatalogStatuses> catalogs = std::make_shared<CatalogStatuses>();  // never null
  std::vector<HandlerStatus> handlers;  // in the order in which they are asked
  TopLists top;                         // of the last second in which it was collected
};

}  // namespace taut
