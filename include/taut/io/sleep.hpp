// Waiting for time to pass, without a system call.
#pragma once

#include <coroutine>

#include "taut/base/clock.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"
#include "taut/io/operation.hpp"
#include "taut/io/shard.hpp"
#include "taut/io/timer.hpp"

namespace taut {

class [[nodiscard]] SleepAwaiter final : private Runnable, private Timer, private StopCallbackBase {
 public:
  SleepAwaiter(Shard& shard, TimePoint deadline, StopToken stop) noexcept
      : Timer(&timeCame), StopCallbackBase(&stopSleep), shard_(shard), deadline_(deadline), stop_(stop) {}
  SleepAwaiter(const SleepAwaiter&) = delete;

  bool await_ready() const noexcept { return stop_.stopRequested(); }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
    stop_ = detail::stopTokenFor(stop_, waiting);
    return suspend(waiting);
  }
  bool await_resume() const noexcept { return passed_; }

 private:
  bool suspend(std::coroutine_handle<> waiting) noexcept;
  static void timeCame(Timer& timer) noexcept;
  static void stopSleep(StopCallbackBase& callback) noexcept;

  Shard& shard_;
  TimePoint deadline_;
  StopToken stop_;
  bool passed_ = false;
};

// True when the time has passed, false when the token stopped the sleep first, or that of the task where none is given.
// Where there is no memory for the timer it ends with the turn, so that a caller that retries goes on.
inline SleepAwaiter sleepUntil(Shard& shard, TimePoint deadline, StopToken stop = {}) noexcept {
  return SleepAwaiter(shard, deadline, stop);
}
inline SleepAwaiter sleepFor(Shard& shard, Duration duration, StopToken stop = {}) noexcept {
  return SleepAwaiter(shard, shard.now() + duration, stop);
}

}  // namespace taut
