// The RRsets that were had from servers, each with its signatures, how far it is to be trusted, and what DNSSEC found.
// Answers are put together from here, so each RRset has a lifetime of its own: an NSEC of five minutes does not shorten
// the hour of an answer beside it.
//
//  - Data of a lower grade does not take the place of data of a higher one that lives (RFC 2181 section 5.4.1), nor
//  bogus
//    data that of good data, even where that has ended and may still be served as stale. Glue is not kept: it is the
//    delegation's.
//  - An RRset lives as long as its TTL says, a day at most, and a minute at most where it is bogus. One with a TTL of 0
//    is for its question alone (RFC 1035 section 3.2.1) and not kept.
//  - What has ended stays until its room is needed. It may be served as stale (RFC 8767) for a day, but not beyond the
//    lease of the delegation that it came through: a zone that its parent has taken away does not live on here.
//  - There is one entry for all queries. Whether a client gets bogus data (CD) or signatures (DO) is decided where it
//  is
//    answered.
//
// An entry is one allocation: owner, RDATA and signatures lie behind it. Answers borrow from it and pin it. The cache
// is bounded in octets, allocator and buckets included, and evicts by SIEVE: a hit writes a flag. Each shard has its
// own.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <new>

#include "taut/base/clock.hpp"
#include "taut/base/local_ref.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dns/type.hpp"
#include "taut/recursor/sieve_table.hpp"
#include "taut/recursor/trust_grade.hpp"
#include "taut/resolver/name_hash.hpp"

namespace taut {

// What validation found (RFC 4035 section 4.3).
enum class SecurityState : std::uint8_t {
  indeterminate,  // it was not validated yet
  insecure,       // the zone is proven to be unsigned, or signed in a way that is not understood
  secure,
  bogus,
};

// An RRset that is kept, of class IN.
class CachedRRset final : public PinnedStorage, public detail::SieveEntry<CachedRRset> {
 public:
  // A copy that is in no cache. Secure data has the grade `secure`, whatever is said.
  static LocalRef<CachedRRset> make(const RRset& rrset, const RRset& signatures, TrustGrade grade,
                                    SecurityState security, TimePoint expiry);
  ~CachedRRset() override = default;
  static void operator delete(void* memory) { ::operator delete(memory); }

  NameView owner() const { return NameView::trusted(octets(), ownerSize()); }
  Type type() const { return type_; }
  TrustGrade grade() const { return grade_; }
  SecurityState security() const { return security_; }

  // The records, and the signatures over them, with the TTL that is left: 0 where it has ended.
  RRset rrset(TimePoint now) const;
  RRset signatures(TimePoint now) const;

  TimePoint expiry() const { return expiry_; }
  bool expired(TimePoint now) const { return now >= expiry_; }
  // Whether the last tenth of its life has begun, so that what is asked for again and again should be had anew.
  bool isEnding(TimePoint now) const;
  // Until when it may be served though it has ended.
  TimePoint staleUntil() const { return expiry_ + std::chrono::seconds(staleSeconds_); }

  std::size_t bytes() const;

 private:
  friend class RRsetCache;

  CachedRRset(const RRset& rrset, std::uint8_t signatureCount)
      : signatureCount_(signatureCount), type_(rrset.type), count_(rrset.count) {}
  static void* operator new(std::size_t size, std::size_t more) { return ::operator new(size + more); }
  static void operator delete(void* memory, std::size_t) { ::operator delete(memory); }

  const std::uint8_t* octets() const { return reinterpret_cast<const std::uint8_t*>(this + 1); }
  std::size_t ownerSize() const;
  std::uint32_t ttl(TimePoint now) const;

  std::uint8_t signatureCount_;
  Type type_;
  TimePoint expiry_{};
  std::uint32_t staleSeconds_ = 0;
  std::uint16_t count_;
  // Bits, because an entry with one address is to take no more than 96 octets.
  TrustGrade grade_ : 4 = {};
  SecurityState security_ : 4 = {};
  std::uint8_t tenth_ = 0;  // of its life, in units that tenthOf() knows
};

class RRsetCache {
 public:
  static constexpr std::chrono::seconds maxTtl{86400};
  static constexpr std::chrono::seconds maxBogusTtl{60};
  static constexpr std::chrono::seconds maxStale{86400};
  static constexpr std::uint16_t maxSignatures = 255;  // of one RRset; more are left out

  // Never holds more than `bytes`; 4 KiB at least.
  explicit RRsetCache(std::size_t bytes) : table_(bytes, bytesPerBucket) {}

  // The RRset, while it lives, or null. The pointer is good until the next change of the cache; an answer that borrows
  // from the entry pins it. `refresh` is set where it was asked for before, and is ending.
  const CachedRRset* find(NameView owner, Type type, TimePoint now, bool* refresh = nullptr);
  // The RRset, while it lives or may be served as stale, or null.
  const CachedRRset* findStale(NameView owner, Type type, TimePoint now);

  // Keeps a copy. `lease` is the end of the delegation that the data came through. Returns what is to be answered: the
  // entry that was there, where that lives and is better, or else the copy, which is in the cache only where it may be
  // and has room.
  LocalRef<const CachedRRset> store(const RRset& rrset, const RRset& signatures, TrustGrade grade,
                                    SecurityState security, TimePoint lease, TimePoint now);

  // Validation found something out about an entry that lives: what it is, and for how long that holds at most, by the
  // signatures (RFC 4035 section 5.3.3). False where there is no such entry.
  bool setSecurity(NameView owner, Type type, SecurityState security, std::chrono::seconds ttlLimit, TimePoint now);

  bool erase(NameView owner, Type type);  // false where there was nothing
  void clear() { table_.clear(); }
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
  std::uint64_t evictions() const { return table_.evictions(); }

 private:
  static constexpr std::size_t bytesPerBucket = 128;  // about the size of small entries

  std::uint64_t hash(NameView owner, Type type) const {
    return detail::secretHash(secret_, owner, static_cast<std::uint64_t>(type));
  }
  CachedRRset* lookup(std::uint64_t hash, NameView owner, Type type);

  detail::HashSecret secret_;
  detail::SieveTable<CachedRRset> table_;
};

}  // namespace taut
