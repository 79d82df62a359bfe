// Event lets any number of coroutines on one thread wait until something has happened: the reply to a question that
// several clients asked, the data that a reload brings. It stays set until it is reset.
#pragma once

#include <coroutine>

#include "taut/base/intrusive_list.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"

namespace taut {

class Event {
 public:
  Event() noexcept = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  bool isSet() const noexcept { return set_; }
  // Resumes all waiters, in the order in which they began to wait, before it returns. A waiter may destroy the event.
  void set() noexcept;
  void reset() noexcept { set_ = false; }

  class [[nodiscard]] Awaiter final : private ListHook<>, private StopCallbackBase {
   public:
    Awaiter(Event& event, StopToken stop) noexcept : StopCallbackBase(&stopWaiting), event_(event), stop_(stop) {}
    Awaiter(const Awaiter&) = delete;
    ~Awaiter() { ListHook<>::unlink(); }

    bool await_ready() noexcept {
      happened_ = event_.set_;
      return happened_ || stop_.stopRequested();
    }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
      stop_ = detail::stopTokenFor(stop_, waiting);
      return suspend(waiting);
    }
    bool await_resume() const noexcept { return happened_; }

   private:
    friend Event;
    friend IntrusiveList<Awaiter>;

    bool suspend(std::coroutine_handle<> waiting) noexcept;
    static void stopWaiting(StopCallbackBase& callback) noexcept;
    void resume(bool happened) noexcept;

    Event& event_;
    StopToken stop_;
    std::coroutine_handle<> waiting_;
    bool happened_ = false;
  };
  // True when the event was set, false when the token stopped the wait first, or that of the task where none is given.
  Awaiter wait(StopToken stop = {}) noexcept { return Awaiter(*this, stop); }

 private:
  IntrusiveList<Awaiter> waiters_;
  bool set_ = false;
};

}  // namespace taut
