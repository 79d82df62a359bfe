// What is known of the keys of zones: those that are trusted, made ready to verify with, or why there are none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "link.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/local_ref.hpp"
#include "taut/dns/name.hpp"
#include "taut/dnssec/zone_keys.hpp"
#include "taut/recursor/rrset_cache.hpp"
#include "taut/recursor/sieve_table.hpp"
#include "taut/resolver/name_hash.hpp"

namespace taut {

// Whether data of a zone can be validated (RFC 4035 section 4.3).
class ZoneTrust final : public LocalCounted, public detail::SieveEntry<ZoneTrust> {
 public:
  ZoneTrust(NameView zone, SecurityState state, TimePoint until) : security(state), expiry(until), zone_(zone) {}

  const SecurityState security;  // indeterminate: it could not be found out
  const TimePoint expiry;
  std::optional<ZoneKeys> keys{};  // of a secure zone; made ready as they are used
  std::optional<Reason> reason{};  // of what is not secure

  NameView zone() const { return zone_; }
  std::size_t bytes() const { return detail::heapSize(sizeof *this) + (keys ? keys->bytes() : 0); }

 private:
  friend class KeyCache;

  Name zone_;
  bool isReady_ = false;  // its keys may be ready to verify with
  bool asked_ = false;    // since the hand came by
};

class KeyCache {
 public:
  explicit KeyCache(std::size_t bytes) : table_(bytes, bytesPerBucket) {}

  // Null where nothing is known.
  LocalRef<ZoneTrust> find(NameView zone, TimePoint now) {
    ZoneTrust* const trust = lookup(zone);
    if (!trust || now >= trust->expiry) return {};
    table_.noteHit(*trust);
    keepReady(*trust);
    return LocalRef<ZoneTrust>(trust);
  }
  void store(LocalRef<ZoneTrust> trust) {
    if (ZoneTrust* const before = lookup(trust->zone())) table_.remove(*before);
    keepReady(*trust);
    const std::uint64_t wanted = hash(trust->zone());
    table_.insert(wanted, std::move(trust));
  }
  template <typename Predicate>
  std::size_t eraseIf(const Predicate& predicate) {
    return table_.removeIf(predicate);
  }

  std::size_t count() const { return table_.count(); }
  std::size_t bytes() const { return table_.bytes(); }

 private:
  static constexpr std::size_t bytesPerBucket = 1024;
  // A key that is ready takes 3 kB, most of zones that are asked for once. Of so many zones they are kept.
  static constexpr std::size_t maxReady = 192;

  void keepReady(ZoneTrust& trust) {
    trust.asked_ = true;
    if (trust.isReady_ || !trust.keys) return;
    trust.isReady_ = true;
    trust.asked_ = false;
    if (ready_.size() < maxReady) {
      ready_.emplace_back(&trust);
      return;
    }
    for (; ready_[hand_]->asked_; hand_ = (hand_ + 1) % maxReady) ready_[hand_]->asked_ = false;
    ready_[hand_]->isReady_ = false;
    ready_[hand_]->keys->release();
    ready_[hand_] = LocalRef<ZoneTrust>(&trust);
    hand_ = (hand_ + 1) % maxReady;
  }

  std::uint64_t hash(NameView zone) const { return detail::secretHash(secret_, zone, 0); }
  ZoneTrust* lookup(NameView zone) {
    return table_.find(hash(zone), [&](const ZoneTrust& other) { return other.zone() == zone; });
  }

  detail::HashSecret secret_;
  detail::SieveTable<ZoneTrust> table_;
  std::vector<LocalRef<ZoneTrust>> ready_;
  std::size_t hand_ = 0;
};

}  // namespace taut
