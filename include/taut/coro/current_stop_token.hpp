// currentStopToken gives a coroutine the token that its waits obey where they are given none, for what takes a token as
// its parent:
//
//   const StopToken stop = co_await currentStopToken();
//   TaskScope work(stop);
#pragma once

#include <concepts>
#include <coroutine>

#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"

namespace taut {

class [[nodiscard]] CurrentStopToken {
 public:
  CurrentStopToken() noexcept = default;
  CurrentStopToken(const CurrentStopToken&) = delete;
  bool await_ready() const noexcept { return false; }
  template <std::derived_from<detail::TaskPromiseBase> Promise>
  bool await_suspend(std::coroutine_handle<Promise> coroutine) noexcept {
    stop_ = coroutine.promise().stopToken();
    return false;
  }
  StopToken await_resume() const noexcept { return stop_; }

 private:
  StopToken stop_;
};
// The default token where the coroutine has none.
inline CurrentStopToken currentStopToken() noexcept {
  return {};
}

namespace detail {

class [[nodiscard]] Obeying {
 public:
  explicit Obeying(StopToken stop) noexcept : stop_(stop) {}
  Obeying(const Obeying&) = delete;
  bool await_ready() const noexcept { return false; }
  template <std::derived_from<TaskPromiseBase> Promise>
  bool await_suspend(std::coroutine_handle<Promise> coroutine) const noexcept {
    coroutine.promise().stopWith(stop_);
    return false;
  }
  void await_resume() const noexcept {}

 private:
  StopToken stop_;
};
// From now on the waits of the awaiting coroutine, and the tasks that it awaits, obey this token in place of their
// awaiter's. Its source outlives them.
inline Obeying obey(StopToken stop) noexcept {
  return Obeying(stop);
}

}  // namespace detail

}  // namespace taut
