// CountedObject counts how often objects are made, copied, moved and destroyed, so that a test can say that nothing is
// lost and nothing is destroyed twice.
#pragma once

#include <utility>

namespace taut {

class CountedObject {
 public:
  explicit CountedObject(int value = 0) noexcept : value_(value) { ++live_; }
  CountedObject(const CountedObject& other) noexcept : value_(other.value_) {
    ++live_;
    ++copies_;
  }
  CountedObject(CountedObject&& other) noexcept : value_(std::exchange(other.value_, -1)) {
    ++live_;
    ++moves_;
  }
  CountedObject& operator=(const CountedObject&) = default;
  CountedObject& operator=(CountedObject&&) = default;
  ~CountedObject() { --live_; }

  int value() const noexcept { return value_; }

  static void reset() noexcept { live_ = copies_ = moves_ = 0; }
  // Made minus destroyed; below zero when something was destroyed twice.
  static int live() noexcept { return live_; }
  static int copies() noexcept { return copies_; }
  static int moves() noexcept { return moves_; }

 private:
  static inline int live_ = 0;
  static inline int copies_ = 0;
  static inline int moves_ = 0;

  int value_;
};

}  // namespace taut
