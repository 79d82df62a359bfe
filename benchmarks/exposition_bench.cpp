// What a scrape costs: the metrics of a server with many zones, each of which has a line.
#include <cstddef>
#include <cstdint>
#include <string>

#include <benchmark/benchmark.h>

#include "management/exposition.hpp"
#include "management/full_snapshot.hpp"

namespace {

void scrape(benchmark::State& state) {
  const taut::ManagementSnapshot snapshot = taut::fullSnapshot(static_cast<std::size_t>(state.range(0)));
  std::size_t octets = 0;
  for (auto _ : state) octets = taut::exposition(snapshot).size();
  state.counters["octets"] = static_cast<double>(octets);
}
BENCHMARK(scrape)->Arg(1)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
