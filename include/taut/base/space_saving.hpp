// Which of very many things come most often, in memory of a fixed size: the space-saving sketch of Metwally, Agrawal
// and El Abbadi ("Efficient Computation of Frequent and Top-k Elements in Data Streams", 2005).
//
// So many things as the capacity says have a count. A thing without one takes the place of the thing that has come
// least, with its count, because it may have come as often before. So a count is never too low, and `error` says by how
// much it may be too high: by the weight of all things divided by the capacity at most. A thing whose share is larger
// than that has a count, whatever else comes. Adding costs a look-up and some steps in a heap, for hostile things too.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace taut {

// One thing, and how often it came.
template <typename Key>
struct Counted {
  Key key{};
  std::uint64_t count = 0;
  std::uint64_t error = 0;  // the count may be too high by so much

  std::uint64_t atLeast() const noexcept { return count - error; }
};

template <typename Key, std::size_t Capacity>
class SpaceSaving {
 public:
  SpaceSaving() noexcept {
    heads_.fill(none);
    for (std::size_t i = 0; i < Capacity; ++i) heap_[i] = entries_[i].place = static_cast<Index>(i);
  }

  // `hash` is the same for keys that are equal. The key may be of another type that is compared with a `Key` and
  // assigned to it.
  template <typename View>
  void add(const View& key, std::uint64_t hash, std::uint64_t weight) noexcept {
    total_ += weight;
    Index at = headOf(hash);
    while (at != none && !(entries_[at].hash == hash && entries_[at].counted.key == key)) at = entries_[at].next;
    if (at == none) at = replaceLeast(key, hash);
    entries_[at].counted.count += weight;
    sink(at);
  }

  // Makes what came before count half of what comes from now on. A count may be too low by less than 1 after that.
  void halve() noexcept {
    total_ /= 2;
    for (Entry& entry : entries_) {
      entry.counted.count /= 2;
      entry.counted.error = std::min(entry.counted.count, (entry.counted.error + 1) / 2);
    }
  }

  // The weight of all that came, halved as often as the counts.
  std::uint64_t total() const noexcept { return total_; }

  // Those that came most often, `most` of them where there are so many, by what their counts are at least. Throws
  // std::bad_alloc.
  std::vector<Counted<Key>> top(std::size_t most) const {
    std::array<Index, Capacity> order;
    std::size_t size = 0;
    for (std::size_t i = 0; i < Capacity; ++i)
      if (entries_[i].counted.atLeast() > 0) order[size++] = static_cast<Index>(i);
    const std::size_t count = std::min(most, size);
    std::partial_sort(order.begin(), order.begin() + count, order.begin() + size, [this](Index left, Index right) {
      return entries_[left].counted.atLeast() > entries_[right].counted.atLeast();
    });
    std::vector<Counted<Key>> found;
    found.reserve(count);
    for (std::size_t i = 0; i < count; ++i) found.push_back(entries_[order[i]].counted);
    return found;
  }

 private:
  using Index = std::uint16_t;
  static constexpr Index none = 0xffff;
  static constexpr std::size_t headCount = std::bit_ceil(2 * Capacity);
  static_assert(Capacity > 0 && Capacity < none);

  struct Entry {
    Counted<Key> counted;
    std::uint64_t hash = 0;
    Index next = none;  // of the same head
    Index place = 0;    // in the heap
  };

  Index& headOf(std::uint64_t hash) noexcept { return heads_[hash & (headCount - 1)]; }

  template <typename View>
  Index replaceLeast(const View& key, std::uint64_t hash) noexcept {
    const Index least = heap_[0];
    Entry& entry = entries_[least];
    unlink(least);
    entry.counted.key = key;
    entry.counted.error = entry.counted.count;
    entry.hash = hash;
    Index& head = headOf(hash);
    entry.next = head;
    head = least;
    return least;
  }

  // One that was never used is in no chain.
  void unlink(Index entry) noexcept {
    Index* at = &headOf(entries_[entry].hash);
    while (*at != none && *at != entry) at = &entries_[*at].next;
    if (*at == entry) *at = entries_[entry].next;
  }

  // Down the heap, which has the least count at its top.
  void sink(Index entry) noexcept {
    const std::uint64_t count = entries_[entry].counted.count;
    std::size_t place = entries_[entry].place;
    for (std::size_t child = 2 * place + 1; child < Capacity; child = 2 * place + 1) {
      if (child + 1 < Capacity && countAt(child + 1) < countAt(child)) ++child;
      if (countAt(child) >= count) break;
      put(heap_[child], place);
      place = child;
    }
    put(entry, place);
  }

  std::uint64_t countAt(std::size_t place) const noexcept { return entries_[heap_[place]].counted.count; }
  void put(Index entry, std::size_t place) noexcept {
    heap_[place] = entry;
    entries_[entry].place = static_cast<Index>(place);
  }

  std::array<Entry, Capacity> entries_;
  std::array<Index, headCount> heads_;
  std::array<Index, Capacity> heap_;
  std::uint64_t total_ = 0;
};

}  // namespace taut
