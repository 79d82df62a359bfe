#include "taut/coro/task.hpp"

#include <exception>
#include <stdexcept>

namespace taut::detail {

namespace {

constexpr const char* spent = "a task was awaited that had been awaited before or moved from";

}  // namespace

void TaskPromiseBase::refuseSecondAwait() noexcept {
  if (!failure_) failure_ = std::make_exception_ptr(std::logic_error(spent));
}

void throwSpentTask() {
  throw std::logic_error(spent);
}

void throwNoResult(const TaskPromiseBase* promise) {
  if (promise == nullptr) throwSpentTask();
  promise->rethrowFailure();
  throw std::logic_error("a coroutine ended without co_return");
}

}  // namespace taut::detail
