#include "taut/resolver/resolver_statistics.hpp"

#include <algorithm>

namespace taut {

CacheStatistics& CacheStatistics::operator+=(const CacheStatistics& other) {
  hits += other.hits;
  misses += other.misses;
  stored += other.stored;
  expired += other.expired;
  evicted += other.evicted;
  entries += other.entries;
  bytes += other.bytes;
  return *this;
}

ForwarderStatistics& ForwarderStatistics::operator+=(const ForwarderStatistics& other) {
  questions += other.questions;
  joined += other.joined;
  overload += other.overload;
  probes += other.probes;
  udpQueries += other.udpQueries;
  tcpQueries += other.tcpQueries;
  timeouts += other.timeouts;
  mismatched += other.mismatched;
  unusable += other.unusable;
  failures += other.failures;
  return *this;
}

RecursorStatistics& RecursorStatistics::operator+=(const RecursorStatistics& other) {
  questions += other.questions;
  hits += other.hits;
  stale += other.stale;
  secure += other.secure;
  insecure += other.insecure;
  bogus += other.bogus;
  failures += other.failures;
  overload += other.overload;
  fetches += other.fetches;
  joined += other.joined;
  sends += other.sends;
  timeouts += other.timeouts;
  hedges += other.hedges;
  lame += other.lame;
  synthesised += other.synthesised;
  prefetches += other.prefetches;
  localReferrals += other.localReferrals;
  inFlight += other.inFlight;
  bytes += other.bytes;
  entries += other.entries;
  return *this;
}

void UpstreamStatistics::addCounts(const UpstreamStatistics& other) {
  requests += other.requests;
  timeouts += other.timeouts;
  durations += other.durations;
}

UpstreamStatistics& ResolverStatistics::upstream(const Address& server) {
  const auto found = std::ranges::find(upstreams, server, &UpstreamStatistics::server);
  if (found != upstreams.end()) return *found;
  upstreams.push_back({server, 0, 0, {}, 0, 0});
  return upstreams.back();
}

}  // namespace taut
