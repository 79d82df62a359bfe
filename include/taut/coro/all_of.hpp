// allOf runs tasks side by side and gives all results, in the order of the tasks:
//
//   auto first = countUsers(), second = countGroups();
//   const auto [users, groups] = co_await allOf(std::move(first), std::move(second));
//
// Where a task throws, the others are stopped by the token that their waits inherit, and have ended before the
// exception is rethrown; later exceptions are logged. The stop of the awaiting task stops all of them.
#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "taut/base/stop_token.hpp"
#include "taut/coro/current_stop_token.hpp"
#include "taut/coro/log_failure.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/coro/tasks_of.hpp"

namespace taut {

namespace detail {

// What the tasks of one allOf share; part of its frame.
class Together {
 public:
  explicit Together(StopToken parent) noexcept : scope_(parent) {}

  // Where another task has failed it is not started any more.
  template <typename T, typename... Result>
  void start(Task<T> task, Result&... result) noexcept {
    if (failure_) return;
    try {
      scope_.spawn(run(*this, std::move(task), result...), scope_.token());
    } catch (...) {
      failed(std::current_exception());
    }
  }
  template <typename Results, std::size_t... places, typename... T>
  void startAll(Results& results, std::index_sequence<places...>, Task<T>&... task) noexcept {
    (start(std::move(task), std::get<places>(results)), ...);
  }
  TaskScope::JoinAwaiter join() noexcept { return scope_.join(); }
  void rethrowFailure() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  template <typename T>
  static Task<> run(Together& together, Task<T> task, std::optional<T>& result) {
    try {
      T value = co_await std::move(task);
      result.emplace(std::move(value));
    } catch (...) {
      together.failed(std::current_exception());
    }
  }
  static Task<> run(Together& together, Task<> task) {
    try {
      co_await std::move(task);
    } catch (...) {
      together.failed(std::current_exception());
    }
  }

  void failed(std::exception_ptr failure) noexcept {
    if (failure_) {
      logFailure("one of several tasks failed after another", failure);
      return;
    }
    failure_ = std::move(failure);
    scope_.stop();
  }

  TaskScope scope_;
  std::exception_ptr failure_;
};

}  // namespace detail

template <typename T>
Task<std::vector<T>> allOf(std::vector<Task<T>> tasks) {
  const StopToken stop = co_await currentStopToken();
  std::vector<std::optional<T>> results(tasks.size());
  detail::Together together(stop);
  for (std::size_t i = 0; i < tasks.size(); ++i) together.start(std::move(tasks[i]), results[i]);
  co_await together.join();
  together.rethrowFailure();
  std::vector<T> values;
  values.reserve(results.size());
  for (auto& result : results) values.push_back(std::move(*result));
  co_return values;
}

inline Task<> allOf(std::vector<Task<>> tasks) {
  const StopToken stop = co_await currentStopToken();
  detail::Together together(stop);
  for (Task<>& task : tasks) together.start(std::move(task));
  co_await together.join();
  together.rethrowFailure();
}

template <typename First, typename Second, typename... More>
Task<std::tuple<First, Second, More...>> allOf(Task<First> first, Task<Second> second, Task<More>... more) {
  const StopToken stop = co_await currentStopToken();
  std::tuple<std::optional<First>, std::optional<Second>, std::optional<More>...> results;
  detail::Together together(stop);
  together.startAll(results, std::index_sequence_for<First, Second, More...>(), first, second, more...);
  co_await together.join();
  together.rethrowFailure();
  const auto take = [](auto&... result) { return std::tuple<First, Second, More...>(std::move(*result)...); };
  auto values = std::apply(take, results);
  co_return values;
}

}  // namespace taut
