// Event lets any number of coroutines on one thread wait until something has happened: the reply to a question that
// several clients asked, the data that a reload brings. It stays set until it is reset.
#pragma once

#include <coroutine>

#include "taut/base/intrusive_list.hpp"
#include "taut/base/stop_token.hpp"

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

  class Awaiter final : private ListHook<>, private StopCallbackBase {
   public:
    Awaiter(Event& event, StopToken stop) noexcept : StopCallbackBase(&stopWaiting), event_(event), stop_(stop) {}
    Awaiter(const Awaiter&) = delete;
    ~Awaiter() { ListHook<>::unlink(); }

    bool await_ready() noexcept {
      happened_ = event_.set_;
      return happened_ || stop_.stopRequested();
    }
    void await_suspend(std::coroutine_handle<> waiting) noexcept;
    bool await_resume() const noexcept { return happened_; }

   private:
    friend Event;
    friend IntrusiveList<Awaiter>;

    static void stopWaiting(StopCallbackBase& callback) noexcept;
    void resume(bool happened) noexcept;

    Event& event_;
    StopToken stop_;
    std::coroutine_handle<> waiting_;
    bool happened_ = false;
  };
  // True when the event was set, false when the token stopped the wait first.
  Awaiter wait(StopToken stop = {}) noexcept { return Awaiter(*this, stop); }

 private:
  IntrusiveList<Awaiter> waiters_;
  bool set_ = false;
};

}  // namespace taut
