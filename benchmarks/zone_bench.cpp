// What zones cost: reading a master file, and finding a name in a small zone and in a large one.
#include <cstddef>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "whole_answer.hpp"

namespace {

using namespace taut;

void loadZoneText(benchmark::State& state) {
  const std::string text = benchmarkZone(static_cast<std::size_t>(state.range(0)));
  ZoneLoadOptions options;
  options.threads = 1;
  for (auto _ : state) {
    const ZoneLoad load = parseZone(text, std::nullopt, options);
    benchmark::DoNotOptimize(load.ok());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(loadZoneText)->Arg(1000)->Arg(100'000)->Unit(benchmark::kMillisecond);

class Names {
 public:
  Names(std::size_t hosts, std::string_view prefix) {
    std::mt19937_64 random(1034);
    for (std::size_t i = 0; i < count; ++i)
      names_.emplace_back(fmt::format("{}{}.example.com", prefix, random() % hosts));
  }
  const Name& next() { return names_[next_++ % count]; }

 private:
  static constexpr std::size_t count = 1 << 14;
  std::vector<Name> names_;
  std::size_t next_ = 0;
};

void lookUp(benchmark::State& state, std::string_view prefix) {
  const auto hosts = static_cast<std::size_t>(state.range(0));
  const auto zones = benchmarkZones(hosts);
  Names names(hosts, prefix);
  for (auto _ : state) {
    const Name& name = names.next();
    benchmark::DoNotOptimize(zones->find(name)->find(name));
  }
}
BENCHMARK_CAPTURE(lookUp, found, "h")->Arg(10)->Arg(10'000)->Arg(1'000'000);
BENCHMARK_CAPTURE(lookUp, missing, "x")->Arg(10)->Arg(10'000)->Arg(1'000'000);

}  // namespace

BENCHMARK_MAIN();
