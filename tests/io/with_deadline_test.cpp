#include "taut/io/with_deadline.hpp"

#include <chrono>
#include <optional>
#include <stdexcept>
#include <utility>

#include <doctest/doctest.h>

#include "taut/base/clock.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/shard.hpp"
#include "taut/io/sleep.hpp"

namespace with_deadline_test {

using namespace std::chrono_literals;
using taut::Shard;
using taut::StopSource;
using taut::Task;
using taut::TaskScope;
using taut::withDeadline;

namespace {

// Gives 1 where the sleep has passed, 2 where it was stopped.
Task<int> sleepOn(Shard& shard, taut::Duration duration) {
  const bool passed = co_await taut::sleepFor(shard, duration);
  co_return passed ? 1 : 2;
}

Task<std::optional<int>> sleepInside(Shard& shard, taut::Duration duration, bool& ended) {
  const int result = co_await sleepOn(shard, duration);
  ended = true;
  co_return result == 1 ? std::optional(7) : std::nullopt;
}

Task<> sleepOnly(Shard& shard, taut::Duration duration) {
  co_await taut::sleepFor(shard, duration);
}

Task<int> fail(Shard& shard) {
  co_await taut::sleepFor(shard, 1s);
  throw std::runtime_error("broken");
}

Task<> waitInto(Shard& shard, std::optional<int>& result) {
  auto task = sleepOn(shard, 1h);
  const auto value = co_await withDeadline(shard, 1min, std::move(task));
  result = value;
}

struct Fixture {
  Fixture() { clock.skipIdle(1ms); }

  taut::ManualClock clock;
  Shard shard{[this] {
    taut::ShardOptions options;
    options.clock = &clock;
    return options;
  }()};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a task that ends in time gives its result, one that has nothing to tell from none") {
  CHECK(shard.run(withDeadline(shard, 2s, sleepOn(shard, 1s))) == 1);
  bool ended = false;
  const auto result = shard.run(withDeadline(shard, 2s, sleepInside(shard, 1s, ended)));
  REQUIRE(result);
  CHECK(*result == 7);
  CHECK(shard.run(withDeadline(shard, 2s, sleepOnly(shard, 1s))));
  CHECK(shard.run(withDeadline(shard, 0s, Task<int>::ready(3))) == 3);
}

TEST_CASE_FIXTURE(Fixture, "when the time is over the task has been stopped, and has ended, before there is nothing") {
  const auto begin = clock.now();
  bool ended = false;
  CHECK_FALSE(shard.run(withDeadline(shard, 2s, sleepInside(shard, 1h, ended))));
  CHECK(ended);
  CHECK(clock.now() - begin == 2s);
  CHECK_FALSE(shard.run(withDeadline(shard, 2s, sleepOnly(shard, 1h))));
  CHECK(clock.now() - begin == 4s);
}

TEST_CASE_FIXTURE(Fixture, "the shorter of two deadlines counts, and the other one leaves the result as it is") {
  const auto begin = clock.now();
  const auto outer = shard.run(withDeadline(shard, 3s, withDeadline(shard, 1s, sleepOn(shard, 1h))));
  REQUIRE(outer);
  CHECK_FALSE(*outer);
  CHECK(clock.now() - begin == 1s);
}

TEST_CASE_FIXTURE(Fixture, "an exception of the task is rethrown") {
  CHECK_THROWS_AS(shard.run(withDeadline(shard, 2s, fail(shard))), std::runtime_error);
}

TEST_CASE_FIXTURE(Fixture, "the stop of the awaiting task stops the task before its time, and its result counts") {
  std::optional<int> result;
  StopSource stop;
  TaskScope scope;
  scope.spawn(waitInto(shard, result), stop.token());
  stop.requestStop();
  shard.run(sleepOnly(shard, 1s));
  CHECK(scope.empty());
  CHECK(result == 2);
}

}  // namespace with_deadline_test
