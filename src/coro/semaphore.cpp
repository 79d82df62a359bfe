#include "taut/coro/semaphore.hpp"

#include <coroutine>

#include "taut/base/stop_token.hpp"

namespace taut {

Semaphore::Permit Semaphore::tryAcquire() noexcept {
  if (free_ == 0) return {};
  --free_;
  return Permit(*this);
}

void Semaphore::giveBack() noexcept {
  Awaiter* next = waiters_.popFront();
  if (next == nullptr) {
    ++free_;
    return;
  }
  next->detach();
  next->granted_ = true;
  next->waiting_.resume();
}

bool Semaphore::Awaiter::await_ready() noexcept {
  if (stop_.stopRequested()) return true;
  if (semaphore_.free_ == 0) return false;
  --semaphore_.free_;
  granted_ = true;
  return true;
}

bool Semaphore::Awaiter::suspend(std::coroutine_handle<> waiting) noexcept {
  if (stop_.stopRequested()) return false;
  waiting_ = waiting;
  semaphore_.waiters_.pushBack(*this);
  attach(stop_);
  return true;
}

void Semaphore::Awaiter::stopWaiting(StopCallbackBase& callback) noexcept {
  auto& waiter = static_cast<Awaiter&>(callback);
  waiter.ListHook<>::unlink();
  waiter.waiting_.resume();
}

}  // namespace taut
