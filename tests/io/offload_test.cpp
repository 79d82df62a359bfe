#include "taut/io/offload.hpp"

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <doctest/doctest.h>

#include "taut/base/clock.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/shard.hpp"
#include "taut/io/sleep.hpp"

namespace offload_test {

using taut::offload;
using taut::OffloadPool;
using taut::Shard;
using taut::StopSource;
using taut::Task;
using taut::TaskScope;

namespace {

// A function that blocks until the test lets it go on, and what the test sees of it.
class Blocking {
 public:
  std::function<int()> function(int value) {
    return [state = state_, value] {
      state->begun.set_value();
      state->goOn.get_future().wait();
      return value;
    };
  }
  void waitUntilBegun() { state_->begun.get_future().wait(); }
  void goOn() { state_->goOn.set_value(); }
  // Only this object has its state: the pool has destroyed the function.
  bool isForgotten() const { return state_.use_count() == 1; }

 private:
  struct State {
    std::promise<void> begun;
    std::promise<void> goOn;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

using Outcome = std::optional<std::optional<int>>;

Task<> runInto(OffloadPool& pool, Shard& shard, std::function<int()> function, Outcome& outcome) {
  const auto value = co_await pool.run(shard, std::move(function));
  outcome.emplace(value);
}

Task<> join(TaskScope& scope) {
  co_await scope.join();
}

// A clock that skips what is idle, and has the function go on when its shard waits with nothing else to do: before,
// where the shard's clock knows that a thread works, and only after a jump otherwise.
class WatchedClock final : public taut::Clock {
 public:
  explicit WatchedClock(Blocking& blocking) : blocking_(blocking) { clock_.skipIdle(std::chrono::milliseconds(1)); }

  taut::TimePoint now() const noexcept override { return clock_.now(); }
  taut::WallTime wallTime() const noexcept override { return clock_.wallTime(); }
  std::optional<taut::Duration> waitFor(taut::TimePoint deadline, bool forThread) const noexcept override {
    forThread_ = forThread;
    if (forThread) goOn();
    return clock_.waitFor(deadline, forThread);
  }
  void waitedFor(taut::TimePoint deadline) noexcept override {
    clock_.waitedFor(deadline);
    goOn();
  }
  // What the shard said last.
  bool forThread() const { return forThread_; }

 private:
  void goOn() const {
    if (std::exchange(waits_, false)) blocking_.goOn();
  }

  taut::ManualClock clock_;
  Blocking& blocking_;
  mutable bool waits_ = true;
  mutable bool forThread_ = false;
};

Task<> sleep(Shard& shard, taut::Duration duration) {
  co_await taut::sleepFor(shard, duration);
}

// How long it took by the shard's clock.
Task<taut::Duration> runBeforeTimer(OffloadPool& pool, Shard& shard, std::function<int()> function) {
  const taut::TimePoint begin = shard.now();
  TaskScope scope;
  scope.spawn(sleep(shard, std::chrono::hours(1)), scope.token());
  const auto value = co_await pool.run(shard, std::move(function));
  CHECK(value == 7);
  const taut::Duration took = shard.now() - begin;
  scope.stop();
  co_await scope.join();
  co_return took;
}

Task<std::thread::id> threadAfterwards(Shard& shard) {
  auto function = [] { return std::this_thread::get_id(); };
  const auto other = co_await offload(shard, function);
  CHECK(other != std::this_thread::get_id());
  co_return std::this_thread::get_id();
}

Task<std::string> whatIsThrown(Shard& shard) {
  auto function = []() -> int { throw std::runtime_error("broken"); };
  try {
    co_await offload(shard, function);
  } catch (const std::runtime_error& error) {
    co_return error.what();
  }
  co_return "nothing";
}

Task<std::unique_ptr<int>> giveMovable(Shard& shard) {
  auto function = [value = std::make_unique<int>(7)]() mutable { return std::move(value); };
  auto value = co_await offload(shard, std::move(function));
  co_return std::move(*value);
}

}  // namespace

TEST_CASE("a function is called in another thread, and its awaiter goes on in that of the shard") {
  Shard shard;
  CHECK(shard.run(threadAfterwards(shard)) == std::this_thread::get_id());
  CHECK(*shard.run(giveMovable(shard)) == 7);
}

TEST_CASE("what the function throws is rethrown to the awaiter") {
  Shard shard;
  CHECK(shard.run(whatIsThrown(shard)) == "broken");
}

TEST_CASE("no time passes by a clock that skips what is idle while a function runs, and after it does again") {
  Blocking blocking;
  WatchedClock clock(blocking);
  taut::ShardOptions options;
  options.clock = &clock;
  Shard shard(options);
  OffloadPool pool(1, 0);
  CHECK(shard.run(runBeforeTimer(pool, shard, blocking.function(7))) == taut::Duration::zero());
  const taut::TimePoint begin = shard.now();
  shard.run(sleep(shard, std::chrono::hours(1)));
  CHECK(shard.now() - begin == std::chrono::hours(1));
  CHECK_FALSE(clock.forThread());
}

TEST_CASE("functions run at a time in as many threads as allowed, and the next ones wait") {
  Shard shard;
  OffloadPool pool(2, 1);
  Blocking first, second;
  Outcome outcomes[4];
  TaskScope scope;
  scope.spawn(runInto(pool, shard, first.function(1), outcomes[0]));
  scope.spawn(runInto(pool, shard, second.function(2), outcomes[1]));
  first.waitUntilBegun();
  second.waitUntilBegun();
  scope.spawn(runInto(
      pool, shard, [] { return 3; }, outcomes[2]));
  CHECK(pool.size() == 3);
  SUBCASE("one more than may wait gets nothing at once") {
    scope.spawn(runInto(
        pool, shard, [] { return 4; }, outcomes[3]));
    REQUIRE(outcomes[3]);
    CHECK_FALSE(*outcomes[3]);
  }
  CHECK_FALSE(outcomes[2]);
  first.goOn();
  second.goOn();
  shard.run(join(scope));
  for (int i = 0; i < 3; ++i) CHECK(*outcomes[i] == i + 1);
  CHECK(pool.size() == 0);
}

TEST_CASE("a stop ends the await with nothing while the function runs on, and its result is dropped") {
  Blocking blocking;
  OffloadPool pool(1, 0);
  {
    Shard shard;
    StopSource stop;
    Outcome outcome;
    TaskScope scope;
    scope.spawn(runInto(pool, shard, blocking.function(1), outcome), stop.token());
    blocking.waitUntilBegun();
    stop.requestStop();
    REQUIRE(outcome);
    CHECK_FALSE(*outcome);
    CHECK(scope.empty());
    CHECK(pool.size() == 1);
  }
  // The shard is gone.
  blocking.goOn();
  while (!blocking.isForgotten()) std::this_thread::yield();
}

TEST_CASE("a function whose awaiter was stopped before a thread was free is not called, and its place is free") {
  Shard shard;
  OffloadPool pool(1, 1);
  Blocking blocking;
  Outcome outcomes[3];
  StopSource stop;
  TaskScope scope;
  scope.spawn(runInto(pool, shard, blocking.function(1), outcomes[0]));
  blocking.waitUntilBegun();
  bool called = false;
  scope.spawn(runInto(
                  pool, shard, [&] { return called = true, 2; }, outcomes[1]),
              stop.token());
  stop.requestStop();
  CHECK_FALSE(*outcomes[1]);
  CHECK(pool.size() == 1);
  scope.spawn(runInto(
      pool, shard, [] { return 3; }, outcomes[2]));
  blocking.goOn();
  shard.run(join(scope));
  CHECK(*outcomes[0] == 1);
  CHECK(*outcomes[2] == 3);
  CHECK_FALSE(called);
}

TEST_CASE("a pool ends at once while a function still runs") {
  Blocking blocking;
  Shard shard;
  StopSource stop;
  Outcome outcome;
  TaskScope scope;
  {
    OffloadPool pool(1, 0);
    scope.spawn(runInto(pool, shard, blocking.function(1), outcome), stop.token());
    blocking.waitUntilBegun();
    stop.requestStop();
  }
  CHECK(scope.empty());
  blocking.goOn();
  while (!blocking.isForgotten()) std::this_thread::yield();
}

TEST_CASE("a pool has a thread at least") {
  CHECK_THROWS_AS(OffloadPool(0, 1), std::invalid_argument);
}

}  // namespace offload_test
