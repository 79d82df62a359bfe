// How often a number fell into which range: what a histogram of a monitoring system is made of. Each kind of number has
// its upper bounds; the last range is for what lies above all of them.
//
// `Histogram` is the value that is read. The counters are changed by one thread and read by any.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "taut/base/clock.hpp"
#include "taut/base/counter.hpp"

namespace taut {

template <std::size_t Bounds>
struct Histogram {
  std::array<std::uint64_t, Bounds + 1> counts{};  // for each range, not those below it
  double sum = 0;                                  // of all numbers, in seconds where they are durations

  std::uint64_t total() const {
    std::uint64_t total = 0;
    for (const std::uint64_t count : counts) total += count;
    return total;
  }
  Histogram& operator+=(const Histogram& other) {
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
    sum += other.sum;
    return *this;
  }
};

// How long something took.
inline constexpr std::array<Duration, 9> durationBounds{
    std::chrono::microseconds(50),  std::chrono::microseconds(100), std::chrono::microseconds(250),
    std::chrono::milliseconds(1),   std::chrono::milliseconds(5),   std::chrono::milliseconds(25),
    std::chrono::milliseconds(100), std::chrono::milliseconds(500), std::chrono::milliseconds(2500)};
using DurationHistogram = Histogram<durationBounds.size()>;

class DurationCounters {
 public:
  void add(Duration duration) noexcept {
    const auto range = std::ranges::lower_bound(durationBounds, duration) - durationBounds.begin();
    ++counts_[static_cast<std::size_t>(range)];
    nanoseconds_ += static_cast<std::uint64_t>(std::chrono::nanoseconds(duration).count());
  }
  DurationHistogram value() const {
    DurationHistogram histogram;
    std::ranges::copy(counts_, histogram.counts.begin());
    histogram.sum = static_cast<double>(nanoseconds_.value()) / 1e9;
    return histogram;
  }

 private:
  std::array<Counter, durationBounds.size() + 1> counts_;
  Counter nanoseconds_;
};

// Octets of a message. Each size that is usual over UDP has a count of its own, so that their sum needs none.
inline constexpr std::array<std::size_t, 7> sizeBounds{64, 128, 256, 512, 1232, 4096, 16384};
using SizeHistogram = Histogram<sizeBounds.size()>;

class SizeCounters {
 public:
  void add(std::size_t octets) noexcept {
    if (octets < counts_.size()) [[likely]] {
      ++counts_[octets];
    } else {
      addLarge(octets);
    }
  }
  SizeHistogram value() const {
    SizeHistogram histogram;
    std::ranges::copy(large_, histogram.counts.begin());
    histogram.sum = static_cast<double>(largeOctets_.value());
    for (std::size_t octets = 0; octets < counts_.size(); ++octets) {
      const std::uint64_t count = counts_[octets];
      histogram.counts[rangeOf(octets)] += count;
      histogram.sum += static_cast<double>(octets) * static_cast<double>(count);
    }
    return histogram;
  }

 private:
  static constexpr std::size_t usual = 1232;

  static std::size_t rangeOf(std::size_t octets) noexcept {
    return static_cast<std::size_t>(std::ranges::lower_bound(sizeBounds, octets) - sizeBounds.begin());
  }
  void addLarge(std::size_t octets) noexcept {
    ++large_[rangeOf(octets)];
    largeOctets_ += octets;
  }

  std::array<Counter, usual + 1> counts_;
  std::array<Counter, sizeBounds.size() + 1> large_;
  Counter largeOctets_;
};

// How many things came at once.
inline constexpr std::array<std::size_t, 9> batchBounds{0, 1, 2, 4, 8, 16, 32, 64, 256};
using BatchHistogram = Histogram<batchBounds.size()>;

class BatchCounters {
 public:
  void add(std::size_t count) noexcept {
    const auto range = std::ranges::lower_bound(batchBounds, count) - batchBounds.begin();
    ++counts_[static_cast<std::size_t>(range)];
    sum_ += count;
  }
  BatchHistogram value() const {
    BatchHistogram histogram;
    std::ranges::copy(counts_, histogram.counts.begin());
    histogram.sum = static_cast<double>(sum_.value());
    return histogram;
  }

 private:
  std::array<Counter, batchBounds.size() + 1> counts_;
  Counter sum_;
};

}  // namespace taut
