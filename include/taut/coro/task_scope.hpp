// TaskScope owns tasks that run concurrently with the coroutine that spawned them. Every spawned task ends before its
// scope does: join() waits for all of them, and the destructor asserts that none is left. A task cannot be detached.
//
//   TaskScope queries;
//   while (auto datagram = co_await datagrams.next()) queries.spawn(answer(std::move(*datagram)));
//   co_await queries.join();
//
// A spawned task handles its own errors. An exception that leaves it is a bug; it is logged, and the others go on.
#pragma once

#include <cassert>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <utility>

#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"

namespace taut {

class TaskScope final : private detail::TaskOwner {
 public:
  // The scope's own token also stops when `parent` does.
  explicit TaskScope(StopToken parent = {}) noexcept : stop_(parent) {}
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;
  ~TaskScope();

  // Runs the task to its first suspension, or to its end, before it returns. Allocates nothing beside the task's frame.
  // Its waits obey `stop` where they are given no token of their own.
  void spawn(Task<> task, StopToken stop = {}) {
    if (task.isReady()) return;
    task.coroutine().promise().stopWith(stop);
    ++running_;
    // Last: the task may end the scope's joiner, and so the scope, before this returns.
    std::move(task).startFor(*this);
  }

  // Gives a task of this scope, which is suspended, to another scope. The joiner of this one may run before it returns.
  void moveTo(TaskScope& other, std::coroutine_handle<detail::TaskPromise<void>> task) noexcept;

  // The token for the spawned tasks to obey.
  StopToken token() noexcept { return stop_.token(); }
  // Asks the tasks that were given the token to end; join() then waits for them.
  void stop() noexcept { stop_.requestStop(); }

  bool empty() const noexcept { return running_ == 0; }
  std::size_t size() const noexcept { return running_; }

  class [[nodiscard]] JoinAwaiter {
   public:
    explicit JoinAwaiter(TaskScope& scope) noexcept : scope_(scope) {}
    JoinAwaiter(const JoinAwaiter&) = delete;
    bool await_ready() const noexcept { return scope_.running_ == 0; }
    void await_suspend(std::coroutine_handle<> joiner) const noexcept {
      assert(!scope_.joiner_);
      scope_.joiner_ = joiner;
    }
    void await_resume() const noexcept {}

   private:
    TaskScope& scope_;
  };
  // Completes when no task runs. One joiner at a time.
  JoinAwaiter join() noexcept { return JoinAwaiter(*this); }

 private:
  std::coroutine_handle<> taskFinished(std::coroutine_handle<> task, std::exception_ptr failure) noexcept override;

  StopSource stop_;
  std::coroutine_handle<> joiner_;
  std::size_t running_ = 0;
};

}  // namespace taut
