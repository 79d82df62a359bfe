// The servers that one step of a walk may ask: those of a zone whose addresses are known, and which of them is next.
//
//  - The one that is expected to answer soonest. A server that was never asked counts as soonest, so that each is tried
//    once; of several such ones any. A question that was sent to a server already makes it four times as far.
//  - One question in twenty goes to another server than the best, so that what has become better is found; it then has
//    no more than twice the time of the best.
//  - Dead servers are left out but for one question a second, IPv6 where it is broken and there is another way, and
//    servers that are lame for the zone.
//  - Each server is asked three times at most, and the third time it has a second at least: one that is quick as a rule
//    needs longer for a name that it has to look up itself, and a path may be down for a moment.
//  - Four servers that gave nothing of use end the set: the domain is broken then, and no more is spent on it.
//
// A value of one step, less than a kilobyte, of which at most 32 addresses are a part: those that were added first. The
// times and the random numbers are the caller's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "taut/base/address.hpp"
#include "taut/base/clock.hpp"
#include "taut/dns/name.hpp"
#include "taut/recursor/delegation.hpp"
#include "taut/recursor/infra_cache.hpp"

namespace taut {

class ServerSet {
 public:
  static constexpr std::size_t maxServers = 32;  // two addresses of each of 13 name servers, and some
  static constexpr std::uint8_t maxTries = 3;    // of one server
  static constexpr std::uint8_t maxUseless = 4;  // servers

  struct Choice {
    Address server;
    Duration timeout{};     // how long to wait for it
    Duration hedgeAfter{};  // after which another one should be asked as well, where there is a right to
    bool explores = false;  // it is not the best one that is known
  };

  // The zone's name and the cache outlive the set. `needsSignatures`: servers that leave them out are of no use.
  ServerSet(InfraCache& infra, NameView zone, bool needsSignatures)
      : infra_(infra), zone_(zone), needsSignatures_(needsSignatures) {}

  // False where it is there already, or where there is no room.
  bool add(const Address& server);
  // The glue of the zone's servers.
  void add(const Delegation& zone);

  // The server to ask now, which thereby has one try fewer; nothing where there is none. `random` is 64 random bits.
  std::optional<Choice> choose(TimePoint now, std::uint64_t random);

  // The server gave nothing of use: it is lame, failed, or sent garbage.
  void drop(const Address& server);
  // The server is not to be asked now, which is no fault of its own. False where it was left out already.
  bool leaveOut(const Address& server);

  std::size_t size() const { return count_; }
  // Whether all of them were silent, and none has ever answered. False where there is none.
  bool isSilent(TimePoint now) const;
  // Whether so many servers were of no use that the set has ended.
  bool spent() const { return useless_ >= maxUseless; }

 private:
  struct Server {
    Address address;
    std::uint8_t tries = 0;
    bool dropped = false;
  };
  // In the order of preference; servers of a later rank are asked where there is none of an earlier one.
  enum class Rank : std::uint8_t { whole, brokenFamily, failing, dead, unfit };
  struct Candidate {
    std::size_t index = 0;
    Rank rank = Rank::unfit;
    Duration distance{};
    InfraCache::Expectation expectation;
  };

  Candidate candidate(std::size_t index, TimePoint now) const;
  Choice take(const Candidate& chosen, const Candidate& best, const Candidate* known, TimePoint now);

  InfraCache& infra_;
  NameView zone_;
  bool needsSignatures_;
  std::uint8_t useless_ = 0;
  std::size_t count_ = 0;
  std::array<Server, maxServers> servers_;
};

}  // namespace taut
