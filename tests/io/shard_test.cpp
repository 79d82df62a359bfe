#include "taut/io/shard.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "taut/base/clock.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/deadline.hpp"
#include "taut/io/sleep.hpp"

namespace shard_test {

using namespace std::chrono_literals;
using taut::Deadline;
using taut::Event;
using taut::ManualClock;
using taut::Shard;
using taut::ShardOptions;
using taut::StopSource;
using taut::StopToken;
using taut::Task;
using taut::TaskScope;

namespace {

ShardOptions optionsWith(ManualClock& clock) {
  ShardOptions options;
  options.clock = &clock;
  return options;
}

Task<int> answer() {
  co_return 42;
}

Task<> fail() {
  throw std::runtime_error("broken");
  co_return;
}

Task<> waitFor(Event& event) {
  co_await event.wait();
}

Task<> sleepInto(Shard& shard, taut::Duration duration, StopToken stop, std::string& log, char name) {
  const bool slept = co_await taut::sleepFor(shard, duration, stop);
  log += name;
  log += slept ? '+' : '-';
}

Task<> join(TaskScope& scope) {
  co_await scope.join();
}

// Ends its own wait, and so destroys the deadline while that is calling.
Task<bool> waitWithin(Shard& shard, Event& event, taut::Duration limit, StopToken stop) {
  Deadline deadline(shard, limit, stop);
  const bool happened = co_await event.wait(deadline.token());
  CHECK(happened != deadline.token().stopRequested());
  co_return deadline.expired();
}

Task<> setLater(Shard& shard, Event& event, taut::Duration duration) {
  co_await taut::sleepFor(shard, duration);
  event.set();
}

}  // namespace

TEST_CASE("a shard runs a task to its end and gives its result or its exception") {
  Shard shard;
  CHECK(shard.run(answer()) == 42);
  CHECK_THROWS_WITH_AS(shard.run(fail()), "broken", std::runtime_error);
  CHECK(shard.run(answer()) == 42);
}

TEST_CASE("a shard is made on one thread and runs on another") {
  Shard shard;
  int result = 0;
  std::thread thread([&] { result = shard.run(answer()); });
  thread.join();
  CHECK(result == 42);
}

TEST_CASE("what other threads post is called on the shard's thread, all of it, in order") {
  Shard shard;
  Event done;
  std::vector<int> called;
  const auto shardThread = std::this_thread::get_id();
  std::thread poster([&] {
    for (int i = 0; i < 1000; ++i) {
      shard.post([&called, i, shardThread] {
        CHECK(std::this_thread::get_id() == shardThread);
        called.push_back(i);
      });
    }
    shard.post([&done] { done.set(); });
  });
  shard.run(waitFor(done));
  poster.join();
  REQUIRE(called.size() == 1000);
  for (int i = 0; i < 1000; ++i) CHECK(called[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("what is posted before a run or after one is called by the next") {
  Shard shard;
  int calls = 0;
  for (int round = 0; round < 3; ++round) {
    Event done;
    shard.post([&] {
      ++calls;
      done.set();
    });
    shard.run(waitFor(done));
    CHECK(calls == round + 1);
  }
}

TEST_CASE("a shard that is closed lets go of what was posted and not called, and of what is posted then") {
  Shard shard;
  const auto held = std::make_shared<int>();
  bool called = false;
  shard.post([held, &called] { called = true; });
  CHECK(held.use_count() == 2);
  shard.close();
  CHECK(held.use_count() == 1);
  shard.post([held, &called] { called = true; });
  CHECK(held.use_count() == 1);
  CHECK(!called);
}

TEST_CASE("a function that posts again is called again in a later turn") {
  Shard shard;
  Event done;
  int calls = 0;
  std::function<void()> again = [&] {
    if (++calls == 10) {
      done.set();
    } else {
      shard.post(again);
    }
  };
  shard.post(again);
  shard.run(waitFor(done));
  CHECK(calls == 10);
}

namespace {

Task<> workInPieces(Shard& shard, std::string& log, char name) {
  for (int piece = 0; piece < 3; ++piece) {
    log += name;
    co_await shard.nextTurn();
  }
}

Task<> workBesideOthers(Shard& shard, ManualClock& clock, std::string& log) {
  TaskScope others;
  others.spawn(workInPieces(shard, log, 'a'));
  others.spawn(workInPieces(shard, log, 'b'));
  others.spawn(sleepInto(shard, 5s, {}, log, 's'));
  shard.post([&] { log += 'p'; });
  const auto turn = shard.now();
  clock.advance(5s);
  CHECK(log == "ab");
  co_await shard.nextTurn();
  CHECK(shard.now() == turn + 5s);
  co_await others.join();
}

}  // namespace

TEST_CASE("work that goes on in the next turn leaves others theirs: timers, posts and other work") {
  ManualClock clock;
  Shard shard(optionsWith(clock));
  std::string log;
  shard.run(workBesideOthers(shard, clock, log));
  for (const char* others : {"ab", "s+", "p"}) CHECK(log.rfind(others) != std::string::npos);
  CHECK(log.find("s+") < log.rfind('b'));
  CHECK(log.substr(0, 2) == "ab");
  CHECK(std::ranges::count(log, 'a') == 3);
  CHECK(std::ranges::count(log, 'b') == 3);
}

TEST_CASE("sleepers wake in the order of their deadlines, by the shard's clock") {
  ManualClock clock;
  Shard shard(optionsWith(clock));
  std::string log;
  TaskScope scope;
  scope.spawn(sleepInto(shard, 3s, {}, log, 'c'));
  scope.spawn(sleepInto(shard, 1s, {}, log, 'a'));
  scope.spawn(sleepInto(shard, 2s, {}, log, 'b'));
  shard.poll();
  CHECK(log.empty());
  clock.advance(1s);
  shard.poll();
  CHECK(log == "a+");
  clock.advance(1h);
  shard.poll();
  CHECK(log == "a+b+c+");
}

TEST_CASE("a stop ends a sleep") {
  ManualClock clock;
  Shard shard(optionsWith(clock));
  StopSource stop;
  std::string log;
  TaskScope scope;
  scope.spawn(sleepInto(shard, 3s, stop.token(), log, 'a'));
  stop.requestStop();
  CHECK(log.empty());
  CHECK(shard.timers().size() == 0);
  shard.poll();
  CHECK(log == "a-");
  scope.spawn(sleepInto(shard, 3s, stop.token(), log, 'b'));
  CHECK(log == "a-b-");
}

TEST_CASE("a sleep that ends in the turn of its stop ends once") {
  ManualClock clock;
  Shard shard(optionsWith(clock));
  StopSource stop;
  std::string log;
  TaskScope scope;
  scope.spawn(sleepInto(shard, 1s, {}, log, 'a'));
  scope.spawn(sleepInto(shard, 1s, stop.token(), log, 'b'));
  clock.advance(1s);
  shard.post([&] { stop.requestStop(); });
  shard.run(join(scope));
  CHECK(log == "a+b+");
}

TEST_CASE("the clock of a turn stands still until the next turn, while the exact one goes on") {
  ManualClock clock;
  Shard shard(optionsWith(clock));
  const auto start = shard.now();
  shard.run([](Shard& running, ManualClock& moved) -> Task<> {
    const auto before = running.turnClock().now();
    moved.advance(3s);
    CHECK(running.turnClock().now() == before);
    CHECK(running.now() == before);
    CHECK(running.clock().now() == before + 3s);
    CHECK(running.turnClock().wallTime() == running.clock().wallTime());
    co_await sleepFor(running, 0s);
    CHECK(running.turnClock().now() == before + 3s);
  }(shard, clock));
  CHECK(shard.now() == start + 3s);
}

TEST_CASE("hours pass in no time where the clock skips what is idle") {
  ManualClock clock;
  clock.skipIdle(100us);
  Shard shard(optionsWith(clock));
  std::string log;
  const auto start = shard.now();
  shard.run(sleepInto(shard, 48h, {}, log, 'a'));
  CHECK(log == "a+");
  CHECK(shard.now() - start == 48h);
}

TEST_CASE("the system's clock wakes a sleeper no earlier than asked") {
  Shard shard;
  std::string log;
  const auto before = std::chrono::steady_clock::now();
  shard.run(sleepInto(shard, 2ms, {}, log, 'a'));
  CHECK(std::chrono::steady_clock::now() - before >= 2ms);
  CHECK(log == "a+");
}

TEST_CASE("a deadline stops what obeys it, and tells itself from its parent") {
  ManualClock clock;
  clock.skipIdle(100us);
  Shard shard(optionsWith(clock));
  Event never;
  CHECK(shard.run(waitWithin(shard, never, 5s, {})));
  StopSource parent;
  shard.post([&] { parent.requestStop(); });
  CHECK_FALSE(shard.run(waitWithin(shard, never, 5s, parent.token())));
  Event soon;
  TaskScope scope;
  scope.spawn(setLater(shard, soon, 1s));
  CHECK_FALSE(shard.run(waitWithin(shard, soon, 5s, {})));
  CHECK(shard.timers().size() == 0);
}

TEST_CASE("a deadline that is restarted counts from then") {
  ManualClock clock;
  Shard shard(optionsWith(clock));
  Deadline deadline(shard, 5s);
  clock.advance(4s);
  shard.poll();
  deadline.restart(5s);
  clock.advance(4s);
  shard.poll();
  CHECK_FALSE(deadline.expired());
  clock.advance(1s);
  shard.poll();
  CHECK(deadline.expired());
  Deadline cancelled(shard, 1s);
  cancelled.cancel();
  clock.advance(2s);
  shard.poll();
  CHECK_FALSE(cancelled.expired());
}

TEST_CASE("several shards run on threads of their own and stop when told") {
  std::vector<std::thread> threads;
  std::vector<std::unique_ptr<Shard>> shards;
  std::vector<std::unique_ptr<StopSource>> stops;
  std::atomic<int> ended{0};
  for (int i = 0; i < 3; ++i) {
    shards.push_back(std::make_unique<Shard>());
    stops.push_back(std::make_unique<StopSource>());
  }
  for (std::size_t i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      std::string log;
      shards[i]->run(sleepInto(*shards[i], 1h, stops[i]->token(), log, 'x'));
      if (log == "x-") ++ended;
    });
  }
  for (std::size_t i = 0; i < 3; ++i) shards[i]->post([&, i] { stops[i]->requestStop(); });
  for (auto& thread : threads) thread.join();
  CHECK(ended == 3);
}

TEST_CASE("each turn is counted, with how many completions it had") {
  Shard shard;
  shard.poll();
  shard.poll();
  const taut::BatchHistogram turns = shard.completions().value();
  CHECK(turns.total() == 2);
  CHECK(turns.counts[0] == 2);
  shard.run([](Shard& where) -> Task<> { co_await taut::sleepFor(where, 1ns); }(shard));
  CHECK(shard.completions().value().total() > 2);
  CHECK(shard.completions().value().sum >= 0);
}

}  // namespace shard_test
