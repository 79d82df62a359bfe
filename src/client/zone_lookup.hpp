// A whole zone as a list of records, by a transfer (RFC 5936).
#pragma once

#include "taut/base/address.hpp"
#include "taut/client/lookup.hpp"
#include "taut/coro/task.hpp"
#include "taut/dns/tsig_key.hpp"
#include "taut/io/shard.hpp"

namespace taut::detail {

// Asks for the zone that `found` names, and fills it. Where the task is stopped, the status is `stopped`. All outlive
// the task; a null key signs nothing.
Task<> lookUpZone(Shard& shard, Address server, const TsigKey* key, Lookup<LookupRecord>& found);

}  // namespace taut::detail
