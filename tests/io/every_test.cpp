#include "taut/io/every.hpp"

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "taut/base/clock.hpp"
#include "taut/base/log.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/shard.hpp"
#include "taut/io/sleep.hpp"

namespace every_test {

using namespace std::chrono_literals;
using taut::every;
using taut::Shard;
using taut::StopSource;
using taut::Task;
using taut::TaskScope;

namespace {

struct Fixture {
  Fixture() { clock.skipIdle(1ms); }

  // The work: takes so long, notes when it began and whether it was stopped, and ends everything with the last round.
  Task<> round() {
    begins.push_back(std::chrono::duration_cast<std::chrono::seconds>(shard.now() - start).count());
    const bool passed = co_await taut::sleepFor(shard, takes);
    if (!passed) ++stopped;
    if (begins.size() == rounds) stop.requestStop();
    if (throws) throw std::runtime_error("broken");
  }
  std::function<Task<>()> work() {
    return [this] { return round(); };
  }

  taut::ManualClock clock;
  Shard shard{[this] {
    taut::ShardOptions options;
    options.clock = &clock;
    return options;
  }()};
  const taut::TimePoint start = clock.now();
  StopSource stop;
  std::vector<std::int64_t> begins;
  taut::Duration takes = 1s;
  std::size_t rounds = 3;
  std::size_t stopped = 0;
  bool throws = false;
};

using Seconds = std::vector<std::int64_t>;

Task<> sleepThen(Shard& shard, taut::Duration duration, StopSource& stop) {
  co_await taut::sleepFor(shard, duration);
  stop.requestStop();
}

Task<> join(TaskScope& scope) {
  co_await scope.join();
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "work is done at once, and again when the interval has passed since it began") {
  shard.run(every(shard, 10s, work(), stop.token()));
  CHECK(begins == Seconds{0, 10, 20});
}

TEST_CASE_FIXTURE(Fixture, "work that takes longer than the interval is begun again when it has ended") {
  takes = 25s;
  shard.run(every(shard, 10s, work(), stop.token()));
  CHECK(begins == Seconds{0, 25, 50});
}

TEST_CASE_FIXTURE(Fixture, "what the work throws is logged, and the next round comes in its time") {
  std::string lines;
  taut::log::setSink([&](taut::log::Level, std::string_view line) { lines += std::string(line) + '\n'; });
  throws = true;
  rounds = 2;
  shard.run(every(shard, 10s, work(), stop.token()));
  taut::log::setSink({});
  CHECK(begins == Seconds{0, 10});
  CHECK(lines == "what is done at intervals failed: broken\nwhat is done at intervals failed: broken\n");
}

TEST_CASE_FIXTURE(Fixture, "the token ends it, and stops the work as well as the wait between") {
  takes = 4s;
  rounds = 0;
  TaskScope scope;
  scope.spawn(every(shard, 10s, work()), stop.token());
  SUBCASE("in the work") {
    shard.run(sleepThen(shard, 12s, stop));
  }
  SUBCASE("between") {
    shard.run(sleepThen(shard, 16s, stop));
  }
  CHECK(begins == Seconds{0, 10});
  shard.run(join(scope));
  CHECK(clock.now() - start < 17s);
  CHECK(stopped == (clock.now() - start < 14s ? 1 : 0));
}

TEST_CASE_FIXTURE(Fixture, "after a stop nothing is begun") {
  stop.requestStop();
  shard.run(every(shard, 10s, work(), stop.token()));
  CHECK(begins.empty());
}

}  // namespace every_test
