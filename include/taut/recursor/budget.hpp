// What may be spent on one question of a client. Attacks on resolvers make much work of little: a referral to many
// servers without addresses, chains of aliases through broken zones, servers that need each other. All of that work
// counts against one object, which is passed by reference and is neither copied nor filled up again, so that it does
// not matter how the work is nested or begun anew.
//
//   Budget budget(now);                                       // for the question of a client
//   FetchBudget fetch(budget);                                // for the fetch that answers it
//   FetchBudget addresses(fetch, Budget::Purpose::addresses); // for one that this fetch needs
//
// Each take…() says whether there is enough left. Once it says no it goes on to; `exceeded()` tells which limit was met
// first, for the extended error (RFC 8914) of the answer. What the limits are measured by is in their comments: they
// are far above what names need, even cold, and bound what a hostile one costs.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "taut/base/clock.hpp"

namespace taut {

class Budget {
 public:
  enum class Purpose : std::uint8_t { answer, addresses, keys };
  enum class Limit : std::uint8_t {
    none,
    sends,
    addressSends,
    keySends,
    fetchSends,
    octets,
    time,
    depth,
    referrals,
    aliases,
    addressLookups,
    delegationLookups,
    failedLookups,
  };

  static constexpr unsigned maxSends = 200;         // questions to servers, those again included; Unbound's figure
  static constexpr unsigned maxAddressSends = 60;   // of them for the addresses of name servers
  static constexpr unsigned maxKeySends = 60;       // of them for DNSKEY and DS
  static constexpr unsigned maxFetchSends = 32;     // of one fetch
  static constexpr std::size_t maxOctets = 262144;  // received: four of the largest messages
  static constexpr std::chrono::seconds maxTime{8};
  static constexpr unsigned maxDepth = 6;              // fetches that need each other
  static constexpr unsigned maxReferrals = 30;         // of one fetch
  static constexpr unsigned maxAliases = 11;           // of one fetch
  static constexpr unsigned maxAddressLookups = 16;    // of names of servers
  static constexpr unsigned maxDelegationLookups = 4;  // of them for the servers of one zone
  static constexpr unsigned maxFailedLookups = 5;      // of them without an address

  explicit Budget(TimePoint now, Duration time = maxTime) : deadline_(now + time) {}
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  // A message was received.
  bool takeOctets(std::size_t count);
  // Whether there is time left.
  bool takeTime(TimePoint now) { return now < deadline_ || refuse(Limit::time); }
  TimePoint deadline() const { return deadline_; }

  // The look-up of a name server's address brought none.
  void noteFailedLookup() { ++failedLookups_; }

  Limit exceeded() const { return exceeded_; }  // the first limit that was met
  unsigned sends() const { return sends_; }

 private:
  friend class FetchBudget;

  bool refuse(Limit limit);
  bool takeSend(Purpose purpose);
  bool takeAddressLookup();

  TimePoint deadline_;
  std::size_t octets_ = 0;
  unsigned sends_ = 0;
  unsigned addressSends_ = 0;
  unsigned keySends_ = 0;
  unsigned addressLookups_ = 0;
  unsigned failedLookups_ = 0;
  Limit exceeded_ = Limit::none;
};

// The part of one fetch, which follows the aliases of one name through the zones that lead to it.
class FetchBudget {
 public:
  explicit FetchBudget(Budget& budget) : budget_(budget) {}
  // For a fetch that another one needs. Keys that are needed for an address count as that.
  FetchBudget(const FetchBudget& parent, Budget::Purpose purpose);
  FetchBudget(const FetchBudget&) = delete;
  FetchBudget& operator=(const FetchBudget&) = delete;

  // Whether the fetch may begin at all: it is not too deep.
  bool takeStart() { return depth_ <= Budget::maxDepth || budget_.refuse(Budget::Limit::depth); }
  bool takeSend();
  bool takeReferral();
  bool takeAlias();
  // Of the address of a name server of the present zone.
  bool takeAddressLookup();

  Budget& all() const { return budget_; }
  unsigned depth() const { return depth_; }

 private:
  Budget& budget_;
  Budget::Purpose purpose_ = Budget::Purpose::answer;
  unsigned depth_ = 0;
  unsigned sends_ = 0;
  unsigned referrals_ = 0;
  unsigned aliases_ = 0;
  unsigned delegationLookups_ = 0;
};

// For people: "more than 200 questions to servers".
std::string_view describe(Budget::Limit limit);

}  // namespace taut
