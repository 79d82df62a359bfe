#include "taut/io/turn_limit.hpp"

#include <chrono>
#include <cstddef>
#include <string>

#include <doctest/doctest.h>

#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/sleep.hpp"

namespace turn_limit_test {

namespace {

using namespace taut;

// Writes its name when it goes on, or a dash where it was stopped.
Task<> goOn(TurnLimit& limit, char name, std::string& order, StopToken stop) {
  const bool mine = co_await limit.next(stop);
  order += mine ? name : '-';
}

Task<> nextTurn(Shard& shard) {
  co_await sleepFor(shard, std::chrono::nanoseconds(0));
}

struct Bench {
  void ask(const std::string& names, StopToken stop = {}) {
    for (const char name : names) tasks.spawn(goOn(limit, name, order, stop));
  }

  Shard shard;
  TurnLimit limit{shard, 2};
  std::string order;
  TaskScope tasks;
};

Task<> inOrder(Bench& bench) {
  co_await nextTurn(bench.shard);
  bench.ask("abcdefg");
  CHECK(bench.order == "ab");
  for (int turn = 0; turn < 20 && bench.order.size() < 7; ++turn) {
    const std::size_t before = bench.order.size();
    co_await nextTurn(bench.shard);
    CHECK(bench.order.size() <= before + 2);
  }
  CHECK(bench.order == "abcdefg");
  co_await bench.tasks.join();
}

Task<> stopped(Bench& bench) {
  StopSource stop;
  co_await nextTurn(bench.shard);
  bench.ask("abcd");
  bench.ask("xyz", stop.token());
  bench.ask("e");
  stop.requestStop();
  bench.ask("x", stop.token());
  co_await bench.tasks.join();
  std::string went;
  for (const char name : bench.order)
    if (name != '-') went += name;
  CHECK(went == "abcde");
  CHECK(bench.order.size() == 9);
}

Task<> again(Bench& bench) {
  for (int round = 0; round < 3; ++round) {
    co_await nextTurn(bench.shard);
    bench.order.clear();
    bench.ask("ab");
    CHECK(bench.order == "ab");
    bench.ask("cde");
    co_await bench.tasks.join();
    CHECK(bench.order == "abcde");
  }
}

}  // namespace

TEST_CASE("as many as the limit says go on in a turn, in the order of asking") {
  Bench bench;
  bench.shard.run(inOrder(bench));
}

TEST_CASE("one that waits can be stopped, and the others go on all the same") {
  Bench bench;
  bench.shard.run(stopped(bench));
}

TEST_CASE("after all have gone on the next turn begins anew") {
  Bench bench;
  bench.shard.run(again(bench));
}

}  // namespace turn_limit_test
