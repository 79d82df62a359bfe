// The zone cuts that are known, as their parents told them: where a walk towards a name begins. Only referrals and the
// replies to priming queries are written to it; what a zone's own servers say of their NS records is an answer and
// nothing else. So no ranking of parent against child is needed, and a zone that the parent has taken away ends:
//
//  - A cut lives as long as the smallest TTL of its NS and DS records, a minute at least and a day at most, and never
//    longer than the cut above it that it was learnt through. That one cannot be made longer from below, so neither can
//    a chain of cuts in which each refers to the next ("phoenix domains").
//  - A cut that is stored again while it lives may have other servers, but ends when it would have ended ("ghost
//    domains"): then the parent is asked. The root alone begins anew, because only a priming query leads to it.
//  - What was validated is not replaced by what was not, as long as it lives.
//  - Nothing is found after its end, however it is asked for.
//
// Bounded in octets, allocator and buckets included, and evicted by SIEVE. Each shard has its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "taut/base/clock.hpp"
#include "taut/base/local_ref.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"
#include "taut/recursor/delegation.hpp"
#include "taut/recursor/sieve_table.hpp"
#include "taut/resolver/name_hash.hpp"

namespace taut {

class DelegationCache {
 public:
  static constexpr std::chrono::seconds leastTtl{60};
  static constexpr std::chrono::seconds maxTtl{86400};

  // Never holds more than `bytes`; 4 KiB at least.
  explicit DelegationCache(std::size_t bytes) : table_(bytes, bytesPerBucket) {}

  // The cut closest to the name, at it or above it, whose servers know the answer or refer to those that do. A question
  // for DS is for the servers above the cut (RFC 4035 section 3.1.4.1). Null where not even the root is known.
  LocalRef<const Delegation> closest(NameView name, Type type, TimePoint now);

  // The cut of this very zone, or null.
  LocalRef<const Delegation> find(NameView zone, TimePoint now);

  // Stores a cut that a server of `parent` referred to, and returns the one to go on with. That may be the one that was
  // there, or one that is not kept because the parent's lease is over or there is no room. Null for a cut that is not
  // below the parent.
  LocalRef<const Delegation> store(LocalRef<Delegation> cut, const Delegation& parent, TimePoint now);

  // Stores the root, in place of what was known of it. Null where the delegation is not the root's.
  LocalRef<const Delegation> storeRoot(LocalRef<Delegation> root, TimePoint now);

  bool erase(NameView zone);  // false where there was nothing
  void clear() { table_.clear(); }
  // Forgets what the predicate is true for, and tells how much that was.
  template <typename Predicate>
  std::size_t eraseIf(const Predicate& predicate) {
    return table_.removeIf(predicate);
  }

  std::size_t count() const { return table_.count(); }
  std::size_t bytes() const { return table_.bytes(); }
  std::uint64_t evictions() const { return table_.evictions(); }

 private:
  static constexpr std::size_t bytesPerBucket = 128;  // about the size of small entries

  std::uint64_t hash(NameView zone) const { return detail::secretHash(secret_, zone, 0); }
  Delegation* lookup(NameView zone, TimePoint now);
  LocalRef<const Delegation> replace(Delegation* before, LocalRef<Delegation> cut, TimePoint now);

  detail::HashSecret secret_;
  detail::SieveTable<Delegation> table_;
};

}  // namespace taut
