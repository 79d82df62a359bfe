// What a server has counted since its start, over all shards: a value, as `Server::collect` gives it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "taut/base/histogram.hpp"
#include "taut/dns/client.hpp"
#include "taut/resolver/resolver_statistics.hpp"
#include "taut/server/server_counters.hpp"

namespace taut {

struct ServerStatistics {
  using Types = std::array<std::uint64_t, typeSlots>;
  using Transports = std::array<std::uint64_t, transportCount>;

  // By `Transport`, and by whether the client has an IPv6 address; each by `typeSlot`.
  std::array<std::array<Types, 2>, transportCount> requests{};
  // By `rcodeSlot`, and by `Transport`.
  std::array<Transports, rcodeSlots> responses{};
  SizeHistogram requestSizes;
  SizeHistogram responseSizes;
  std::uint64_t truncated = 0;
  // How long queries were in work, by the time that each turn of a loop begins at: 0 for what was answered in the turn
  // in which it came, and otherwise until the turn in which its handler ended.
  DurationHistogram durations;

  std::array<std::uint64_t, dropReasonCount> dropped{};  // by `DropReason`
  std::uint64_t rateLimitDropped = 0;
  std::uint64_t rateLimitTruncated = 0;
  std::uint64_t cookiesClientOnly = 0;
  std::uint64_t cookiesValid = 0;
  std::uint64_t cookiesInvalid = 0;
  std::uint64_t tsigGood = 0;
  std::uint64_t tsigBadKey = 0;
  std::uint64_t tsigBadSig = 0;
  std::uint64_t tsigBadTime = 0;
  std::uint64_t tsigMalformed = 0;

  std::uint64_t transfers = 0;  // to clients over streams, now
  std::uint64_t transfersWhole = 0;
  std::uint64_t transfersIncremental = 0;
  std::uint64_t transfersUpToDate = 0;
  std::uint64_t transfersRefused = 0;
  std::uint64_t transfersOverQuota = 0;
  std::uint64_t transfersFailed = 0;
  std::uint64_t transferRecords = 0;
  std::uint64_t transferOctets = 0;
  std::uint64_t notifiesAccepted = 0;
  std::uint64_t notifiesRefused = 0;
  std::uint64_t updatesDone = 0;
  std::uint64_t updatesNotMet = 0;
  std::uint64_t updatesRefused = 0;
  std::uint64_t updatesMalformed = 0;
  std::uint64_t updatesFailed = 0;

  std::uint64_t waiting = 0;  // queries, now
  std::uint64_t displaced = 0;
  std::uint64_t givenUp = 0;
  std::uint64_t failures = 0;

  std::uint64_t connections = 0;  // now
  std::uint64_t connectionsMade = 0;
  std::uint64_t connectionsDisplaced = 0;
  std::uint64_t connectionsDeclined = 0;
  std::uint64_t acceptFailures = 0;

  std::uint64_t dnstapWritten = 0;  // entries that the kernel has taken
  std::uint64_t dnstapDropped = 0;  // entries that were lost, since nothing read fast enough

  ResolverStatistics resolvers;

  std::size_t shards = 0;
  BatchHistogram completions;  // of each turn of a loop
  std::uint64_t udpReceiveErrors = 0;
  std::uint64_t logLinesLost = 0;

  std::uint64_t requestCount() const;

  // Adds what one shard has counted of its queries.
  void add(const ServerCounters& counters);
};

}  // namespace taut
