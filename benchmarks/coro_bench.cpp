// What coroutines cost: a task that is ready, one that is awaited, a chain of them, a spawn, a wake-up.
#include <cstdint>

#include <benchmark/benchmark.h>

#include "taut/coro/event.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"

namespace {

using namespace taut;

constexpr int awaitsForEachRun = 1000;

Task<int> readyValue(int number) {
  return Task<int>::ready(number);
}

Task<int> chain(int depth) {
  if (depth == 0) co_return 1;
  const int below = co_await chain(depth - 1);
  co_return below + 1;
}

Task<int> awaitMany(int depth) {
  int sum = 0;
  for (int i = 0; i < awaitsForEachRun; ++i) {
    const int result = co_await chain(depth);
    sum += result;
  }
  co_return sum;
}

Task<int> awaitReady() {
  int sum = 0;
  for (int i = 0; i < awaitsForEachRun; ++i) {
    const int result = co_await readyValue(i);
    sum += result;
  }
  co_return sum;
}

void countItems(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * awaitsForEachRun);
}

void taskReady(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(syncWait(awaitReady()));
  countItems(state);
}
BENCHMARK(taskReady);

// An await of a coroutine that itself awaits so many more.
void taskChain(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(syncWait(awaitMany(static_cast<int>(state.range(0)))));
  countItems(state);
}
BENCHMARK(taskChain)->Arg(0)->Arg(1)->Arg(4);

Task<> addOne(std::uint64_t& count) {
  ++count;
  co_return;
}

void spawn(benchmark::State& state) {
  TaskScope scope;
  std::uint64_t count = 0;
  for (auto _ : state) scope.spawn(addOne(count));
  benchmark::DoNotOptimize(count);
}
BENCHMARK(spawn);

Task<> waitFor(Event& event, std::uint64_t& count) {
  co_await event.wait();
  ++count;
}

void spawnAndWake(benchmark::State& state) {
  TaskScope scope;
  std::uint64_t count = 0;
  for (auto _ : state) {
    Event event;
    scope.spawn(waitFor(event, count));
    event.set();
  }
  benchmark::DoNotOptimize(count);
}
BENCHMARK(spawnAndWake);

}  // namespace

BENCHMARK_MAIN();
