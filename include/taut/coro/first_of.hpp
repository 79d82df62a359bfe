// firstOf runs tasks side by side until one of them has a result that is good enough, and stops the others:
//
//   auto tasks = tasksOf(one->resolve(query), other->resolve(query));
//   auto answer = co_await firstOf(std::move(tasks), isUsable);
//
// The losers are stopped by the token that their waits inherit, and have ended before firstOf does; a wait of theirs
// that was given another token keeps everything waiting. The stop of the awaiting task stops all of them.
//
// An exception is a result that is not good. It is logged, unless no task has given a result: then the first exception
// is rethrown.
#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <stdexcept>
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

// What the tasks of one firstOf share; part of its frame.
template <typename T, typename IsGood>
class Contest {
 public:
  Contest(StopToken parent, const IsGood& isGood) : scope_(parent), isGood_(isGood) {}

  // A task that has won already leaves the rest without a start.
  void start(std::vector<Task<T>>& tasks) {
    results_.resize(tasks.size());
    for (std::size_t i = 0; i < tasks.size() && winner_ == nullptr; ++i) {
      try {
        scope_.spawn(run(*this, std::move(tasks[i]), results_[i]), scope_.token());
      } catch (...) {
        failed(std::current_exception());
      }
    }
  }
  TaskScope::JoinAwaiter join() noexcept { return scope_.join(); }

  T takeOutcome() {
    for (auto& result : results_)
      if (winner_ == nullptr && result) winner_ = &result;
    if (winner_ == nullptr) std::rethrow_exception(failure_);
    if (failure_) logFailure(failureText, failure_);
    return std::move(**winner_);
  }

 private:
  static constexpr const char* failureText = "one of several tasks failed";

  static Task<> run(Contest& contest, Task<T> task, std::optional<T>& result) {
    try {
      T value = co_await std::move(task);
      result.emplace(std::move(value));
      if (contest.winner_ == nullptr && contest.isGood_(std::as_const(*result))) {
        contest.winner_ = &result;
        contest.scope_.stop();
      }
    } catch (...) {
      contest.failed(std::current_exception());
    }
  }

  void failed(std::exception_ptr failure) noexcept {
    if (failure_)
      logFailure(failureText, failure);
    else
      failure_ = std::move(failure);
  }

  TaskScope scope_;
  const IsGood& isGood_;
  std::vector<std::optional<T>> results_;  // in the order of the tasks
  std::optional<T>* winner_ = nullptr;
  std::exception_ptr failure_;
};

}  // namespace detail

// The first result, in time, for which `isGood(const T&)` is true. Where there is none, the result of that task which
// comes first in the list and has one. Throws std::invalid_argument where there are no tasks.
template <typename T, typename IsGood>
Task<T> firstOf(std::vector<Task<T>> tasks, IsGood isGood) {
  if (tasks.empty()) throw std::invalid_argument("firstOf: there are no tasks");
  const StopToken stop = co_await currentStopToken();
  detail::Contest<T, IsGood> contest(stop, isGood);
  contest.start(tasks);
  co_await contest.join();
  co_return contest.takeOutcome();
}

}  // namespace taut
