#include "taut/recursor/infra_cache.hpp"

#include <algorithm>
#include <bit>
#include <ratio>
#include <utility>

namespace taut {

namespace {

using namespace std::chrono_literals;

constexpr Duration leastTimeout = 40ms;
constexpr Duration maxTimeout = 1500ms;
constexpr Duration leastHedge = 20ms;
constexpr Duration assumed = 376ms;  // to wait for a server that was never asked: Unbound's figure
constexpr std::uint8_t deadAfter = 4;
constexpr std::uint8_t maxTimeouts = 16;
constexpr Duration probeEach = 1s;
constexpr std::uint32_t forgetAfter = 900'000;  // milliseconds
constexpr std::uint32_t lameFor = 3'000;        // tenths of a second: no failure lasts longer (RFC 9520 section 3.2)
constexpr std::uint32_t saidAgainFor = 9'000;   // tenths of a second
constexpr std::uint32_t failingFor = 50;        // tenths of a second, the first time
constexpr std::uint32_t maxFailing = 3'000;     // tenths of a second
constexpr std::uint8_t maxTimes = 16;
constexpr Duration ipv6Pause = 60s;

constexpr std::uint32_t hour = 3'600'000;  // milliseconds

// Whether `other` comes after the time within an hour. The numbers begin again after 49 days, so times that are further
// away are not compared: an entry forgets them before.
bool isBefore(std::uint32_t time, std::uint32_t other) {
  return other - time - 1 < hour;
}

// Seconds tenfold, which begin again after 13 years.
std::uint32_t tenths(TimePoint time) {
  using Tenths = std::chrono::duration<std::int64_t, std::deci>;
  return static_cast<std::uint32_t>(std::chrono::duration_cast<Tenths>(time.time_since_epoch()).count());
}

Duration micros(std::uint64_t count) {
  return std::chrono::microseconds(count);
}

}  // namespace

InfraCache::InfraCache(std::size_t servers)
    : capacity_(std::clamp<std::size_t>(servers, 1, maxServers)), buckets_(std::bit_ceil(capacity_), none) {}

InfraCache::Millis InfraCache::millis(TimePoint time) {
  return static_cast<Millis>(std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count());
}

bool InfraCache::isForgotten(const Server& server, Millis now) {
  return now - server.touched >= forgetAfter;
}

Address InfraCache::addressOf(const Server& server) {
  std::array<std::uint8_t, 4> v4;
  std::copy_n(server.address.begin(), v4.size(), v4.begin());
  return server.isV6 ? Address::v6(server.address, server.port) : Address::v4(v4, server.port);
}

std::size_t InfraCache::bucketOf(const Address& server) const {
  return detail::secretHash(secret_, server) & (buckets_.size() - 1);
}

InfraCache::Index InfraCache::locate(const Address& server) const {
  const auto isMeant = [&](const Server& other) {
    return other.port == server.port() && other.isV6 == server.isV6() &&
           std::equal(server.bytes().begin(), server.bytes().end(), other.address.begin());
  };
  Index at = buckets_[bucketOf(server)];
  while (at != none && !isMeant(servers_[at])) at = servers_[at].next;
  return at;
}

// Null where the server is unknown or forgotten.
const InfraCache::Server* InfraCache::find(const Address& server, TimePoint now) const {
  const Index at = locate(server);
  return at == none || isForgotten(servers_[at], millis(now)) ? nullptr : &servers_[at];
}

// The entry of the server, which is new where there was none or where it was forgotten.
InfraCache::Server& InfraCache::enter(const Address& server, TimePoint now) {
  Index at = locate(server);
  if (at == none) {
    at = allot();
    Index& first = buckets_[bucketOf(server)];
    begin(servers_[at], server, std::exchange(first, at));
  } else if (isForgotten(servers_[at], millis(now))) {
    begin(servers_[at], server, servers_[at].next);
  } else {
    servers_[at].asked = true;
  }
  Server& entry = servers_[at];
  if (!isBefore(millis(now), entry.ednsFrom)) entry.lacksEdns = entry.suspectEdns = false;
  if (millis(now) - entry.heard >= hour) entry.everHeard = false;
  entry.touched = millis(now);
  return entry;
}

void InfraCache::begin(Server& entry, const Address& server, Index next) {
  entry = Server();
  entry.next = next;
  std::copy(server.bytes().begin(), server.bytes().end(), entry.address.begin());
  entry.port = server.port();
  entry.isV6 = server.isV6();
}

InfraCache::Index InfraCache::allot() {
  if (servers_.size() < capacity_) {
    servers_.emplace_back();
    return static_cast<Index>(servers_.size() - 1);
  }
  constexpr int maxSteps = 64;
  for (int steps = 0; steps < maxSteps && servers_[hand_].asked; ++steps) {
    servers_[hand_].asked = false;
    hand_ = (hand_ + 1) % servers_.size();
  }
  const auto evicted = static_cast<Index>(hand_);
  unlink(evicted);
  hand_ = (hand_ + 1) % servers_.size();
  return evicted;
}

void InfraCache::unlink(Index index) {
  const Server& server = servers_[index];
  Index* link = &buckets_[bucketOf(addressOf(server))];
  while (*link != index) link = &servers_[*link].next;
  *link = server.next;
}

InfraCache::Expectation InfraCache::expect(const Address& server, TimePoint now) const {
  Expectation expectation;
  const Server* const entry = find(server, now);
  expectation.known = entry && (entry->smoothed > 0 || entry->timeouts > 0);
  if (!expectation.known) {
    expectation.timeout = expectation.hedgeAfter = assumed;
    return expectation;
  }
  const bool measured = entry->smoothed > 0;
  expectation.unheard = !measured;
  const Duration smoothed = measured ? micros(entry->smoothed) : assumed;
  const Duration variance = micros(entry->variance);
  const int doubled = 1 << std::min<int>(entry->timeouts, deadAfter);
  expectation.expected = smoothed * doubled;
  expectation.timeout = std::min(std::clamp(smoothed + 4 * variance, leastTimeout, maxTimeout) * doubled, maxTimeout);
  expectation.hedgeAfter = std::clamp(smoothed + 2 * variance, leastHedge, expectation.timeout);
  expectation.dead = entry->timeouts >= deadAfter;
  expectation.probeDue = !expectation.dead || !isBefore(millis(now), entry->probeAt);
  return expectation;
}

void InfraCache::answered(const Address& server, Duration roundTrip, TimePoint now) {
  Server& entry = enter(server, now);
  const auto count = std::chrono::duration_cast<std::chrono::microseconds>(roundTrip).count();
  const auto taken = static_cast<std::uint32_t>(std::clamp<std::int64_t>(count, 1, 10'000'000));
  if (entry.smoothed == 0) {
    entry.smoothed = taken;
    entry.variance = taken / 2;
  } else {
    const std::uint32_t difference = entry.smoothed > taken ? entry.smoothed - taken : taken - entry.smoothed;
    entry.variance = (3 * entry.variance + difference) / 4;
    entry.smoothed = std::max<std::uint32_t>((7 * entry.smoothed + taken) / 8, 1);
  }
  entry.timeouts = 0;
  entry.heard = millis(now);
  entry.everHeard = true;
  if (server.isV6()) ipv6_.count = 0;
}

void InfraCache::silent(const Address& server, TimePoint sent, TimePoint now) {
  Server& entry = enter(server, now);
  if (entry.everHeard && isBefore(millis(sent), entry.heard)) return;
  // The time of the last time-out is a probe's time before it is due.
  const Millis lastSilence = entry.probeAt - static_cast<Millis>(probeEach / 1ms);
  if (entry.timeouts > 0 && isBefore(millis(sent), lastSilence)) return;
  entry.timeouts = std::min<std::uint8_t>(entry.timeouts + 1, maxTimeouts);
  entry.probeAt = millis(now + probeEach);
  if (server.isV6()) ipv6Silent(server, now);
}

void InfraCache::probed(const Address& server, TimePoint now) {
  enter(server, now).probeAt = millis(now + probeEach);
}

void InfraCache::ipv6Silent(const Address& server, TimePoint now) {
  std::uint64_t network = 0;
  for (std::size_t i = 0; i < 6; ++i) network = network << 8 | server.bytes()[i];
  const auto end = ipv6_.networks.begin() + ipv6_.count;
  if (ipv6_.count < brokenNetworks && std::find(ipv6_.networks.begin(), end, network) == end)
    ipv6_.networks[ipv6_.count++] = network;
  if (ipv6_.count == brokenNetworks) ipv6_.tryAgain = now + ipv6Pause;
}

void InfraCache::unreachable(const Address& server, TimePoint now) {
  if (!server.isV6()) return;
  ipv6_.count = brokenNetworks;
  ipv6_.tryAgain = now + ipv6Pause;
}

void InfraCache::lacksEdns(const Address& server, bool confirmed, TimePoint now) {
  Server& entry = enter(server, now);
  entry.lacksEdns = confirmed || entry.suspectEdns;
  entry.suspectEdns = true;
  entry.ednsFrom = millis(now) + forgetAfter;
}

bool InfraCache::speaksEdns(const Address& server, TimePoint now) const {
  const Server* const entry = find(server, now);
  return !entry || !entry->lacksEdns || !isBefore(millis(now), entry->ednsFrom);
}

void InfraCache::setCookie(const Address& server, const Cookie& cookie, TimePoint now) {
  Server& entry = enter(server, now);
  entry.cookieSize = cookie.size <= maxCookie ? cookie.size : std::uint8_t{0};
  std::copy_n(cookie.octets.begin(), entry.cookieSize, entry.cookie.begin());
}

Cookie InfraCache::cookie(const Address& server, TimePoint now) const {
  Cookie cookie;
  const Server* const entry = find(server, now);
  if (!entry) return cookie;
  cookie.size = entry->cookieSize;
  std::copy_n(entry->cookie.begin(), entry->cookieSize, cookie.octets.begin());
  return cookie;
}

void InfraCache::setForged(const Address& server, TimePoint now) {
  enter(server, now).forged = true;
}

bool InfraCache::isForged(const Address& server, TimePoint now) const {
  const Server* const entry = find(server, now);
  return entry && entry->forged;
}

std::uint64_t InfraCache::lameKey(const Address& server, NameView zone) const {
  std::uint64_t hash = detail::secretHash(secret_, zone, server.port());
  for (std::size_t at = 0; at < server.bytes().size(); at += 4)
    hash = detail::foldedProduct(hash ^ loadU32(server.bytes().data() + at), secret_.second);
  return hash;
}

std::uint32_t InfraCache::Lame::duration() const {
  if (times == 0) return 0;
  if (lameness != Lameness::failing) return lameFor;
  return std::min<std::uint32_t>(failingFor << std::min(times - 1, 8), maxFailing);
}

// The place of the entry, or `lame_.size()`.
std::size_t InfraCache::findLame(std::uint64_t key) const {
  if (lame_.empty()) return 0;
  const std::size_t first = key % lameSets * lameWays;
  for (std::size_t place = first; place < first + lameWays; ++place)
    if (lame_[place].key == key) return place;
  return lame_.size();
}

// The place of the entry, which is new where there was none: in place of the one of its set that was heard of least
// recently.
std::size_t InfraCache::enterLame(std::uint64_t key, std::uint32_t now) {
  if (lame_.empty()) lame_.resize(lameSets * lameWays);
  const std::size_t found = findLame(key);
  if (found < lame_.size()) return found;
  const std::size_t first = key % lameSets * lameWays;
  std::size_t victim = first;
  for (std::size_t place = first; place < first + lameWays && lame_[victim].key != 0; ++place)
    if (lame_[place].key == 0 || now - lame_[place].said > now - lame_[victim].said) victim = place;
  lame_[victim] = Lame();
  lame_[victim].key = key;
  return victim;
}

void InfraCache::setLame(const Address& server, NameView zone, Lameness lameness, bool confirmed, TimePoint now) {
  Lame& entry = lame_[enterLame(lameKey(server, zone), tenths(now))];
  const bool again = entry.lameness == lameness && tenths(now) - entry.said < saidAgainFor;
  if (!again) entry.times = 0;
  if (confirmed || again) entry.times = std::min<std::uint8_t>(entry.times + 1, maxTimes);
  entry.lameness = lameness;
  entry.said = tenths(now);
}

void InfraCache::setServing(const Address& server, NameView zone) {
  const std::size_t place = findLame(lameKey(server, zone));
  if (place < lame_.size()) lame_[place] = Lame();
}

Lameness InfraCache::lameness(const Address& server, NameView zone, TimePoint now) const {
  const std::size_t place = findLame(lameKey(server, zone));
  if (place == lame_.size() || tenths(now) - lame_[place].said >= lame_[place].duration()) return Lameness::none;
  return lame_[place].lameness;
}

bool InfraCache::takeHedge() {
  if (hedgeRights_ < questionsPerHedge) return false;
  hedgeRights_ -= questionsPerHedge;
  return true;
}

std::size_t InfraCache::bytes() const {
  return servers_.capacity() * sizeof(Server) + buckets_.size() * sizeof(Index) + lame_.size() * sizeof(Lame);
}

void InfraCache::clear() {
  servers_.clear();
  std::fill(buckets_.begin(), buckets_.end(), none);
  lame_.clear();
  hand_ = 0;
  ipv6_ = {};
}

}  // namespace taut
