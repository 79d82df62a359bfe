#include "taut/recursor/server_set.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace taut {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t exploresOneIn = 20;
constexpr Duration nearest = 1ms;  // closer servers are alike
constexpr Duration lastPatience = 1s;

}  // namespace

bool ServerSet::add(const Address& server) {
  const auto end = servers_.begin() + static_cast<std::ptrdiff_t>(count_);
  const auto isSame = [&](const Server& other) { return other.address == server; };
  if (count_ == servers_.size() || std::any_of(servers_.begin(), end, isSame)) return false;
  servers_[count_++].address = server;
  return true;
}

void ServerSet::add(const Delegation& zone) {
  zone.forEachServer([&](const Delegation::Server& server) {
    for (const Address& address : server.glue()) add(address);
    return true;
  });
}

void ServerSet::drop(const Address& server) {
  if (leaveOut(server)) ++useless_;
}

bool ServerSet::leaveOut(const Address& server) {
  const auto end = servers_.begin() + static_cast<std::ptrdiff_t>(count_);
  const auto found = std::find_if(servers_.begin(), end, [&](const Server& each) { return each.address == server; });
  return found != end && !std::exchange(found->dropped, true);
}

bool ServerSet::isSilent(TimePoint now) const {
  const auto end = servers_.begin() + static_cast<std::ptrdiff_t>(count_);
  return count_ > 0 && std::all_of(servers_.begin(), end,
                                   [&](const Server& server) { return infra_.expect(server.address, now).unheard; });
}

ServerSet::Candidate ServerSet::candidate(std::size_t index, TimePoint now) const {
  const Server& server = servers_[index];
  Candidate candidate;
  candidate.index = index;
  if (server.dropped || server.tries == maxTries) return candidate;
  const Lameness lameness = infra_.lameness(server.address, zone_, now);
  if (lameness == Lameness::lame || (lameness == Lameness::dnssecLame && needsSignatures_)) return candidate;
  candidate.expectation = infra_.expect(server.address, now);
  if (!candidate.expectation.probeDue) return candidate;
  candidate.rank = Rank::whole;
  if (server.address.isV6() && infra_.avoidsIpv6(now)) candidate.rank = Rank::brokenFamily;
  if (lameness == Lameness::failing) candidate.rank = Rank::failing;
  if (candidate.expectation.dead) candidate.rank = Rank::dead;
  if (candidate.expectation.known || server.tries > 0) {
    const auto& expectation = candidate.expectation;
    const Duration expected = expectation.known ? std::max(expectation.expected, nearest) : expectation.timeout;
    candidate.distance = expected * (1 << 2 * server.tries);
  }
  return candidate;
}

std::optional<ServerSet::Choice> ServerSet::choose(TimePoint now, std::uint64_t random) {
  if (spent()) return std::nullopt;
  std::array<Candidate, maxServers> fit;
  std::size_t count = 0;
  const Candidate* known = nullptr;  // the best one that is known
  const auto isBetter = [](const Candidate& a, const Candidate& b) {
    return a.rank != b.rank ? a.rank < b.rank : a.distance < b.distance;
  };
  for (std::size_t i = 0; i < count_; ++i) {
    fit[count] = candidate(i, now);
    if (fit[count].rank == Rank::unfit) continue;
    if (fit[count].rank == Rank::whole && fit[count].expectation.known && (!known || isBetter(fit[count], *known)))
      known = &fit[count];
    ++count;
  }
  if (count == 0) return std::nullopt;
  const std::uint64_t turn = random >> 32;
  std::size_t best = turn % count;  // of those that are alike any one
  for (std::size_t i = 0; i < count; ++i)
    if (isBetter(fit[i], fit[best])) best = i;
  const bool explores = count > 1 && known == &fit[best] && random % exploresOneIn == 0;
  const std::size_t chosen = explores ? (best + 1 + turn % (count - 1)) % count : best;
  return take(fit[chosen], fit[best], known, now);
}

ServerSet::Choice ServerSet::take(const Candidate& chosen, const Candidate& best, const Candidate* known,
                                  TimePoint now) {
  Server& server = servers_[chosen.index];
  ++server.tries;
  if (chosen.expectation.dead) infra_.probed(server.address, now);
  Choice choice;
  choice.server = server.address;
  choice.timeout = chosen.expectation.timeout;
  if (server.tries == maxTries) choice.timeout = std::max(choice.timeout, lastPatience);
  choice.hedgeAfter = chosen.expectation.hedgeAfter;
  choice.explores = chosen.index != best.index;
  if (choice.explores) choice.timeout = std::min(choice.timeout, 2 * best.expectation.timeout);
  if (known) choice.hedgeAfter = std::min(choice.hedgeAfter, known->expectation.hedgeAfter);
  return choice;
}

}  // namespace taut
