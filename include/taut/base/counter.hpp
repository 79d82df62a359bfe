// A number that one thread changes and any thread may read. A change is a relaxed load and a relaxed store, without a
// locked instruction, so it costs a query next to nothing. What several counters say at one moment need not fit
// together exactly.
#pragma once

#include <atomic>
#include <cstdint>

namespace taut {

class Counter {
 public:
  Counter& operator+=(std::uint64_t count) noexcept {
    set(value() + count);
    return *this;
  }
  Counter& operator++() noexcept { return *this += 1; }
  // For a number that may go back, such as that of open connections.
  Counter& operator-=(std::uint64_t count) noexcept {
    set(value() - count);
    return *this;
  }
  Counter& operator--() noexcept { return *this -= 1; }
  void set(std::uint64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }

  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }
  operator std::uint64_t() const noexcept { return value(); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

}  // namespace taut
