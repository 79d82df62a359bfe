// The links that RRsets alone do not tell: that there is no data or no name, an alias that comes of a DNAME, data that
// comes of a wildcard with the proof that it may, bogus data, and failures.
//
//  - What is bogus is kept for a minute at most, and a failure for 5 s, twice as long each time in a row, up to 300 s
//    (RFC 9520 section 3.2). They take the place of nothing else, which may still be served as stale.
//  - A name error holds for all types of its name.
//
// Bounded in octets, what the links hold included, and evicted by SIEVE.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "link.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/local_ref.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"
#include "taut/recursor/sieve_table.hpp"
#include "taut/resolver/name_hash.hpp"

namespace taut {

class LinkCache {
 public:
  static constexpr std::chrono::seconds maxBogusTtl{60};
  static constexpr std::chrono::seconds failureTtl{5};
  static constexpr std::chrono::seconds maxFailureTtl{300};

  // Never holds more than `bytes`; 4 KiB at least.
  explicit LinkCache(std::size_t bytes) : table_(bytes, bytesPerBucket) {}

  // What is known of the name and type, or null. What is good comes before what is not.
  const Link* find(NameView name, Type type, TimePoint now);
  // What is bogus, or a failure, or null.
  const Link* findBad(NameView name, Type type, TimePoint now) {
    const Link* const link = lookup(name, type, Slot::bad);
    return link && !link->expired(now) ? link : nullptr;
  }
  // What is good, while it lives or may be served as stale.
  const Link* findStale(NameView name, Type type, TimePoint now);

  // Keeps a link that has an expiry; of a failure it is set here.
  void store(LocalRef<Link> link, TimePoint now);

  // Forgets what the predicate is true for, and tells how much that was.
  template <typename Predicate>
  std::size_t eraseIf(const Predicate& predicate) {
    return table_.removeIf(predicate);
  }
  template <typename Visitor>
  void forEach(const Visitor& visit) const {
    table_.forEach(visit);
  }

  std::size_t count() const { return table_.count(); }
  std::size_t bytes() const { return table_.bytes(); }

 private:
  static constexpr std::size_t bytesPerBucket = 256;

  // What shares a place in the cache.
  enum class Slot : std::uint8_t { good, nameError, bad };
  static Slot slotOf(const Link& link);
  std::uint64_t hash(NameView name, Type type, Slot slot) const;
  Link* lookup(NameView name, Type type, Slot slot);

  detail::HashSecret secret_;
  detail::SieveTable<Link> table_;
};

}  // namespace taut
