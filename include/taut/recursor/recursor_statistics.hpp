// What a recursor counts from the start on. The counts are of one shard, and are read as a RecursorStatistics.
#pragma once

#include "taut/base/counter.hpp"
#include "taut/resolver/resolver_statistics.hpp"

namespace taut {

struct RecursorCounters {
  Counter questions;  // of clients
  Counter hits;       // of them, answered from what is kept
  Counter stale;      // of them, answered from what has ended
  Counter secure;     // answers that were fetched, by what validation found
  Counter insecure;
  Counter bogus;
  Counter failures;        // answers that could not be had
  Counter overload;        // of them, because too much was being looked for
  Counter fetches;         // names and types that were looked for
  Counter joined;          // that were being looked for already
  Counter sends;           // questions to servers
  Counter timeouts;        // of them, without a reply in time
  Counter hedges;          // of them, sent besides to another server because one was slow
  Counter lame;            // replies of servers that do not serve the zone
  Counter synthesised;     // answers from NSEC and NSEC3 records of others (RFC 8198)
  Counter prefetches;      // fetches of what would have ended soon
  Counter localReferrals;  // delegations that the local root has referred to
  Counter inFlight;        // now
  Counter bytes;           // that are kept now
  Counter entries;         // likewise
};

}  // namespace taut
