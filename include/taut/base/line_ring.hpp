// Lines of text on their way from one thread to another, so many at most. The thread that writes them never waits: a
// line that finds no room is dropped and counted.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "taut/base/counter.hpp"

namespace taut {

class LineRing {
 public:
  // How many lines may wait, at least 1.
  explicit LineRing(std::size_t capacity) : lines_(capacity) {}

  // On the thread that writes. A line that would be dropped need not be made.
  bool isFull() const noexcept {
    return written_.load(std::memory_order_relaxed) - taken_.load(std::memory_order_acquire) == lines_.size();
  }
  void add(std::string line) noexcept {
    if (isFull()) return drop();
    const std::size_t place = written_.load(std::memory_order_relaxed);
    lines_[place % lines_.size()] = std::move(line);
    written_.store(place + 1, std::memory_order_release);
  }
  void drop() noexcept { ++dropped_; }

  // On the thread that reads: the line that has waited longest; nothing where none waits.
  std::optional<std::string> take() noexcept {
    const std::size_t place = taken_.load(std::memory_order_relaxed);
    if (place == written_.load(std::memory_order_acquire)) return std::nullopt;
    std::optional<std::string> line(std::move(lines_[place % lines_.size()]));
    taken_.store(place + 1, std::memory_order_release);
    return line;
  }

  // How many lines were dropped. May be called on any thread.
  std::uint64_t dropped() const noexcept { return dropped_; }

 private:
  std::vector<std::string> lines_;
  std::atomic<std::size_t> written_{0};  // so many have been written and taken since the beginning
  std::atomic<std::size_t> taken_{0};
  Counter dropped_;
};

}  // namespace taut
