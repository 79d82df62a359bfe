#include "taut/io/sleep.hpp"

#include <coroutine>
#include <new>

namespace taut {

bool SleepAwaiter::suspend(std::coroutine_handle<> waiting) noexcept {
  if (stop_.stopRequested()) return false;
  resumeWith(waiting);
  try {
    shard_.timers().arm(*this, deadline_);
    attach(stop_);
  } catch (const std::bad_alloc&) {
    passed_ = true;
    shard_.engine().makeRunnable(*this);
  }
  return true;
}

void SleepAwaiter::timeCame(Timer& timer) noexcept {
  auto& sleep = static_cast<SleepAwaiter&>(timer);
  sleep.detach();
  sleep.passed_ = true;
  sleep.shard_.engine().makeRunnable(sleep);
}

void SleepAwaiter::stopSleep(StopCallbackBase& callback) noexcept {
  auto& sleep = static_cast<SleepAwaiter&>(callback);
  sleep.disarm();
  sleep.shard_.engine().makeRunnable(sleep);
}

}  // namespace taut
