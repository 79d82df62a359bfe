// Response-rate limiting: bounds how often a server sends one network the same data over UDP, where addresses can be
// forged and replies are larger than queries. The scheme is that of Vixie and Schryver, as in BIND.
//
//   RateLimit limit;
//   limit.responsesPerSecond = 20;
//   factory->setRateLimit(limit);
//
// Responses are counted by the client's network (an IPv4 /24, an IPv6 /56) and by their content. Data and referrals
// count by owner and type of their first RRset, so that a CNAME counts as one, no matter what type is asked for. Data
// from a wildcard or a DNAME count by its name, no matter what name is asked for. Name errors and missing data count by
// zone, and all errors together. Each account earns `responsesPerSecond` responses a second, keeps those of one second,
// and pays one for each response, sent or not. A client in debt gets nothing, or now and then a truncated reply, with
// which a real client comes back over TCP. A debt grows at most to the earnings of `window` seconds: after a flood a
// network has to be quiet for that time.
//
// Accounts are kept in a table of fixed size for each shard, keyed by a secret. A new account that finds no room
// replaces the one with the least debt, so a flood from ever new addresses never clears the debt of another.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "taut/base/address_policy.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/query.hpp"
#include "taut/resolver/name_hash.hpp"

namespace taut {

struct RateLimit {
  std::uint32_t responsesPerSecond = 1;                 // 1 to 1,000,000
  std::uint32_t window = 15;                            // seconds, 1 to 3600
  std::uint32_t slip = 2;                               // one in so many is truncated, 0 to 10; 0: none
  AddressPolicy exempt{AddressPolicy::Action::refuse};  // networks that it allows are never limited
  std::size_t tableSize = 4 << 20;                      // octets, at least 64
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

  std::size_t memoryUse() const { return buckets_.size() * sizeof(Bucket); }  // octets of the table

 private:
  // A balance as a time (the generic cell rate algorithm): when the account will have all that it can keep. A second
  // from now means that nothing is left, and later means debt.
  struct Account {
    std::uint64_t fullAt = 0;   // nanoseconds of the steady clock
    std::uint32_t tag = 0;      // of its key
    std::uint32_t limited = 0;  // responses since the last truncated one
  };
  struct alignas(64) Bucket {
    std::array<Account, 4> accounts;
  };

  std::uint64_t keyOf(const Query& query, const Answer& answer) const;
  Account& find(std::uint64_t key);
  Verdict limit(Account& account, const Query& query);

  std::uint64_t interval_;  // nanoseconds that one response costs
  std::uint64_t maxAhead_;  // nanoseconds from now to `fullAt`, at most
  std::uint32_t slip_;
  AddressPolicy exempt_;
  detail::HashSecret secret_;
  std::vector<Bucket> buckets_;  // a power of two
  std::unique_ptr<RateLimitLog> log_;
};

}  // namespace taut
