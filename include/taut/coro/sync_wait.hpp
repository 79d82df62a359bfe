// syncWait runs a task to its end from code that is no coroutine, and gives its result. It is for tasks that wait for
// nothing outside (tests, tools); a task that does I/O is run by its shard: Shard::run.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include "taut/coro/task.hpp"

namespace taut {

namespace detail {

// Holds a task that was started from outside any coroutine, and its exception.
class RootTask final : private TaskOwner {
 public:
  RootTask() noexcept = default;
  RootTask(const RootTask&) = delete;
  RootTask& operator=(const RootTask&) = delete;
  // The task is given up: no operation of it may be in the kernel.
  ~RootTask() {
    if (!finished_ && task_) task_.destroy();
  }

  void start(Task<> task) {
    if (task.isReady()) {
      finished_ = true;
    } else {
      task_ = std::move(task).startFor(*this);
    }
  }
  bool finished() const noexcept { return finished_; }
  void rethrowFailure() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::coroutine_handle<> taskFinished(std::coroutine_handle<> task, std::exception_ptr failure) noexcept override {
    task.destroy();
    failure_ = std::move(failure);
    finished_ = true;
    return std::noop_coroutine();
  }

  std::coroutine_handle<> task_;
  std::exception_ptr failure_;
  bool finished_ = false;
};

template <typename T>
Task<> storeResult(Task<T> task, std::optional<T>& result) {
  T value = co_await std::move(task);
  result.emplace(std::move(value));
}

}  // namespace detail

// Runs the task, calling `turn` again and again until the task has finished. `turn` brings what the task waits for, and
// throws to give up.
template <typename T, typename Turn>
T syncWait(Task<T> task, Turn&& turn) {
  std::optional<T> result;
  detail::RootTask root;
  root.start(detail::storeResult(std::move(task), result));
  while (!root.finished()) turn();
  root.rethrowFailure();
  return std::move(*result);
}

template <typename Turn>
void syncWait(Task<> task, Turn&& turn) {
  detail::RootTask root;
  root.start(std::move(task));
  while (!root.finished()) turn();
  root.rethrowFailure();
}

// Throws std::logic_error where the task waits for something from outside.
template <typename T>
T syncWait(Task<T> task) {
  return syncWait(std::move(task), [] { throw std::logic_error("the task waits for something outside"); });
}

}  // namespace taut
