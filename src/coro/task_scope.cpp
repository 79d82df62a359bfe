#include "taut/coro/task_scope.hpp"

#include <cassert>
#include <coroutine>
#include <exception>
#include <utility>

#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"

namespace taut {

namespace {

void logStray(const std::exception_ptr& failure) noexcept {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    log::error("a task ended with an exception: {}", reasonOf(error));
  } catch (...) {
    log::error("a task ended with an exception of an unknown type");
  }
}

}  // namespace

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
    logStray(failure);
  --running_;
  if (running_ == 0 && joiner_) return std::exchange(joiner_, nullptr);
  return std::noop_coroutine();
}

}  // namespace taut
