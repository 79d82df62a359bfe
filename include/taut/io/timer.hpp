// Timers of one shard, in a heap in user space: arming and disarming one makes no system call, and the earliest of them
// is the limit of the shard's one wait.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "taut/base/clock.hpp"

namespace taut {

class TimerQueue;

// Calls a function once, when its time has come. It disarms itself when it is destroyed.
class Timer {
 public:
  using Function = void (*)(Timer&) noexcept;

  explicit Timer(Function function) noexcept : function_(function) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { disarm(); }

  bool armed() const noexcept { return queue_ != nullptr; }
  void disarm() noexcept;

 private:
  friend TimerQueue;

  Function function_;
  TimerQueue* queue_ = nullptr;
  std::size_t position_ = 0;
};

class TimerQueue {
 public:
  TimerQueue() = default;
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;
  ~TimerQueue();

  // Arms the timer, or moves it to another time. Where it throws std::bad_alloc the timer is disarmed.
  void arm(Timer& timer, TimePoint deadline);
  std::optional<TimePoint> next() const noexcept {
    if (heap_.empty()) return std::nullopt;
    return heap_.front().deadline;
  }
  std::size_t size() const noexcept { return heap_.size(); }

  // Calls the timers that are due, earliest first. A timer that is armed meanwhile waits for the next call, even when
  // it is due already, so that a call ends.
  void expire(TimePoint now) noexcept;

 private:
  friend Timer;

  struct Entry {
    TimePoint deadline;
    Timer* timer;
  };

  void remove(Timer& timer) noexcept;
  void place(std::size_t position, Entry entry) noexcept;
  void siftUp(std::size_t position, Entry entry) noexcept;
  void siftDown(std::size_t position, Entry entry) noexcept;

  std::vector<Entry> heap_;
};

inline void Timer::disarm() noexcept {
  if (queue_ != nullptr) queue_->remove(*this);
}

}  // namespace taut
