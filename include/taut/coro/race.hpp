// Race runs tasks side by side, gives their results in the order in which they end, and takes further tasks meanwhile:
//
//   Race<Reply> race(stop);
//   race.start(ask(near));
//   const StopToken patience = hedge.token();              // of a Deadline
//   auto reply = co_await race.next(patience);
//   if (!reply) race.start(ask(far));                      // the near one takes long: both are in the race now
//   …
//   co_await race.end();                                   // stops the losers, and waits for them
//
// `firstOf` is for tasks that are all there at the start, of which one good result is wanted.
//
// The tasks are stopped by the token that their waits inherit. A task that throws has no result, and its exception is
// logged. One coroutine at a time uses a race, and it ends it on every way out, also where it has all results.
#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "taut/base/local_pool.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/log_failure.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"

namespace taut {

template <typename T>
class Race {
 public:
  // The stop of `parent` stops all tasks.
  explicit Race(StopToken parent = {}) noexcept : scope_(parent) {}
  Race(const Race&) = delete;
  Race& operator=(const Race&) = delete;

  // Runs the task to its first wait, or to its end. Throws std::bad_alloc, and then the task has not begun.
  void start(Task<T> task) { scope_.spawn(run(*this, std::move(task)), scope_.token()); }

  // The next result. Nothing where the token, or that of the awaiting task where none is given, stopped the wait, and
  // where no task is left that could have one: see `running`.
  Task<std::optional<T>> next(StopToken stop = {}) {
    while (results_.empty()) {
      if (running_ == 0) co_return std::nullopt;
      ended_.reset();
      const bool ended = co_await ended_.wait(stop);
      if (!ended) co_return std::nullopt;
    }
    std::optional<T> result(std::move(results_.front()));
    results_.erase(results_.begin());
    co_return result;
  }

  // How many tasks have not ended.
  std::size_t running() const noexcept { return running_; }

  // Stops the tasks that run, and waits for their ends; results that were not taken are dropped. Nothing can be started
  // afterwards.
  Task<> end() {
    scope_.stop();
    co_await scope_.join();
    results_.clear();
  }

 private:
  static Task<> run(Race& race, Task<T> task) {
    ++race.running_;
    try {
      T value = co_await std::move(task);
      race.results_.push_back(std::move(value));
    } catch (...) {
      detail::logFailure("a task of a race failed", std::current_exception());
    }
    --race.running_;
    race.ended_.set();
  }

  TaskScope scope_;
  std::vector<T, LocalAllocator<T>> results_;  // in the order of their ends
  std::size_t running_ = 0;
  Event ended_;  // a task, since the last look
};

}  // namespace taut
