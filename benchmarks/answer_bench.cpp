// What a whole answer costs: request octets in, reply octets out, no I/O; from a small zone, a large one, and the
// cache.
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

#include "whole_answer.hpp"

namespace {

using namespace taut;

void answerOne(benchmark::State& state, std::string_view name, bool dnssecOk) {
  WholeAnswer answer(benchmarkZones(10));
  const auto request = questionOctets(name, Type::A, true, dnssecOk);
  for (auto _ : state) benchmark::DoNotOptimize(answer(request).size());
}
BENCHMARK_CAPTURE(answerOne, hit, "h3.example.com", false);
BENCHMARK_CAPTURE(answerOne, alias, "alias.example.com", false);
BENCHMARK_CAPTURE(answerOne, wildcard, "any.wild.example.com", false);
BENCHMARK_CAPTURE(answerOne, referral, "www.child.example.com", false);
BENCHMARK_CAPTURE(answerOne, nameError, "nothing.example.com", false);
BENCHMARK_CAPTURE(answerOne, signedHit, "signed.example.com", true);
BENCHMARK_CAPTURE(answerOne, signedNameError, "nothing.example.com", true);

// Questions whose answers have thousands of records or aliases: over UDP they cost what a reply of 1,232 octets costs.
void answerLarge(benchmark::State& state, const std::string& name, Type type, Transport transport) {
  WholeAnswer answer(zonesOf(largeRRsetZone(static_cast<std::size_t>(state.range(0)))), transport);
  const auto request = questionOctets(name, type, true, false);
  for (auto _ : state) benchmark::DoNotOptimize(answer(request).size());
}
BENCHMARK_CAPTURE(answerLarge, rrset, "mail.example.com", Type::MX, Transport::udp)->Arg(13)->Arg(300)->Arg(3000);
BENCHMARK_CAPTURE(answerLarge, rrsetTcp, "mail.example.com", Type::MX, Transport::tcp)->Arg(13)->Arg(300)->Arg(3000);
BENCHMARK_CAPTURE(answerLarge, referral, "www.child.example.com", Type::A, Transport::udp)
    ->Arg(13)
    ->Arg(300)
    ->Arg(3000);
BENCHMARK_CAPTURE(answerLarge, chain, longestName("a.example.com"), Type::A, Transport::udp)->Arg(13);

constexpr std::size_t questions = 1 << 16;

// Questions for hosts all over a zone, in no order.
std::vector<std::vector<std::uint8_t>> anyRequests(std::size_t hosts) {
  std::mt19937_64 random(1034);
  std::vector<std::vector<std::uint8_t>> requests;
  for (std::size_t i = 0; i < questions; ++i)
    requests.push_back(questionOctets(fmt::format("h{}.example.com", random() % hosts), Type::A, true, false));
  return requests;
}

// One after the other: in a large zone each has to wait for memory.
void answerAny(benchmark::State& state) {
  const auto hosts = static_cast<std::size_t>(state.range(0));
  WholeAnswer answer(benchmarkZones(hosts));
  const auto requests = anyRequests(hosts);
  std::size_t next = 0;
  for (auto _ : state) benchmark::DoNotOptimize(answer(requests[next++ % questions]).size());
}
BENCHMARK(answerAny)->Arg(10)->Arg(10'000)->Arg(1'000'000);

// Several at a time, as a busy server receives them: their waits for memory overlap.
void answerBatches(benchmark::State& state) {
  constexpr std::size_t batch = 32;
  const auto hosts = static_cast<std::size_t>(state.range(0));
  const auto zones = benchmarkZones(hosts);
  WholeAnswer answer(zones);
  const auto requests = anyRequests(hosts);
  const Authority authority(zones);
  std::vector<Query> queries;
  for (const auto& request : requests) queries.push_back(*Query::parse(request, {Address(), Transport::udp}));
  std::array<const Query*, batch> ahead;
  std::size_t next = 0;
  while (state.KeepRunningBatch(batch)) {
    const std::size_t first = next;
    const auto* const some = &requests[first];
    next = (next + batch) % questions;
    for (std::size_t i = 0; i < batch; ++i) ahead[i] = &queries[first + i];
    authority.prefetch(ahead);
    for (std::size_t i = 0; i < batch; ++i) benchmark::DoNotOptimize(answer(some[i]).size());
  }
}
BENCHMARK(answerBatches)->Arg(10)->Arg(10'000)->Arg(1'000'000);

void answerFromCache(benchmark::State& state) {
  constexpr std::size_t names = 10'000;
  WholeAnswer answer(std::make_shared<const ZoneSet>());
  std::vector<std::vector<std::uint8_t>> requests;
  for (std::size_t i = 0; i < names; ++i) {
    requests.push_back(questionOctets(fmt::format("h{}.example.com", i), Type::A, true, false));
    answer.fillCache(requests.back());
  }
  std::size_t next = 0;
  for (auto _ : state) benchmark::DoNotOptimize(answer(requests[next++ % names]).size());
}
BENCHMARK(answerFromCache);

}  // namespace

BENCHMARK_MAIN();
