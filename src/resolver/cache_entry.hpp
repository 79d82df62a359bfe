// One answer in the cache, in one allocation: the entry, its RRsets, and then the names and RDATA that they refer to.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <span>

#include "taut/base/clock.hpp"
#include "taut/base/intrusive_list.hpp"
#include "taut/base/local_ref.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/edns.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/question.hpp"
#include "taut/dns/type.hpp"

namespace taut::detail {

// The key of an entry. A name error holds for every type: its entry has `anyType` for its type.
struct CacheKey : QuestionView {
  static constexpr Type anyType{};  // TYPE0 is reserved (RFC 6895 section 3.1) and never asked for

  bool checkingDisabled = false;

  CacheKey withType(Type other) const {
    CacheKey key = *this;
    key.type = other;
    return key;
  }
  friend bool operator==(const CacheKey&, const CacheKey&) = default;
};

// How long records may live in the cache, in seconds. SOA records of the authority section have a limit of their own:
// their TTL is for how long something does not exist (RFC 2308 section 5).
struct TtlLimits {
  std::uint32_t records;
  std::uint32_t authoritySoa;

  std::uint32_t of(Section section, Type type) const {
    return section == Section::authority && type == Type::SOA ? authoritySoa : records;
  }
};

class CacheEntry final : public PinnedStorage, public ListHook<> {
 public:
  // For clients in the network alone, where there is one.
  static LocalRef<CacheEntry> make(const CacheKey& key, std::uint64_t hash, bool dnssecOk, const Answer& answer,
                                   TtlLimits limits, const std::optional<ClientSubnet>& network = {});
  ~CacheEntry() override = default;
  static void operator delete(void* memory) { ::operator delete(memory); }

  const CacheKey& key() const { return key_; }
  std::uint64_t hash() const { return hash_; }
  Rcode rcode() const { return rcode_; }
  std::uint32_t lifetime() const { return lifetime_; }
  std::span<const Answer::Entry> kept() const { return {rrsets(), rrsetCount_}; }
  std::size_t bytes() const { return bytes_; }  // with an estimate of what the allocator adds

  void live(TimePoint from, std::uint32_t seconds) {
    stored_ = from;
    lifetime_ = seconds;
  }
  bool expired(TimePoint now) const { return age(now) >= lifetime_; }
  // Whole seconds since it was stored; nothing is negative, in case it was stored "later" than now.
  std::uint64_t age(TimePoint now) const {
    if (now < stored_) return 0;
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(now - stored_).count());
  }

  // The network that it is for; null: for all clients.
  const ClientSubnet* network() const {
    return hasNetwork_ ? reinterpret_cast<const ClientSubnet*>(rrsets() + rrsetCount_) : nullptr;
  }

  // Whether it may answer a query for its question: with DO only what was asked for with DO, and with CD no failure
  // that was not asked for with CD.
  bool serves(const Query& query) const {
    if (query.checkingDisabled() && rcode_ == Rcode::SERVFAIL && !key_.checkingDisabled) return false;
    return dnssecOk_ || !query.dnssecOk();
  }

  // The answer to the query, its TTLs counted down. It borrows from this entry. RRsets that cannot fit the reply are
  // left out, and without DO those that only DO brings.
  Answer answer(const Query& query, TimePoint now) const;

  LocalRef<CacheEntry> next;  // in the bucket

 private:
  CacheEntry(const CacheKey& key, std::uint64_t hash, bool dnssecOk, const Answer& answer)
      : key_(key),
        hash_(hash),
        rcode_(answer.rcode()),
        authenticData_(answer.authenticData()),
        dnssecOk_(dnssecOk),
        hasScope_(answer.clientSubnetScope().has_value()),
        scope_(answer.clientSubnetScope().value_or(0)) {}
  static void* operator new(std::size_t size, std::size_t more) { return ::operator new(size + more); }
  static void operator delete(void* memory, std::size_t) { ::operator delete(memory); }

  Answer::Entry* rrsets() { return reinterpret_cast<Answer::Entry*>(this + 1); }
  const Answer::Entry* rrsets() const { return reinterpret_cast<const Answer::Entry*>(this + 1); }

  CacheKey key_;
  std::uint64_t hash_;
  std::size_t bytes_ = 0;
  TimePoint stored_;
  std::uint32_t lifetime_ = 0;
  std::uint32_t rrsetCount_ = 0;
  Rcode rcode_;
  bool authenticData_;
  bool dnssecOk_;                  // asked for with DO
  bool hasDnssecRecords_ = false;  // it holds such that are not for every query
  bool inSectionOrder_ = true;
  bool hasNetwork_ = false;  // which stands after the RRsets
  bool hasScope_;
  std::uint8_t scope_;
};

// Whether what is for the network is for a client in the other one.
bool covers(const ClientSubnet& network, const ClientSubnet& asking);

}  // namespace taut::detail
