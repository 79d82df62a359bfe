#include "taut/resolver/cache.hpp"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "cache_entry.hpp"
#include "taut/base/log.hpp"

namespace taut {

namespace {

constexpr std::size_t minCapacity = 4096;
constexpr std::size_t bucketsPerStep = 512;  // of a walk; a step takes tens of microseconds
constexpr std::size_t bytesPerBucket = 256;  // about the size of the smallest entries, so that chains stay short

std::size_t bucketCount(std::size_t capacity) {
  return std::bit_floor(std::max<std::size_t>(capacity / bytesPerBucket, 8));
}

// The log shows names without the final dot.
std::string logName(NameView name) {
  std::string text = name.toString();
  if (text.size() > 1) text.pop_back();
  return text;
}

std::string logQuery(const Query& query) {
  const std::string type = query.type() == Type::ANY ? "ALL_RECORDS" : toString(query.type());
  return fmt::format("<Query {} {} {}>", logName(query.name()), type, query.rrClass());
}

std::uint32_t toTtl(std::chrono::seconds seconds) {
  return static_cast<std::uint32_t>(std::clamp<std::chrono::seconds::rep>(seconds.count(), 0, maxTtl));
}

// How long the absence may be cached by the answer's SOA (RFC 2308 section 5); 0 without one.
std::uint32_t negativeTtl(const Answer& answer) {
  constexpr std::size_t smallestSoa = 22;
  std::uint32_t ttl = 0;
  answer.forEach(Section::authority, [&](const RRset& rrset) {
    if (rrset.type != Type::SOA || rrset.count == 0) return;
    const ByteSpan soa = rrset.front();
    if (soa.size() >= smallestSoa) ttl = std::min(rrset.ttl, loadU32(soa.data() + soa.size() - 4));
  });
  return ttl;
}

// Whether the answer says that there is no such name or no such data, perhaps at the end of a chain of aliases.
bool isNegative(const Query& query, const Answer& answer) {
  if (answer.rcode() == Rcode::NXDOMAIN) return true;
  bool found = false;
  answer.forEach(Section::answer,
                 [&](const RRset& rrset) { found |= rrset.type == query.type() || query.type() == Type::ANY; });
  return !found;
}

bool isCacheable(const Query& query, const Answer& answer) {
  if (query.opcode() != Opcode::QUERY || !query.hasQuestion() || answer.authoritative() || answer.transient() ||
      answer.isMovedFrom())
    return false;
  if (isMetaType(query.type()) && query.type() != Type::ANY) return false;
  return query.type() != detail::CacheKey::anyType && query.rrClass() != Class::ANY && query.rrClass() != Class::NONE;
}

// Of the entries for one question: whether this one is for the client, and for a longer network than the best so far.
bool isBetter(const detail::CacheEntry& entry, const detail::CacheEntry* best, const Query& query) {
  const ClientSubnet* const network = entry.network();
  if (!network) return !best;
  const ClientSubnet* const before = best ? best->network() : nullptr;
  if (before && before->sourcePrefix >= network->sourcePrefix) return false;
  return detail::covers(*network, query.clientNetwork());
}

bool sameNetwork(const ClientSubnet* a, const ClientSubnet* b) {
  return a && b ? *a == *b : a == b;
}

// The network that the answer is for; nothing where it is for all clients.
std::optional<ClientSubnet> networkFor(const Query& query, const Answer& answer) {
  const std::uint8_t scope = answer.clientSubnetScope().value_or(0);
  return scope > 0 ? std::optional(query.clientNetwork().cutTo(scope)) : std::nullopt;
}

}  // namespace

Cache::Cache(std::size_t bytes, const Clock& clock, const CacheOptions& options)
    : capacity_(std::max(bytes, minCapacity)), clock_(clock), options_(options), buckets_(bucketCount(capacity_)) {
  counters_.bytes.set(buckets_.size() * sizeof buckets_[0]);
}

Cache::~Cache() {
  flush();
}

std::uint64_t Cache::hash(const Key& key) const {
  return detail::secretHash(secret_, key, key.checkingDisabled);
}

LocalRef<Cache::Entry>& Cache::bucket(std::uint64_t hash) {
  return buckets_[hash & (buckets_.size() - 1)];
}

Cache::Entry* Cache::find(const Key& key, const Query& query, TimePoint now) {
  const std::uint64_t wanted = hash(key);
  if (withNetworks_ > 0) [[unlikely]]
    return findForNetwork(key, wanted, query, now);
  for (Entry* entry = bucket(wanted).get(); entry; entry = entry->next.get()) {
    if (entry->hash() != wanted || entry->key() != key) continue;
    if (!entry->expired(now)) return entry;
    ++counters_.expired;
    remove(*entry);
    return nullptr;
  }
  return nullptr;
}

// Apart from `find`, which the compiler then makes no longer.
[[gnu::noinline]] Cache::Entry* Cache::findForNetwork(const Key& key, std::uint64_t wanted, const Query& query,
                                                      TimePoint now) {
  Entry* best = nullptr;
  for (Entry* entry = bucket(wanted).get(); entry;) {
    Entry* const next = entry->next.get();
    const bool isAsked = entry->hash() == wanted && entry->key() == key;
    if (isAsked && entry->expired(now)) {
      ++counters_.expired;
      remove(*entry);
    } else if (isAsked && isBetter(*entry, best, query)) {
      best = entry;
    }
    entry = next;
  }
  return best;
}

// What else may answer the query than the entry of its own question: a name error, and with CD what was asked for with
// CD.
Cache::Entry* Cache::findOther(Key key, const Query& query, TimePoint now) {
  Entry* entry = find(key.withType(Key::anyType), query, now);
  if (entry && entry->serves(query)) return entry;
  if (!query.checkingDisabled()) return nullptr;
  key.checkingDisabled = true;
  entry = find(key, query, now);
  if (entry && entry->serves(query)) return entry;
  entry = find(key.withType(Key::anyType), query, now);
  return entry && entry->serves(query) ? entry : nullptr;
}

std::optional<Answer> Cache::lookup(const Query& query) {
  const TimePoint now = clock_.now();
  const Key key{query.question(), false};
  Entry* entry = find(key, query, now);
  if (!entry || !entry->serves(query)) entry = findOther(key, query, now);
  if (!entry) {
    ++counters_.misses;
    if (options_.verbose > 1) log::info("Cache miss for {}", logName(query.name()));
    return std::nullopt;
  }
  ++counters_.hits;
  if (options_.verbose > 0) log::info("Cache hit for {}", logName(query.name()));
  entry->unlink();
  byUse_.pushFront(*entry);
  return entry->answer(query, now);
}

// Seconds; 0 where the answer is not kept.
std::uint32_t Cache::lifetime(const Query& query, const Answer& answer) const {
  if (!isCacheable(query, answer)) return 0;
  if (answer.rcode() == Rcode::SERVFAIL) return toTtl(options_.failureTtl);
  if (answer.rcode() != Rcode::NOERROR && answer.rcode() != Rcode::NXDOMAIN) return 0;
  std::uint32_t seconds = toTtl(options_.maxTtl);
  if (isNegative(query, answer)) seconds = std::min({seconds, toTtl(options_.maxNegativeTtl), negativeTtl(answer)});
  for (std::size_t i = 0; i < answer.entryCount(); ++i) seconds = std::min(seconds, answer.entry(i).rrset.ttl);
  return seconds;
}

bool Cache::store(const Query& query, const Answer& answer) {
  return store(query, answer, clock_.now());
}

bool Cache::store(const Query& query, const Answer& answer, TimePoint got) {
  const std::uint32_t seconds = lifetime(query, answer);
  if (seconds == 0) return false;
  // After an alias, a name error is about the alias's target; the alias itself may have other types.
  const bool wholeName = answer.rcode() == Rcode::NXDOMAIN && answer.recordCount(Section::answer) == 0;
  Key key{query.question(), query.checkingDisabled()};
  if (wholeName) key.type = Key::anyType;
  const auto network = networkFor(query, answer);
  if (network && network->network.empty() && query.peer().empty()) return false;
  auto entry = Entry::make(key, hash(key), query.dnssecOk(), answer, ttlLimits(answer), network);
  entry->live(got, seconds);
  eraseKey(key, [&](const Entry& other) { return sameNetwork(other.network(), entry->network()); });
  if (entry->bytes() > capacity_ - buckets_.size() * sizeof buckets_[0]) return false;
  if (options_.verbose > 1) log::info("Adding {} to cache", logQuery(query));
  if (network) makeRoomForNetwork(key);
  insert(std::move(entry));
  return true;
}

detail::TtlLimits Cache::ttlLimits(const Answer& answer) const {
  const std::uint32_t records = toTtl(options_.maxTtl);
  return {records, std::min({records, toTtl(options_.maxNegativeTtl), negativeTtl(answer)})};
}

void Cache::limitTtls(Answer& answer) const {
  const detail::TtlLimits limits = ttlLimits(answer);
  for (std::size_t i = 0; i < answer.entryCount(); ++i) {
    const auto& [rrset, section, required] = answer.entry(i);
    answer.setTtl(i, std::min(rrset.ttl, limits.of(section, rrset.type)));
  }
}

void Cache::insert(LocalRef<Entry> entry) {
  while (counters_.bytes + entry->bytes() > capacity_) {
    ++counters_.evicted;
    remove(byUse_.back());
  }
  counters_.bytes += entry->bytes();
  ++counters_.entries;
  ++counters_.stored;
  if (entry->network()) ++withNetworks_;
  byUse_.pushFront(*entry);
  LocalRef<Entry>& first = bucket(entry->hash());
  entry->next = std::move(first);
  first = std::move(entry);
}

void Cache::remove(Entry& entry) {
  counters_.bytes -= entry.bytes();
  --counters_.entries;
  if (entry.network()) --withNetworks_;
  entry.unlink();
  LocalRef<Entry>* link = &bucket(entry.hash());
  while (link->get() != &entry) link = &(*link)->next;
  // An answer that pins the entry may keep it alive, and the entry must not keep its neighbour alive.
  LocalRef<Entry> next = std::move(entry.next);
  *link = std::move(next);
}

// The newest entry of a bucket is its first.
void Cache::makeRoomForNetwork(const Key& key) {
  const std::uint64_t wanted = hash(key);
  std::size_t count = 0;
  Entry* oldest = nullptr;
  for (Entry* entry = bucket(wanted).get(); entry; entry = entry->next.get()) {
    if (entry->hash() != wanted || entry->key() != key || !entry->network()) continue;
    ++count;
    oldest = entry;
  }
  if (count < std::max<std::size_t>(options_.maxNetworks, 1)) return;
  ++counters_.evicted;
  remove(*oldest);
}

template <typename Predicate>
bool Cache::eraseKey(const Key& key, const Predicate& isMeant) {
  const std::uint64_t wanted = hash(key);
  bool erased = false;
  for (Entry* entry = bucket(wanted).get(); entry;) {
    Entry* const next = entry->next.get();
    if (entry->hash() == wanted && entry->key() == key && isMeant(*entry)) {
      remove(*entry);
      erased = true;
    }
    entry = next;
  }
  return erased;
}

bool Cache::erase(const Query& query) {
  const auto all = [](const Entry&) { return true; };
  bool erased = false;
  for (const bool checkingDisabled : {false, true}) {
    const Key key{query.question(), checkingDisabled};
    erased |= eraseKey(key, all);
    erased |= eraseKey(key.withType(Key::anyType), all);
  }
  return erased;
}

void Cache::flush() {
  while (!byUse_.empty()) remove(byUse_.back());
}

template <typename Function>
bool Cache::step(CacheWalk& walk, const Function& function) {
  const std::size_t end = std::min(walk.next + bucketsPerStep, buckets_.size());
  for (; walk.next < end; ++walk.next) {
    Entry* entry = buckets_[walk.next].get();
    while (entry) {
      Entry* const next = entry->next.get();
      const NameView name = entry->key().name;
      if (walk.tree ? name.isWithin(walk.name) : name == walk.name) function(*entry);
      entry = next;
    }
  }
  return end < buckets_.size();
}

bool Cache::erase(CacheWalk& walk) {
  return step(walk, [&](Entry& entry) {
    ++walk.found;
    remove(entry);
  });
}

bool Cache::show(CacheWalk& walk, const std::function<void(const CachedAnswer&)>& function) {
  const TimePoint now = clock_.now();
  return step(walk, [&](const Entry& entry) {
    if (entry.expired(now)) return;
    ++walk.found;
    const Key& key = entry.key();
    function({key.name, key.type, key.rrClass, key.checkingDisabled, entry.rcode(),
              static_cast<std::uint32_t>(entry.age(now)), entry.lifetime(), entry.kept()});
  });
}

CacheStatistics Cache::statistics() const {
  CacheStatistics statistics;
  statistics.hits = counters_.hits;
  statistics.misses = counters_.misses;
  statistics.stored = counters_.stored;
  statistics.expired = counters_.expired;
  statistics.evicted = counters_.evicted;
  statistics.entries = counters_.entries;
  statistics.bytes = counters_.bytes;
  return statistics;
}

void Cache::addTo(ResolverStatistics& statistics) const {
  statistics.caches += this->statistics();
}

}  // namespace taut
