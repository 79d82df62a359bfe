// One transfer of a zone from a primary: the request, the messages that answer it, and the version that they make.
//
// The records of a whole zone go into a ZoneBuilder as they come. A version is built by a thread of the pool that
// `offload` uses, small zones by the shard itself. What is built has passed the checks: those of a master file, and its
// ZONEMD.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "taut/coro/task.hpp"
#include "taut/dns/serial.hpp"
#include "taut/io/shard.hpp"
#include "taut/transfer/primary.hpp"
#include "taut/zone/transfer_reader.hpp"
#include "taut/zone/zone.hpp"
#include "taut/zone/zone_builder.hpp"
#include "taut/zone/zone_difference.hpp"

namespace taut {

// As other secondaries take a zone: one that lacks addresses of its name servers is the primary's matter.
ZoneChecks secondaryChecks();

// What is asked for.
struct ZoneTransfer {
  // The version that is there, loaded or not: what it is compared with, and what differences lead on from.
  std::shared_ptr<const Zone> version;
  bool incremental = false;  // ask for differences; the version is loaded
  bool anySerial = false;    // take the zone also where its serial is not newer
  TransferLimits limits{};
  ZoneChecks checks = secondaryChecks();
};

struct TransferOutcome {
  enum class Kind : std::uint8_t {
    updated,      // there is a version
    notNewer,     // the primary's version is this one or an older one: `serial`
    wholeNeeded,  // differences do not lead to a version: ask for the whole zone
    failed,
    stopped,
  };

  Kind kind = Kind::failed;
  std::string reason;  // why there is no version, for the log
  // With `wholeNeeded`: the primary does not give differences, so that it need not be asked for them again soon.
  bool givesNone = false;

  std::optional<Serial> serial;                // of the primary's version
  std::optional<std::chrono::seconds> expire;  // for how long it has that, where it is a secondary itself
  std::shared_ptr<const Zone> zone;            // with `updated`
  bool whole = true;                           // how it came
  // That led to it from the version before, where it did not come whole.
  std::vector<std::shared_ptr<const ZoneDifference>> differences;
  std::vector<Diagnostic> warnings;
  std::uint64_t octets = 0;  // of the messages
  std::uint64_t records = 0;
};

// The primary outlives the task.
Task<TransferOutcome> transferZone(Shard& shard, Primary& primary, ZoneTransfer transfer);

}  // namespace taut
