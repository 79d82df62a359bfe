// offload calls a function that blocks, as that of a library does, in a thread of a pool, and awaits its result; its
// shard goes on meanwhile:
//
//   auto look = [name = std::move(name)] { return blockingLookup(name); };
//   const auto found = co_await offload(shard, std::move(look));
//   if (!found) co_return Answer::serverFailure();
//
// Threads and the functions that wait for one are bounded: where there is no place the result is nothing, at once, so
// that a flood of queries ends in bounded memory. What the function throws is rethrown to the awaiter, on the shard's
// thread.
//
// A thread cannot be stopped. When the token stops, the await ends with nothing; a function that waited for a thread is
// not called any more, and one that runs goes on by itself. Its result is dropped, also where the shard is gone by
// then. So the function owns all that it touches, and what it takes and gives are plain values that any thread may
// destroy: no Answer and no Task. It ends with the process at the latest: nothing waits for it, neither the pool's
// destructor nor the end of a program.
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"
#include "taut/io/handover.hpp"
#include "taut/io/shard.hpp"

namespace taut {

namespace detail {

// A function on its way through a pool.
class OffloadJob : public Handover {
 public:
  using Handover::Handover;
  virtual ~OffloadJob() = default;

  // On the pool's thread.
  virtual void call() noexcept = 0;
};

template <typename Function>
class OffloadedCall final : public OffloadJob {
 public:
  using Value = std::invoke_result_t<Function&>;
  static_assert(!std::is_void_v<Value> && !std::is_reference_v<Value>, "an offloaded function gives a value");

  OffloadedCall(Shard& shard, Function function) : OffloadJob(shard), function_(std::move(function)) {}

  void call() noexcept override {
    try {
      value_.emplace(function_());
    } catch (...) {
      failure_ = std::current_exception();
    }
  }
  // After it has finished.
  std::optional<Value> take() {
    if (failure_) std::rethrow_exception(failure_);
    return std::move(value_);
  }

 private:
  Function function_;
  std::optional<Value> value_;
  std::exception_ptr failure_;
};

}  // namespace detail

class OffloadPool {
 public:
  // How many functions run at a time, at least 1, and how many more wait for a thread. Threads start when they are
  // needed.
  OffloadPool(std::size_t threads, std::size_t maxWaiting);
  OffloadPool(const OffloadPool&) = delete;
  OffloadPool& operator=(const OffloadPool&) = delete;
  // No task awaits a result any more. Functions that run on after a stop are left to themselves.
  ~OffloadPool();

  // The one that `offload` uses.
  static OffloadPool& ofProcess();

  // As `offload`.
  template <typename Function>
  Task<std::optional<std::invoke_result_t<Function&>>> run(Shard& shard, Function function, StopToken stop = {}) {
    const auto job = std::make_shared<detail::OffloadedCall<Function>>(shard, std::move(function));
    const Place place(state_, job);
    if (!place.taken()) co_return std::nullopt;
    const bool finished = co_await job->wait(stop);
    if (!finished) co_return std::nullopt;
    auto value = job->take();
    co_return value;
  }

  // Functions that run or wait for a thread, those among them that run on after a stop. On any thread.
  std::size_t size() const;

 private:
  class State;

  // The place of a function, for as long as its result is awaited.
  class Place {
   public:
    // Throws std::system_error where the pool has no thread and none can be started.
    Place(std::shared_ptr<State> state, std::shared_ptr<detail::OffloadJob> job);
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();
    bool taken() const noexcept { return job_ != nullptr; }

   private:
    std::shared_ptr<State> state_;
    std::shared_ptr<detail::OffloadJob> job_;
  };

  const std::shared_ptr<State> state_;
};

// Nothing where the token stopped the wait, that of the task where none is given, or where too many functions wait
// already. All shards share one pool of 8 threads, for which 256 more may wait. Throws what the function throws, and
// std::system_error where no thread can be started.
template <typename Function>
Task<std::optional<std::invoke_result_t<Function&>>> offload(Shard& shard, Function function, StopToken stop = {}) {
  return OffloadPool::ofProcess().run(shard, std::move(function), stop);
}

}  // namespace taut
