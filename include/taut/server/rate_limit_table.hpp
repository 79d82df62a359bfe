// The accounts of response-rate limiting, which the limiters of all shards share: a client whose queries come from many
// ports, and so to all shards, has one limit.
//
// The table has a fixed size and takes no lock. Where two threads write the same place at once, an account may lose
// what one response cost. A new account that finds no room replaces the one with the least debt, so a flood from ever
// new addresses never clears the debt of another.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "taut/resolver/name_hash.hpp"

namespace taut {

class RateLimitTable {
 public:
  // A balance as a time (the generic cell rate algorithm): when the account will have all that it can keep. A second
  // from now means that nothing is left, and later means debt.
  struct Account {
    std::atomic<std::uint64_t> fullAt{0};   // nanoseconds of the steady clock
    std::atomic<std::uint32_t> tag{0};      // of its key
    std::atomic<std::uint32_t> limited{0};  // responses since the account had enough
  };

  static constexpr std::size_t defaultSize = 4 << 20;  // octets

  // The power of two at or below `size`; at least 64.
  explicit RateLimitTable(std::size_t size = defaultSize);

  // The account of a key that was hashed with the secret.
  Account& find(std::uint64_t key);
  const detail::HashSecret& secret() const { return secret_; }

  std::size_t memoryUse() const { return buckets_.size() * sizeof(Bucket); }  // octets

 private:
  struct alignas(64) Bucket {
    std::array<Account, 4> accounts;
  };

  detail::HashSecret secret_;
  std::vector<Bucket> buckets_;  // a power of two
};

}  // namespace taut
