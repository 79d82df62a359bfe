#include "taut/io/sleep.hpp"

#include <coroutine>
#include <new>

namespace taut {

void SleepAwaiter::await_suspend(std::coroutine_handle<> waiting) noexcept {
  resumeWith(waiting);
  try {
    shard_.timers().arm(*this, deadline_);
    attach(stop_);
  } catch (const std::bad_alloc&) {
    passed_ = true;
    shard_.ring().makeRunnable(*this);
  }
}

void SleepAwaiter::timeCame(Timer& timer) noexcept {
  auto& sleep = static_cast<SleepAwaiter&>(timer);
  sleep.detach();
  sleep.passed_ = true;
  sleep.shard_.ring().makeRunnable(sleep);
}

void SleepAwaiter::stopSleep(StopCallbackBase& callback) noexcept {
  auto& sleep = static_cast<SleepAwaiter&>(callback);
  sleep.disarm();
  sleep.shard_.ring().makeRunnable(sleep);
}

}  // namespace taut
