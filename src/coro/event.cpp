#include "taut/coro/event.hpp"

#include <coroutine>
#include <utility>

#include "taut/base/intrusive_list.hpp"
#include "taut/base/stop_token.hpp"

namespace taut {

void Event::set() noexcept {
  set_ = true;
  // A waiter that is resumed may wait again, or destroy this event: neither touches this list.
  IntrusiveList<Awaiter> woken(std::move(waiters_));
  while (Awaiter* waiter = woken.popFront()) waiter->resume(true);
}

bool Event::Awaiter::suspend(std::coroutine_handle<> waiting) noexcept {
  if (stop_.stopRequested()) return false;
  waiting_ = waiting;
  event_.waiters_.pushBack(*this);
  attach(stop_);
  return true;
}

void Event::Awaiter::resume(bool happened) noexcept {
  detach();
  happened_ = happened;
  waiting_.resume();
}

void Event::Awaiter::stopWaiting(StopCallbackBase& callback) noexcept {
  auto& waiter = static_cast<Awaiter&>(callback);
  waiter.ListHook<>::unlink();
  waiter.resume(false);
}

}  // namespace taut
