// The queries that one socket has sent and that are not answered yet, identified by their message ID.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "tally.hpp"

namespace taut {

class InFlight {
 public:
  // At most `window` queries at once, 1 to 16384.
  explicit InFlight(std::size_t window)
      : slots_(std::bit_ceil(std::clamp<std::size_t>(4 * window, 4, 65536))), window_(window) {}

  std::size_t count() const { return count_; }
  // How many more may be sent now. Answers that overtake others use up IDs, so it may be fewer than the window has
  // left.
  std::size_t room() const {
    return std::min(window_ - count_, slots_.size() - static_cast<std::size_t>(next_ - oldest_));
  }

  // The ID for a query that is sent at `now`; only where there is room.
  std::uint16_t add(LoadClock::time_point now) {
    Slot& slot = slots_[next_ % slots_.size()];
    slot = {now, true};
    ++count_;
    return static_cast<std::uint16_t>(next_++);
  }

  // When the query that this answers was sent; nothing where it was not, or is not waited for any more.
  std::optional<LoadClock::time_point> remove(std::uint16_t id) {
    const std::uint64_t sequence = oldest_ + static_cast<std::uint16_t>(id - static_cast<std::uint16_t>(oldest_));
    if (sequence >= next_) return std::nullopt;
    Slot& slot = slots_[sequence % slots_.size()];
    if (!slot.waiting) return std::nullopt;
    slot.waiting = false;
    --count_;
    skipAnswered();
    return slot.sentAt;
  }

  // Gives up the queries that were sent before `limit`, and returns how many they were.
  std::size_t expire(LoadClock::time_point limit) {
    std::size_t expired = 0;
    while (oldest_ < next_ && slots_[oldest_ % slots_.size()].sentAt < limit) {
      slots_[oldest_ % slots_.size()].waiting = false;
      --count_;
      ++expired;
      skipAnswered();
    }
    return expired;
  }

 private:
  struct Slot {
    LoadClock::time_point sentAt;
    bool waiting = false;
  };

  void skipAnswered() {
    while (oldest_ < next_ && !slots_[oldest_ % slots_.size()].waiting) ++oldest_;
  }

  std::vector<Slot> slots_;
  std::size_t window_;
  std::size_t count_ = 0;
  std::uint64_t oldest_ = 0;
  std::uint64_t next_ = 0;
};

}  // namespace taut
