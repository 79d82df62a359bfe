// Answers that other resolvers got, kept until their TTL has run out. In a chain the cache comes after the authorities
// and before the clients; the server gives it each answer of a client resolver (`store`).
//
//  - Bounded in bytes; what was used least recently goes first.
//  - TTLs count down from the moment of storing; the smallest TTL of an answer is its lifetime (RFC 2181 section 8).
//  - Negative answers live as long as their SOA says, and not at all without one (RFC 2308 section 5). A name error
//    holds for every type of its name.
//  - A failure to resolve is kept for a few seconds, so that a broken domain is not asked for again and again
//    (RFC 9520 section 3.2).
//  - The key is name, type and class. What was asked for with DO serves queries without DO too, which get it without
//    the records that DO brings (RFC 4035 section 3.2.1). What was asked for without DO may lack them, and serves
//    queries without DO alone.
//  - What was asked for with CD may be bogus, is kept apart, and serves queries with CD alone. What was asked for
//    without CD serves them too, except for a failure: perhaps validation failed, which they do not want.
//  - An answer for some networks alone (Answer::setClientSubnetScope) is kept for the network of the query, cut to the
//    scope, and serves clients in it; of several the one for the longest network counts (RFC 7871 section 7.3.1). The
//    network that a client is in is that of its client subnet, or without one its address. Of one question answers for
//    `maxNetworks` networks are kept at most (section 11.3), and the oldest makes room. What was asked for with a
//    subnet of no bits serves those that ask like that alone, unless its scope is 0. An answer without a scope, or with
//    0, is for all.
//  - Never authoritative data: zones are in memory too, and are always the newest.
//
// A hit is a ready task that borrows from the entry and pins it: no coroutine, no heap allocation. Each shard has a
// cache of its own, without a lock. Hits in a cache that two threads share by a lock measured a third dearer, and the
// answers that borrow from it would cost more to keep safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "taut/base/clock.hpp"
#include "taut/base/counter.hpp"
#include "taut/base/intrusive_list.hpp"
#include "taut/base/local_ref.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/query.hpp"
#include "taut/resolver/name_hash.hpp"
#include "taut/resolver/resolver.hpp"
#include "taut/resolver/resolver_statistics.hpp"

namespace taut {

namespace detail {
class CacheEntry;
struct CacheKey;
struct TtlLimits;
}  // namespace detail

struct CacheOptions {
  std::chrono::seconds maxTtl{86400};          // however long the records say (RFC 8767 section 4 allows up to 7 days)
  std::chrono::seconds maxNegativeTtl{10800};  // RFC 2308 section 5 recommends one to three hours
  std::chrono::seconds failureTtl{5};          // of SERVFAIL; 0 keeps none, RFC 9520 wants 1 to 300 seconds
  std::size_t maxNetworks = 64;                // for which answers to one question are kept; at least 1
  int verbose = 0;                             // 1 logs hits, 2 also misses and what is stored
};

struct CacheCounters {
  Counter hits;
  Counter misses;
  Counter stored;
  Counter expired;
  Counter evicted;
  Counter entries;
  Counter bytes;
};

// One answer that is kept, while a walk shows it.
struct CachedAnswer {
  NameView name;
  Type type{};  // TYPE0 for a name error, which holds for all types
  Class rrClass{};
  bool checkingDisabled = false;  // asked for with CD, and perhaps bogus
  Rcode rcode{};
  std::uint32_t age = 0;       // seconds
  std::uint32_t lifetime = 0;  // seconds; the TTLs of its records are those at the age 0
  std::span<const Answer::Entry> rrsets;
};

// A walk over what is kept of a name, of every type. It looks at a few buckets at a time: queries are answered in
// between, and what they store meanwhile is met or not.
struct CacheWalk {
  Name name;
  bool tree = false;      // names below it too
  std::size_t next = 0;   // the bucket to go on with
  std::size_t found = 0;  // answers so far
};

class Cache final : public Resolver {
 public:
  // Never holds more than `bytes`, index included; 4 KiB at least. The clock outlives the cache.
  explicit Cache(std::size_t bytes, const Clock& clock = Clock::system(), const CacheOptions& options = {});
  ~Cache() override;

  // What is kept for the query, or nothing.
  std::optional<Answer> lookup(const Query& query);
  Task<std::optional<Answer>> resolve(const Query& query) override {
    return Task<std::optional<Answer>>::ready(lookup(query));
  }

  // Keeps a copy, in place of the last answer to the same question. False where the answer must not be kept.
  bool store(const Query& query, const Answer& answer);
  bool store(const Query& query, const Answer& answer, TimePoint got);

  // Cuts the TTLs to those that a stored answer has, so that who asks first learns the same as who asks next.
  void limitTtls(Answer& answer) const;

  // Forgets what is kept for the question, a name error that covers it too; false where there was nothing.
  bool erase(const Query& query);
  void flush();

  // One step of a walk, which forgets, or shows, what it finds; false where it was the last one.
  bool erase(CacheWalk& walk);
  bool show(CacheWalk& walk, const std::function<void(const CachedAnswer&)>& function);

  // May be called on any thread.
  CacheStatistics statistics() const;
  void addTo(ResolverStatistics& statistics) const override;
  std::size_t capacity() const { return capacity_; }

 private:
  using Key = detail::CacheKey;
  using Entry = detail::CacheEntry;

  std::uint64_t hash(const Key& key) const;
  LocalRef<Entry>& bucket(std::uint64_t hash);
  Entry* find(const Key& key, const Query& query, TimePoint now);
  Entry* findForNetwork(const Key& key, std::uint64_t wanted, const Query& query, TimePoint now);
  Entry* findOther(Key key, const Query& query, TimePoint now);
  void insert(LocalRef<Entry> entry);
  void remove(Entry& entry);
  void makeRoomForNetwork(const Key& key);
  template <typename Predicate>
  bool eraseKey(const Key& key, const Predicate& isMeant);
  template <typename Function>
  bool step(CacheWalk& walk, const Function& function);
  std::uint32_t lifetime(const Query& query, const Answer& answer) const;
  detail::TtlLimits ttlLimits(const Answer& answer) const;

  std::size_t capacity_;
  const Clock& clock_;
  CacheOptions options_;
  CacheCounters counters_;
  detail::HashSecret secret_;
  std::vector<LocalRef<Entry>> buckets_;
  IntrusiveList<Entry> byUse_;    // most recently used first
  std::size_t withNetworks_ = 0;  // entries that are for a network alone
};

}  // namespace taut
