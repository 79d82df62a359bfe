// Task is a coroutine that its awaiter owns: it starts when it is awaited, runs on the awaiter's thread, and hands its
// result or its exception back. Both ways are symmetric transfers, so a chain of tasks uses no stack. Nothing here is
// atomic: a task lives and dies on one thread.
//
//   Task<int> half(int number) { co_return number / 2; }
//   Task<int> quarter(int number) {
//     const int once = co_await half(number);
//     co_return once / 2;
//   }
//
// A function that returns a Task and knows its answer at once need not be a coroutine: `return 7;` makes a task that is
// ready, which costs no frame, and awaiting it does not suspend. A function that only passes a task on returns it as it
// is. One that changes the result is a coroutine that awaits it.
//
// An await is the whole initialiser of a named variable or a whole statement (docs/style.md says why).
//
// A task has the stop token of the coroutine that awaits it, and a wait that is given no token obeys that of its
// coroutine. `TaskScope::spawn` says what the first one is.
//
// A coroutine that ends without co_return, and a task that is awaited twice or was moved from, throw std::logic_error
// where they are awaited. A Task<> that was moved from is the exception: it is ready.
#pragma once

#include "taut/base/standard.hpp"

#include <cassert>
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "taut/base/local_pool.hpp"
#include "taut/base/stop_token.hpp"

namespace taut {

template <typename T>
class Task;

namespace detail {

// Runs a task without awaiting it: a scope, a loop. The owner is told when the task has finished; it destroys the frame
// and says which coroutine runs next.
class TaskOwner {
 public:
  virtual std::coroutine_handle<> taskFinished(std::coroutine_handle<> task, std::exception_ptr failure) noexcept = 0;

 protected:
  ~TaskOwner() = default;
};

class TaskPromiseBase : public LocallyPooled {
 public:
  class FinalAwaiter {
   public:
    FinalAwaiter() noexcept = default;
    FinalAwaiter(const FinalAwaiter&) = delete;
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> task) const noexcept {
      TaskPromiseBase& promise = task.promise();
      if ((promise.next_ & ownerBit) == 0) return promise.continuation();
      return promise.owner().taskFinished(task, std::move(promise.failure_));
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { failure_ = std::current_exception(); }

  // Whether it has a continuation or an owner, and so has started.
  bool isAwaited() const noexcept { return next_ != 0; }
  void continueWith(std::coroutine_handle<> continuation) noexcept {
    next_ = reinterpret_cast<std::uintptr_t>(continuation.address());
  }
  StopToken stopToken() const noexcept { return stop_; }
  void stopWith(StopToken stop) noexcept { stop_ = stop; }
  void ownedBy(TaskOwner& owner) noexcept { next_ = reinterpret_cast<std::uintptr_t>(&owner) | ownerBit; }
  // From now on the task fails as one that was awaited twice, unless it has failed already.
  void refuseSecondAwait() noexcept;
  void rethrowFailure() const {
    if (failure_) [[unlikely]]
      std::rethrow_exception(failure_);
  }

 private:
  static constexpr std::uintptr_t ownerBit = 1;

  std::coroutine_handle<> continuation() const noexcept {
    return std::coroutine_handle<>::from_address(reinterpret_cast<void*>(next_));
  }
  TaskOwner& owner() const noexcept { return *reinterpret_cast<TaskOwner*>(next_ & ~ownerBit); }

  // Either the coroutine that awaits this one, or the owner with its lowest bit set: each connection pays for a word.
  std::uintptr_t next_ = 0;
  std::exception_ptr failure_;
  StopToken stop_;
};

// The token of the coroutine; the one that never asks where it is no task.
template <typename Promise>
StopToken stopTokenOf(std::coroutine_handle<Promise> coroutine) noexcept {
  if constexpr (std::derived_from<Promise, TaskPromiseBase>) {
    return coroutine.promise().stopToken();
  } else {
    return {};
  }
}

// What a wait obeys that was given `stop`.
template <typename Promise>
StopToken stopTokenFor(StopToken stop, std::coroutine_handle<Promise> waiting) noexcept {
  return stop.stopPossible() ? stop : stopTokenOf(waiting);
}

// False for every type; an assertion that depends on one fails only where its function is used.
template <typename>
inline constexpr bool never = false;

// Thrown where a task is awaited that was awaited before, or moved from.
[[noreturn]] void throwSpentTask();
// Throws why a task has no result; `promise` is null where there is no coroutine.
[[noreturn]] void throwNoResult(const TaskPromiseBase* promise);

// The result is written where the awaiter's Task keeps it, so that a frame has no room for it.
template <typename T>
class TaskPromise final : public TaskPromiseBase {
 public:
  Task<T> get_return_object() noexcept;

  // The default makes `co_return {…}` build a T.
  template <typename U = T>
  requires std::is_convertible_v<U&&, T>
  void return_value(U&& value) { result_->emplace(std::forward<U>(value)); }

  void resultInto(std::optional<T>& result) noexcept { result_ = &result; }

 private:
  std::optional<T>* result_ = nullptr;
};

template <>
class TaskPromise<void> final : public TaskPromiseBase {
 public:
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
};

// The frame of a task, destroyed with it.
template <typename Promise>
class TaskFrame {
 public:
  using Handle = std::coroutine_handle<Promise>;

  TaskFrame() noexcept = default;
  explicit TaskFrame(Handle handle) noexcept : handle_(handle) {}
  TaskFrame(TaskFrame&& other) noexcept : handle_(other.release()) {}
  TaskFrame& operator=(TaskFrame&& other) noexcept {
    if (this != &other) {
      destroy();
      handle_ = other.release();
    }
    return *this;
  }
  ~TaskFrame() { destroy(); }

  explicit operator bool() const noexcept { return static_cast<bool>(handle_); }
  Handle handle() const noexcept { return handle_; }

  // Whether the coroutine may start for this awaiter: there is one, and no other coroutine has awaited it.
  template <typename Awaiting>
  bool startFor(std::coroutine_handle<Awaiting> awaiting) const noexcept {
    if (!handle_) [[unlikely]]
      return false;
    if (promise().isAwaited()) [[unlikely]] {
      promise().refuseSecondAwait();
      return false;
    }
    promise().continueWith(awaiting);
    promise().stopWith(stopTokenOf(awaiting));
    return true;
  }
  Promise& promise() const noexcept { return handle_.promise(); }
  Handle release() noexcept { return std::exchange(handle_, nullptr); }

 private:
  void destroy() noexcept {
    if (handle_) handle_.destroy();
  }

  Handle handle_;
};

}  // namespace detail

template <typename T = void>
class [[nodiscard]] Task {
  static_assert(!std::is_reference_v<T>, "a task gives a value; give a pointer where a reference is meant");

 public:
  using promise_type = detail::TaskPromise<T>;

  // A task without a coroutine that has its result already.
  static Task ready(T value) {
    Task task;
    task.result_.emplace(std::move(value));
    return task;
  }
  // The same for a function that returns what is, or becomes, a T.
  template <typename U>
  requires(!std::same_as<std::remove_cvref_t<U>, Task> && std::is_convertible_v<U&&, T>) Task(U&& value) {
    result_.emplace(std::forward<U>(value));
  }

  Task(Task&& other) noexcept(std::is_nothrow_move_constructible_v<T>)
      : frame_(std::move(other.frame_)), result_(std::exchange(other.result_, std::nullopt)) {}
  Task& operator=(Task&& other) noexcept(std::is_nothrow_move_constructible_v<T>) {
    frame_ = std::move(other.frame_);
    result_ = std::exchange(other.result_, std::nullopt);
    return *this;
  }

  // Whether the result is there without awaiting. A coroutine's is not: it has not started.
  bool isReady() const noexcept { return result_.has_value(); }
  // The result; once, and only where isReady().
  T takeReady() {
    if (!isReady()) [[unlikely]]
      detail::throwSpentTask();
    T value = std::move(*result_);
    result_.reset();
    return value;
  }

  class Awaiter {
   public:
    explicit Awaiter(Task& task) noexcept : task_(task) {}
    Awaiter(const Awaiter&) = delete;
    bool await_ready() const noexcept { return task_.isReady(); }
    template <typename Awaiting>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Awaiting> awaiting) const noexcept {
      if (!task_.frame_.startFor(awaiting)) [[unlikely]]
        return awaiting;
      task_.frame_.promise().resultInto(task_.result_);
      return task_.frame_.handle();
    }
    T await_resume() const {
      if (!task_.result_) [[unlikely]]
        detail::throwNoResult(task_.frame_ ? &task_.frame_.promise() : nullptr);
      T result = std::move(*task_.result_);
      task_.result_.reset();
      return result;
    }

   private:
    Task& task_;
  };
  // Awaited once, and only as an rvalue.
  Awaiter operator co_await() && noexcept { return Awaiter(*this); }
  template <typename Self = Task>
  Awaiter operator co_await() & noexcept {
    static_assert(detail::never<Self>, "a task in a variable is awaited by co_await std::move(task)");
    return Awaiter(*this);
  }

 private:
  friend promise_type;

  Task() noexcept = default;
  explicit Task(std::coroutine_handle<promise_type> handle) noexcept : frame_(handle) {}

  detail::TaskFrame<promise_type> frame_;
  std::optional<T> result_;
};

template <>
class [[nodiscard]] Task<void> {
 public:
  using promise_type = detail::TaskPromise<void>;

  // A task without a coroutine that has finished already.
  static Task ready() noexcept { return Task(); }

  Task(Task&&) noexcept = default;
  Task& operator=(Task&&) noexcept = default;

  bool isReady() const noexcept { return !frame_; }
  void takeReady() const noexcept { assert(isReady()); }

  class Awaiter {
   public:
    explicit Awaiter(Task& task) noexcept : task_(task) {}
    Awaiter(const Awaiter&) = delete;
    bool await_ready() const noexcept { return task_.isReady(); }
    template <typename Awaiting>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Awaiting> awaiting) const noexcept {
      if (!task_.frame_.startFor(awaiting)) [[unlikely]]
        return awaiting;
      return task_.frame_.handle();
    }
    void await_resume() const {
      if (task_.frame_) task_.frame_.promise().rethrowFailure();
    }

   private:
    Task& task_;
  };
  Awaiter operator co_await() && noexcept { return Awaiter(*this); }
  template <typename Self = Task>
  Awaiter operator co_await() & noexcept {
    static_assert(detail::never<Self>, "a task in a variable is awaited by co_await std::move(task)");
    return Awaiter(*this);
  }

  // Names the coroutine to the scope that runs it (`TaskScope::moveTo`); null where there is none.
  std::coroutine_handle<promise_type> coroutine() const noexcept { return frame_.handle(); }

  // Starts the task now, on behalf of an owner that is told of its end, perhaps before this returns. Until then the
  // returned handle names the task. For scopes and loops; all other code awaits. Only where !isReady().
  std::coroutine_handle<> startFor(detail::TaskOwner& owner) && {
    assert(frame_);
    const auto handle = frame_.release();
    handle.promise().ownedBy(owner);
    handle.resume();
    return handle;
  }

 private:
  friend promise_type;

  Task() noexcept = default;
  explicit Task(std::coroutine_handle<promise_type> handle) noexcept : frame_(handle) {}

  detail::TaskFrame<promise_type> frame_;
};

namespace detail {

template <typename T>
Task<T> TaskPromise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

inline Task<void> TaskPromise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

}  // namespace detail

}  // namespace taut
