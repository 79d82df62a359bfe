// What the cache costs: a hit, a miss, and keeping an answer.
#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include <benchmark/benchmark.h>

#include "taut/dns/rdata.hpp"
#include "whole_answer.hpp"

namespace {

using namespace taut;

constexpr std::size_t cacheBytes = std::size_t{64} << 20;

Answer answerFor(const Query& query) {
  Answer answer;
  answer.add(query.name(), std::chrono::hours(1), rdata::A(192, 0, 2, 1));
  return answer;
}

std::vector<Query> queries(std::size_t first, std::size_t count) {
  static const auto request = questionOctets("example.com", Type::A, true, false);
  const auto query = Query::parse(request, {Address::loopbackV4(5353), Transport::udp});
  std::vector<Query> made;
  for (std::size_t i = 0; i < count; ++i)
    made.push_back(query->withQuestion(Name(fmt::format("h{}.example.com", first + i)), Type::A));
  return made;
}

void cacheHit(benchmark::State& state) {
  Cache cache(cacheBytes);
  const auto asked = queries(0, static_cast<std::size_t>(state.range(0)));
  for (const Query& query : asked) cache.store(query, answerFor(query));
  std::size_t next = 0;
  for (auto _ : state) {
    auto found = cache.resolve(asked[next++ % asked.size()]).takeReady();
    if (!found) state.SkipWithError("not in the cache");
    benchmark::DoNotOptimize(found);
  }
}
BENCHMARK(cacheHit)->Arg(10)->Arg(10'000);

void cacheMiss(benchmark::State& state) {
  Cache cache(cacheBytes);
  for (const Query& query : queries(0, 10'000)) cache.store(query, answerFor(query));
  const auto asked = queries(10'000, 10'000);
  std::size_t next = 0;
  for (auto _ : state) {
    auto found = cache.resolve(asked[next++ % asked.size()]).takeReady();
    benchmark::DoNotOptimize(found);
  }
}
BENCHMARK(cacheMiss);

void cacheStore(benchmark::State& state) {
  Cache cache(cacheBytes);
  const auto asked = queries(0, 10'000);
  const Answer answer = answerFor(asked[0]);
  std::size_t next = 0;
  for (auto _ : state) benchmark::DoNotOptimize(cache.store(asked[next++ % asked.size()], answer));
}
BENCHMARK(cacheStore);

}  // namespace

BENCHMARK_MAIN();
