// Response-rate limiting: bounds how often a server sends one network the same data over UDP, where addresses can be
// forged and replies are larger than queries. The scheme is that of Vixie and Schryver, as in BIND.
//
//   RateLimit limit;
//   limit.responsesPerSecond = 20;
//   limit.allPerSecond = 200;
//   limit.accounts = std::make_shared<RateLimitTable>();
//   factory->setRateLimit(limit);  // the same for the factory of each shard
//
// Responses are counted by the client's network (an IPv4 /24, an IPv6 /56) and by their content. Data and referrals
// count by owner and type of their first RRset, so that a CNAME counts as one, no matter what type is asked for. Data
// from a wildcard or a DNAME count by its name, no matter what name is asked for. Name errors and missing data count by
// zone, and all errors together. Each account earns `responsesPerSecond` responses a second, keeps those of one second,
// and pays one for each response, sent or not. A client in debt gets nothing, or now and then a truncated reply, with
// which a real client comes back over TCP. A debt grows at most to the earnings of `window` seconds: after a flood a
// network has to be quiet for that time.
//
// Networks and zones may have limits of their own. For a client in several such networks the longest one counts, and
// its limit holds for responses out of every zone. For other clients that of the zone counts, in which the question's
// name is, and otherwise that of all. Errors are out of no zone.
//
// A network has another account for all responses together, so that it does not get the limit once for each name that
// there is. It pays for what the account of its kind allows: a flood of one kind leaves the other kinds alone.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "taut/base/address_policy.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/query.hpp"
#include "taut/server/rate_limit_table.hpp"
#include "taut/server/response_rate.hpp"

namespace taut {

class ZoneRates;

struct RateLimit {
  struct NetworkRate {
    AddressPolicy networks{AddressPolicy::Action::refuse};  // those that it allows
    ResponseRate rate;
  };

  std::uint32_t responsesPerSecond = 1;                 // of one kind, 1 to 1,000,000; 0: no limit but those below
  std::uint32_t allPerSecond = 0;                       // of all kinds together, 0 to 1,000,000; 0: no such limit
  std::uint32_t window = 15;                            // seconds, 1 to 3600
  std::uint32_t slip = 2;                               // one in so many is truncated, 0 to 10; 0: none
  AddressPolicy exempt{AddressPolicy::Action::refuse};  // networks that it allows are never limited
  std::vector<NetworkRate> networks;
  std::shared_ptr<const ZoneRates> zones;    // null: none
  std::shared_ptr<RateLimitTable> accounts;  // for all limiters that have it; null: one for each limiter
};

class RateLimitLog;

class RateLimiter {
 public:
  enum class Verdict : std::uint8_t { send, drop, truncate };

  // Throws std::invalid_argument for what is out of range.
  explicit RateLimiter(const RateLimit& limit);
  RateLimiter(const RateLimiter&) = delete;
  RateLimiter& operator=(const RateLimiter&) = delete;
  ~RateLimiter();

  // Counts one response, at the time when its query came in, and gives its verdict. Allocates nothing.
  Verdict account(const Query& query, const Answer& answer);

 private:
  using Account = RateLimitTable::Account;

  // Nanoseconds that one response costs its accounts; 0: nothing.
  struct Price {
    std::uint64_t ofKind = 0;
    std::uint64_t all = 0;
  };
  struct NetworkPrice {
    AddressPolicy networks;
    Price price;
  };

  static Price priceOf(ResponseRate rate);
  Price priceOf(const Query& query, const Answer& answer) const;
  Account* inDebt(const Query& query, const Answer& answer);
  bool pay(Account& account, std::uint64_t interval, std::uint64_t now) const;
  std::uint64_t keyOf(const Query& query, const Answer& answer) const;
  std::uint64_t keyOfAll(const Query& query) const;
  Verdict limit(Account& account, const Query& query);

  Price price_;
  std::vector<NetworkPrice> networks_;
  std::shared_ptr<const ZoneRates> zones_;  // null: none
  bool isDivided_;                          // some networks or zones have prices of their own
  std::uint64_t maxAhead_;                  // nanoseconds from now to `fullAt`, at most
  std::uint32_t slip_;
  AddressPolicy exempt_;
  std::shared_ptr<RateLimitTable> accounts_;
  std::unique_ptr<RateLimitLog> log_;
};

}  // namespace taut
