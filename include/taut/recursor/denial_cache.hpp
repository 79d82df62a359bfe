// Answers that need no question, because NSEC and NSEC3 records that came with other answers prove them (RFC 8198).
//
//  - What is proven is judged by DenialRecords, as for an answer of a server.
//  - A negative answer needs the zone's SOA record too. Nothing is proven for longer than its NSEC and SOA records
//  live,
//    than the SOA's MINIMUM says (RFC 9077), and than three hours.
//  - The zone closest to the name tells of it, and none above: what lies below a cut or a DNAME is not denied. DS
//    records are never denied, because whether a zone is signed hangs on them.
//  - NSEC3 records are kept of chains without further iterations and without opt-out, and of zones so small that a
//    record denies a name in some thousands; NSEC records unless they deny nothing but the name that was asked for
//    (RFC 4470).
//
// It is bounded in octets, allocator and buckets included, and evicts record by record by SIEVE: records of one answer
// make room for those that have answered before. Each shard has its own.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <unordered_map>

#include "taut/base/clock.hpp"
#include "taut/base/local_ref.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dns/type.hpp"
#include "taut/dnssec/crypto_budget.hpp"
#include "taut/dnssec/signature.hpp"
#include "taut/recursor/rrset_cache.hpp"

namespace taut {

// What is proven of a name, with the records that a client with DO gets.
class SynthesisedDenial {
 public:
  enum class Kind : std::uint8_t {
    nameError,
    noData,
    wildcardAnswer,  // no name is closer than the wildcard: its data, where it is known, is the answer
  };

  Kind kind() const { return kind_; }
  // Of a wildcard answer: the owner of the RRset that is to be answered with the name for its owner.
  const Name& wildcard() const { return wildcard_; }
  // The zone's SOA record; null in a wildcard answer.
  const LocalRef<const CachedRRset>& soa() const { return soa_; }
  // The NSEC or NSEC3 records, one to three.
  std::span<const LocalRef<const CachedRRset>> records() const { return std::span(records_).first(count_); }
  // Until when it may be answered, which is the end of all its records and no later: a TTL in the answer is what is
  // left.
  TimePoint expiry() const { return expiry_; }

 private:
  friend class DenialCache;

  Kind kind_{};
  Name wildcard_;
  LocalRef<const CachedRRset> soa_;
  std::array<LocalRef<const CachedRRset>, 3> records_;
  std::size_t count_ = 0;
  TimePoint expiry_{};
};

class DenialCache {
 public:
  static constexpr std::chrono::hours maxTtl{3};  // RFC 8198 section 5.4
  // Names with more labels below the zone are not looked for in NSEC3 chains: each of them costs two hashes.
  static constexpr std::size_t maxHashedLabels = 8;
  // An NSEC3 record is kept where it covers at least such a part of all hashes.
  static constexpr std::uint64_t leastNsec3Share = 2000;

  // Never holds more than `bytes`; 4 KiB at least.
  explicit DenialCache(std::size_t bytes);
  DenialCache(const DenialCache&) = delete;
  DenialCache& operator=(const DenialCache&) = delete;
  ~DenialCache() = default;

  // Keeps a copy of an NSEC, NSEC3 or SOA record that the zone has signed, in place of the one that it has there. False
  // where it is of no use here.
  bool add(NameView zone, const RRset& set, const RRset& signatures, const VerifiedSignature& signature, TimePoint now);

  // What is proven of the name and type, of which no data is kept elsewhere; nothing where that is not known. `cut` is
  // the closest delegation at or above the name that is known: what zones above it say of the name does not count. The
  // budget pays for hashes.
  std::optional<SynthesisedDenial> synthesise(NameView name, Type type, NameView cut, CryptoBudget& budget,
                                              TimePoint now);

  // Forgets what the zone closest to the name has said, or all zones at and below it. Tells how many records there
  // were.
  std::size_t eraseAround(NameView name);
  std::size_t eraseWithin(NameView name);
  void clear();

  // Visits what is kept, in no order.
  template <typename Visitor>
  void forEach(const Visitor& visit) const {
    for (const auto& [name, zone] : zones_)
      for (const Chain* const chain : {&zone.soa, &zone.nsec, &zone.nsec3})
        for (const auto& [owner, record] : *chain) visit(*record.rrset);
  }

  std::size_t count() const { return count_; }  // records
  std::size_t bytes() const { return bytes_; }
  std::uint64_t evictions() const { return evictions_; }

 private:
  struct Zone;

  struct Record {
    LocalRef<const CachedRRset> rrset;
    TimePoint added{};
    Zone* zone = nullptr;
    Record* newer = nullptr;
    Record* older = nullptr;
    bool asked = false;
  };

  // In canonical order of the owners, whose octets the records hold. That of hashes is that of their text.
  using Chain = std::map<NameView, Record>;

  struct Zone {
    NameView name;
    Chain soa;  // one at most
    Chain nsec;
    Chain nsec3;

    Chain& chainOf(Type type);
    bool empty() const { return soa.empty() && nsec.empty() && nsec3.empty(); }
  };

  using Zones = std::unordered_map<Name, Zone, NameHash, NameEqual>;
  class Search;

  // With the pointers and the hash that the containers add.
  static constexpr std::size_t recordBytes = detail::heapSize(sizeof(Chain::value_type) + 4 * sizeof(void*));
  static constexpr std::size_t zoneBytes = detail::heapSize(sizeof(Zones::value_type) + 2 * sizeof(void*));
  static constexpr std::size_t leastBytes = 4096;
  static constexpr std::size_t bytesPerBucket = 1024;  // about the size of a zone with one record
  static constexpr int maxSteps = 64;                  // of the hand for one eviction

  static std::size_t bytesOf(const CachedRRset& rrset) { return recordBytes + rrset.bytes(); }
  std::size_t bucketBytes() const { return zones_.bucket_count() * sizeof(void*); }

  Zone* closest(NameView name, NameView cut);
  void remove(Record& record);
  void dropOtherChain(NameView zone, const RRset& nsec3);
  std::size_t erase(Zone& zone);
  void evict();

  Zones zones_;
  Record* newest_ = nullptr;
  Record* oldest_ = nullptr;
  Record* hand_ = nullptr;  // the next one to look at
  std::size_t capacity_;
  std::size_t bytes_ = 0;
  std::size_t count_ = 0;
  std::uint64_t evictions_ = 0;
};

}  // namespace taut
