// What the resolvers of one shard, or of all shards, have counted since the start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/histogram.hpp"

namespace taut {

struct CacheStatistics {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t stored = 0;
  std::uint64_t expired = 0;  // found, but too old
  std::uint64_t evicted = 0;  // made room for others
  std::size_t entries = 0;
  std::size_t bytes = 0;  // of entries and index, the allocator's own share estimated

  CacheStatistics& operator+=(const CacheStatistics& other);
};

struct ForwarderStatistics {
  std::uint64_t questions = 0;   // that came in and were to be forwarded
  std::uint64_t joined = 0;      // of them, those whose question was outstanding already
  std::uint64_t overload = 0;    // of them, those above the limit
  std::uint64_t probes = 0;      // questions that were sent to a server only to measure it
  std::uint64_t udpQueries = 0;  // sent
  std::uint64_t tcpQueries = 0;
  std::uint64_t timeouts = 0;    // attempts
  std::uint64_t mismatched = 0;  // datagrams that were not replies to the query
  std::uint64_t unusable = 0;    // replies that were malformed or no answer
  std::uint64_t failures = 0;    // questions that no server answered

  ForwarderStatistics& operator+=(const ForwarderStatistics& other);
};

// Of a Recursor.
struct RecursorStatistics {
  std::uint64_t questions = 0;  // of clients
  std::uint64_t hits = 0;       // of them, answered from what is kept
  std::uint64_t stale = 0;      // of them, answered from what has ended
  std::uint64_t secure = 0;     // answers that were fetched, by what validation found
  std::uint64_t insecure = 0;
  std::uint64_t bogus = 0;
  std::uint64_t failures = 0;        // answers that could not be had
  std::uint64_t overload = 0;        // of them, because too much was being looked for
  std::uint64_t fetches = 0;         // names and types that were looked for
  std::uint64_t joined = 0;          // that were being looked for already
  std::uint64_t sends = 0;           // questions to servers
  std::uint64_t timeouts = 0;        // of them, without a reply in time
  std::uint64_t hedges = 0;          // of them, sent besides to another server because one was slow
  std::uint64_t lame = 0;            // replies of servers that do not serve the zone
  std::uint64_t synthesised = 0;     // answers from NSEC and NSEC3 records of others (RFC 8198)
  std::uint64_t prefetches = 0;      // fetches of what would have ended soon
  std::uint64_t localReferrals = 0;  // delegations that the local root has referred to
  std::size_t inFlight = 0;          // now
  std::size_t bytes = 0;             // that are kept now
  std::size_t entries = 0;           // likewise

  RecursorStatistics& operator+=(const RecursorStatistics& other);
};

// Of one server that is asked.
struct UpstreamStatistics {
  Address server;
  std::uint64_t requests = 0;      // attempts, over UDP and TCP
  std::uint64_t timeouts = 0;      // of them, those over UDP without a reply in time
  DurationHistogram durations;     // from an attempt to its reply
  std::size_t shards = 0;          // that ask it
  std::size_t impairedShards = 0;  // of them, those that know it to be silent or lame

  // A shard without traffic keeps a bad opinion until it asks again, so one good opinion counts.
  bool healthy() const { return impairedShards < shards; }
  // Adds what another one has counted of the same server, and none of its shards.
  void addCounts(const UpstreamStatistics& other);
};

struct ResolverStatistics {
  CacheStatistics caches;
  ForwarderStatistics forwarding;
  RecursorStatistics recursing;
  std::vector<UpstreamStatistics> upstreams;  // in the order in which they are configured

  // The server's entry, which is new where there was none.
  UpstreamStatistics& upstream(const Address& server);
};

}  // namespace taut
