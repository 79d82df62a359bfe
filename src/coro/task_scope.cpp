#include "taut/coro/task_scope.hpp"

#include <cassert>
#include <coroutine>
#include <exception>
#include <utility>

#include "taut/coro/log_failure.hpp"

namespace taut {

TaskScope::~TaskScope() {
  assert(running_ == 0 && "a scope is joined before it ends");
}

void TaskScope::moveTo(TaskScope& other, std::coroutine_handle<detail::TaskPromise<void>> task) noexcept {
  task.promise().ownedBy(other);
  ++other.running_;
  --running_;
  if (running_ == 0 && joiner_) std::exchange(joiner_, nullptr).resume();
}

std::coroutine_handle<> TaskScope::taskFinished(std::coroutine_handle<> task, std::exception_ptr failure) noexcept {
  task.destroy();
  if (failure) [[unlikely]]
    detail::logFailure("a task ended with an exception", failure);
  --running_;
  if (running_ == 0 && joiner_) return std::exchange(joiner_, nullptr);
  return std::noop_coroutine();
}

}  // namespace taut
