#include "taut/server/server_statistics.hpp"

#include <algorithm>

namespace taut {

namespace {

template <std::size_t N>
void addEach(std::array<std::uint64_t, N>& sums, const std::array<Counter, N>& counters) {
  for (std::size_t i = 0; i < N; ++i) sums[i] += counters[i];
}

std::uint64_t requestsIn(const ServerCounters& counters) {
  std::uint64_t total = 0;
  for (const auto& families : counters.requests)
    for (const ServerCounters::Types& types : families)
      for (const Counter& count : types) total += count;
  return total;
}

DurationHistogram durationsIn(const ServerCounters& counters) {
  DurationHistogram durations = counters.durations.value();
  durations.counts[0] += counters.answeredAtOnce();
  return durations;
}

// What changes between two counts that are read one after the other must not make it negative.
std::uint64_t difference(std::uint64_t begun, std::uint64_t ended) {
  return begun - std::min(begun, ended);
}

}  // namespace

std::uint64_t ServerCounters::answeredAtOnce() const noexcept {
  const std::uint64_t now = difference(requestsIn(*this), waited);
  std::uint64_t most = mostAtOnce_.load(std::memory_order_relaxed);
  while (most < now && !mostAtOnce_.compare_exchange_weak(most, now, std::memory_order_relaxed)) {
  }
  return std::max(most, now);
}

void UpdateCounters::count(Rcode rcode) noexcept {
  switch (rcode) {
    case Rcode::NOERROR:
      ++done;
      return;
    case Rcode::NXDOMAIN:
    case Rcode::YXDOMAIN:
    case Rcode::NXRRSET:
    case Rcode::YXRRSET:
      ++notMet;
      return;
    case Rcode::REFUSED:
    case Rcode::NOTAUTH:
      ++refused;
      return;
    case Rcode::FORMERR:
    case Rcode::NOTZONE:
      ++malformed;
      return;
    default:
      ++failed;
  }
}

std::uint64_t ServerStatistics::requestCount() const {
  std::uint64_t total = 0;
  for (const auto& families : requests)
    for (const Types& types : families)
      for (const std::uint64_t count : types) total += count;
  return total;
}

void ServerStatistics::add(const ServerCounters& counters) {
  for (std::size_t transport = 0; transport < transportCount; ++transport)
    for (std::size_t family = 0; family < 2; ++family)
      addEach(requests[transport][family], counters.requests[transport][family]);
  for (std::size_t rcode = 0; rcode < rcodeSlots; ++rcode) addEach(responses[rcode], counters.responses[rcode]);
  requestSizes += counters.requestSizes.value();
  responseSizes += counters.responseSizes.value();
  truncated += counters.truncated;
  durations += durationsIn(counters);
  addEach(dropped, counters.dropped);
  rateLimitDropped += counters.dropped[static_cast<std::size_t>(DropReason::rateLimit)];
  rateLimitTruncated += counters.truncatedByRateLimit;
  cookiesClientOnly += counters.cookies.clientOnly;
  cookiesValid += counters.cookies.valid;
  cookiesInvalid += counters.cookies.invalid;
  tsigGood += counters.tsig.good;
  tsigBadKey += counters.tsig.badKey;
  tsigBadSig += counters.tsig.badSig;
  tsigBadTime += counters.tsig.badTime;
  tsigMalformed += counters.tsig.malformed;
  const TransferCounters& sent = counters.transfers;
  transfers += difference(sent.begun, sent.ended);
  transfersWhole += sent.whole;
  transfersIncremental += sent.incremental;
  transfersUpToDate += sent.upToDate;
  transfersRefused += sent.refused;
  transfersOverQuota += sent.overQuota;
  transfersFailed += sent.failed;
  transferRecords += sent.records;
  transferOctets += sent.octets;
  notifiesAccepted += counters.notifies.accepted;
  notifiesRefused += counters.notifies.refused;
  updatesDone += counters.updates.done;
  updatesNotMet += counters.updates.notMet;
  updatesRefused += counters.updates.refused;
  updatesMalformed += counters.updates.malformed;
  updatesFailed += counters.updates.failed;
  waiting += difference(counters.waited, counters.durations.value().total());
  displaced += counters.displaced;
  givenUp += counters.givenUp;
  failures += counters.failures;
  connections += difference(counters.connectionsMade, counters.connectionsEnded);
  connectionsMade += counters.connectionsMade;
  connectionsDisplaced += counters.connectionsDisplaced;
  connectionsDeclined += counters.connectionsDeclined;
  acceptFailures += counters.acceptFailures;
}

}  // namespace taut
