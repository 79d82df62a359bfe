#include "taut/server/rate_limit_table.hpp"

#include <algorithm>
#include <bit>

namespace taut {

RateLimitTable::RateLimitTable(std::size_t size)
    : buckets_(std::bit_floor(std::max<std::size_t>(1, size / sizeof(Bucket)))) {}

RateLimitTable::Account& RateLimitTable::find(std::uint64_t key) {
  // The tag is the lower half, so places come from the upper one.
  Bucket& bucket = buckets_[key >> 32 & (buckets_.size() - 1)];
  const auto tag = static_cast<std::uint32_t>(key);
  Account* least = bucket.accounts.data();
  std::uint64_t leastFullAt = UINT64_MAX;
  for (Account& account : bucket.accounts) {
    if (account.tag.load(std::memory_order_relaxed) == tag) return account;
    const std::uint64_t fullAt = account.fullAt.load(std::memory_order_relaxed);
    if (fullAt >= leastFullAt) continue;
    leastFullAt = fullAt;
    least = &account;
  }
  least->fullAt.store(0, std::memory_order_relaxed);
  least->limited.store(0, std::memory_order_relaxed);
  least->tag.store(tag, std::memory_order_relaxed);
  return *least;
}

}  // namespace taut
