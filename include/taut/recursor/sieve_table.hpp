// A hash table of bounded size in octets, which evicts by SIEVE (Zhang et al., "SIEVE is Simpler than LRU", 2024): a
// hit only sets a flag. The entries stand in a queue by age, a hand moves from the oldest to the newest, takes the flag
// from those that have it, and evicts the first one that has none. So a hit writes nothing but its own entry, and what
// is asked for once makes room before what is asked for again.
//
// An entry derives from SieveEntry<Entry>, is made by `new`, and has
//   std::size_t bytes() const   its octets, with what the allocator adds, see heapSize(); the same as long as it lives
// Whoever holds a LocalRef to an entry may go on to read it after it was removed.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "taut/base/local_ref.hpp"

namespace taut::detail {

// What a block of so many octets takes of the heap: malloc adds 8 and rounds up to 16, to 32 at least.
constexpr std::size_t heapSize(std::size_t octets) {
  return std::max<std::size_t>((octets + 8 + 15) / 16 * 16, 32);
}

template <typename Entry>
class SieveTable;

template <typename Entry>
class SieveEntry {
 public:
  SieveEntry() noexcept = default;
  SieveEntry(const SieveEntry&) = delete;
  SieveEntry& operator=(const SieveEntry&) = delete;

 protected:
  ~SieveEntry() = default;

 private:
  friend class SieveTable<Entry>;

  LocalRef<Entry> next_;  // in the bucket
  Entry* newer_ = nullptr;
  Entry* older_ = nullptr;
  std::uint32_t hash_ = 0;
  bool asked_ = false;
};

template <typename Entry>
class SieveTable {
 public:
  // Never holds more than `bytes`, the buckets included, of which there is one for so many octets.
  SieveTable(std::size_t bytes, std::size_t bytesPerBucket)
      : capacity_(std::max<std::size_t>(bytes, leastBytes)),
        buckets_(std::bit_floor(std::max<std::size_t>(capacity_ / bytesPerBucket, 8))),
        bytes_(buckets_.size() * sizeof buckets_[0]) {}
  SieveTable(const SieveTable&) = delete;
  SieveTable& operator=(const SieveTable&) = delete;
  ~SieveTable() { clear(); }

  // The entry with the hash that the predicate is true for, or null. It lives until the next change of the table.
  template <typename Predicate>
  Entry* find(std::uint64_t hash, const Predicate& isMeant) {
    for (Entry* entry = bucket(hash).get(); entry; entry = hook(*entry).next_.get())
      if (hook(*entry).hash_ == static_cast<std::uint32_t>(hash) && isMeant(*entry)) return entry;
    return nullptr;
  }

  // It was asked for, and stays longer. Whether it was before, since the hand came by.
  bool noteHit(Entry& entry) { return std::exchange(hook(entry).asked_, true); }

  // False where it is too large for the table, which stays as it is. It is not in the table yet.
  bool insert(std::uint64_t hash, LocalRef<Entry> entry) {
    const std::size_t size = entry->bytes();
    if (size > capacity_ - buckets_.size() * sizeof buckets_[0]) return false;
    while (bytes_ + size > capacity_) evict();
    bytes_ += size;
    ++count_;
    SieveEntry<Entry>& added = hook(*entry);
    added.hash_ = static_cast<std::uint32_t>(hash);
    added.older_ = newest_;
    (newest_ ? hook(*newest_).newer_ : oldest_) = entry.get();
    newest_ = entry.get();
    LocalRef<Entry>& first = bucket(hash);
    added.next_ = std::move(first);
    first = std::move(entry);
    return true;
  }

  void remove(Entry& entry) {
    SieveEntry<Entry>& removed = hook(entry);
    if (hand_ == &entry) hand_ = removed.newer_;
    (removed.older_ ? hook(*removed.older_).newer_ : oldest_) = removed.newer_;
    (removed.newer_ ? hook(*removed.newer_).older_ : newest_) = removed.older_;
    removed.older_ = removed.newer_ = nullptr;
    bytes_ -= entry.bytes();
    --count_;
    LocalRef<Entry>* link = &bucket(removed.hash_);
    while (link->get() != &entry) link = &hook(**link).next_;
    // Who holds the entry must not hold its neighbour.
    LocalRef<Entry> next = std::move(removed.next_);
    *link = std::move(next);
  }

  void clear() {
    while (oldest_) remove(*oldest_);
  }

  // Removes the entries that the predicate is true for, and tells how many they were.
  template <typename Predicate>
  std::size_t removeIf(const Predicate& predicate) {
    std::size_t removed = 0;
    for (Entry* entry = oldest_; entry;) {
      Entry* const next = hook(*entry).newer_;
      if (predicate(static_cast<const Entry&>(*entry))) {
        remove(*entry);
        ++removed;
      }
      entry = next;
    }
    return removed;
  }

  // Visits each entry, the oldest first.
  template <typename Visitor>
  void forEach(const Visitor& visit) const {
    for (const Entry* entry = oldest_; entry; entry = hook(*entry).newer_) visit(*entry);
  }

  std::size_t count() const { return count_; }
  std::size_t bytes() const { return bytes_; }
  std::size_t capacity() const { return capacity_; }
  std::uint64_t evictions() const { return evictions_; }

 private:
  static constexpr std::size_t leastBytes = 4096;
  static constexpr int maxSteps = 64;  // of the hand for one eviction, so that no insertion takes long

  static SieveEntry<Entry>& hook(Entry& entry) { return entry; }
  static const SieveEntry<Entry>& hook(const Entry& entry) { return entry; }
  LocalRef<Entry>& bucket(std::uint64_t hash) {
    return buckets_[static_cast<std::uint32_t>(hash) & (buckets_.size() - 1)];
  }

  void evict() {
    if (!hand_) hand_ = oldest_;
    for (int steps = 0; steps < maxSteps && hook(*hand_).asked_; ++steps) {
      hook(*hand_).asked_ = false;
      hand_ = hook(*hand_).newer_ ? hook(*hand_).newer_ : oldest_;
    }
    ++evictions_;
    remove(*hand_);
  }

  std::size_t capacity_;
  std::vector<LocalRef<Entry>> buckets_;
  Entry* newest_ = nullptr;
  Entry* oldest_ = nullptr;
  Entry* hand_ = nullptr;  // the next one to look at
  std::size_t bytes_;
  std::size_t count_ = 0;
  std::uint64_t evictions_ = 0;
};

}  // namespace taut::detail
