// What zones cost: reading a master file, finding a name in a small zone and in a large one, a change until it is
// answered, transfers out and in, and what is kept of them on the disk.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "taut/coro/event.hpp"
#include "taut/resolver/dynamic_zone.hpp"
#include "taut/zone/difference_between.hpp"
#include "taut/zone/transfer_reader.hpp"
#include "taut/zone/transfer_writer.hpp"
#include "taut/zone/zone_journal.hpp"
#include "taut/zone/zone_settling.hpp"
#include "taut/zone/zone_snapshot.hpp"
#include "taut/zone/zone_update.hpp"
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

std::string unsignedZone(std::size_t hosts) {
  std::string text =
      "$ORIGIN example.com.\n$TTL 3600\n@ SOA ns1 hostmaster 1 7200 3600 1209600 300\n@ NS ns1\nns1 A 192.0.2.53\n";
  for (std::size_t i = 0; i < hosts; ++i)
    text += fmt::format("h{} A 10.{}.{}.{}\n", i, i >> 16 & 255, i >> 8 & 255, i & 255);
  return text;
}

double residentOctets() {
  std::size_t all = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

// Runs what has been posted to the shard.
Task<> posted(Shard& shard) {
  Event ran;
  shard.post([&ran] { ran.set(); });
  co_await ran.wait();
}

// A zone of so many hosts, of which some have been changed since, ten with each version.
class ChangedZone {
 public:
  ChangedZone(std::size_t hosts, std::size_t changed) : zone_(parseZone(unsignedZone(hosts)).zone), hosts_(hosts) {
    for (std::size_t left = changed; left > 0; left -= std::min(left, batch)) update();
  }

  void update() {
    ZoneChange change;
    for (std::size_t i = 0; i < batch; ++i)
      change.replace(Name(fmt::format("h{}.example.com.", random_() % hosts_)), std::chrono::hours(1),
                     {rdata::A(10, 1, 1, static_cast<std::uint8_t>(++address_))});
    make(change);
  }
  // Without the making of names.
  void make(const ZoneChange& change) { zone_ = updateZone(zone_, change, Serial(zone_->serial()))->zone; }

  const Zone& zone() const { return *zone_; }

  static constexpr std::size_t batch = 10;

 private:
  std::shared_ptr<const Zone> zone_;
  std::size_t hosts_;
  std::mt19937_64 random_{1034};
  unsigned address_ = 0;
};

// The next version of a zone in which the addresses of ten hosts have changed, and what it takes of memory.
void updateInPlace(benchmark::State& state) {
  using Seconds = std::chrono::duration<double>;
  const auto hosts = static_cast<std::size_t>(state.range(0));
  ChangedZone changed(hosts, static_cast<std::size_t>(state.range(1)));
  std::mt19937_64 random(1996);
  std::vector<double> times;
  const std::size_t before = changed.zone().memoryUse();
  for (auto _ : state) {
    ZoneChange change;
    for (std::size_t i = 0; i < ChangedZone::batch; ++i)
      change.replace(Name(fmt::format("h{}.example.com.", random() % hosts)), std::chrono::hours(1),
                     {rdata::A(10, 2, 2, static_cast<std::uint8_t>(times.size()))});
    const auto begin = std::chrono::steady_clock::now();
    changed.make(change);
    times.push_back(Seconds(std::chrono::steady_clock::now() - begin).count());
    state.SetIterationTime(times.back());
  }
  std::ranges::sort(times);
  state.counters["median_us"] = times[times.size() / 2] * 1e6;
  state.counters["p99_us"] = times[times.size() * 99 / 100] * 1e6;
  const double grown = static_cast<double>(changed.zone().memoryUse()) - static_cast<double>(before);
  state.counters["octets_each"] = grown / static_cast<double>(times.size());
}
BENCHMARK(updateInPlace)
    ->ArgsProduct({{1000, 1'000'000, 10'000'000}, {0, 10'000}})
    ->Iterations(500)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

// A look-up in a zone of which so many hosts have changed.
void lookUpChanged(benchmark::State& state, std::string_view prefix) {
  const auto hosts = static_cast<std::size_t>(state.range(0));
  const ChangedZone changed(hosts, static_cast<std::size_t>(state.range(1)));
  Names names(hosts, prefix);
  for (auto _ : state) benchmark::DoNotOptimize(changed.zone().find(names.next()));
}
BENCHMARK_CAPTURE(lookUpChanged, found, "h")->ArgsProduct({{10'000, 1'000'000}, {0, 10, 10'000}});
BENCHMARK_CAPTURE(lookUpChanged, missing, "x")->ArgsProduct({{10'000, 1'000'000}, {0, 10, 10'000}});

void settleZone(benchmark::State& state) {
  const ChangedZone changed(static_cast<std::size_t>(state.range(0)), 10'000);
  for (auto _ : state) benchmark::DoNotOptimize(settle(changed.zone()));
}
BENCHMARK(settleZone)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

// The time from the begin of a commit to the first answer that has it, each change made as soon as the one before is
// seen. The memory is that of the process, beyond what it had without the zone: run one size at a time.
void changeUntilAnswered(benchmark::State& state) {
  using Seconds = std::chrono::duration<double>;
  const double before = residentOctets();
  DynamicZone zone(parseZone(unsignedZone(static_cast<std::size_t>(state.range(0)))).zone);
  state.counters["MiB_at_first"] = (residentOctets() - before) / (1 << 20);
  Shard shard;
  const Authority authority(shard, zone);
  std::vector<double> times;
  for (auto _ : state) {
    const Name name(fmt::format("new{}.example.com.", times.size()));
    const Query query(name, Type::A);
    const auto begin = std::chrono::steady_clock::now();
    if (!zone.add(name, std::chrono::hours(1), rdata::A(192, 0, 2, 1))) throw std::runtime_error("refused");
    while (authority.answer(query)->rcode() != Rcode::NOERROR) shard.run(posted(shard));
    times.push_back(Seconds(std::chrono::steady_clock::now() - begin).count());
    state.SetIterationTime(times.back());
  }
  std::ranges::sort(times);
  state.counters["median_ms"] = times[times.size() / 2] * 1000;
  state.counters["maximum_ms"] = times.back() * 1000;
  state.counters["MiB"] = (residentOctets() - before) / (1 << 20);
}
BENCHMARK(changeUntilAnswered)
    ->Arg(1000)
    ->Arg(10'000)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->Iterations(200)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

void commitChange(benchmark::State& state) {
  DynamicZone zone(parseZone(unsignedZone(10'000)).zone);
  std::uint8_t host = 0;
  const Name name("h1.example.com.");
  for (auto _ : state)
    benchmark::DoNotOptimize(zone.replace(name, std::chrono::hours(1), {rdata::A(10, 0, 0, ++host)}).ok());
}
BENCHMARK(commitChange)->Unit(benchmark::kMicrosecond);

// A delegation with glue and a host with two addresses for each four records, as zones of registries have them.
std::shared_ptr<const Zone> zoneOfDelegations(std::size_t records, std::uint32_t serial = 1) {
  std::string text = fmt::format(
      "$ORIGIN example.com.\n$TTL 3600\n@ SOA ns1 hostmaster {} 7200 3600 1209600 300\n"
      "@ NS ns1\nns1 A 192.0.2.53\n",
      serial);
  for (std::size_t i = 0; i < records / 4; ++i)
    text += fmt::format(
        "d{0} NS ns.d{0}\nns.d{0} A 10.{1}.{2}.{3}\n"
        "h{0} A 10.{1}.{2}.{3}\nh{0} AAAA 2001:db8::{1}:{2}\n",
        i, i >> 16 & 255, i >> 8 & 255, i & 255);
  return parseZone(text).zone;
}

TransferWriter::Reply replyTo(const Zone& zone) {
  return {7, flag::QR | flag::AA, {zone.origin(), Type::AXFR, Class::IN}};
}

void writeTransfer(benchmark::State& state) {
  const auto zone = zoneOfDelegations(static_cast<std::size_t>(state.range(0)));
  std::vector<std::uint8_t> buffer(maxMessageSize);
  std::size_t octets = 0;
  for (auto _ : state) {
    TransferWriter writer(replyTo(*zone), zone);
    octets = 0;
    while (const std::size_t size = writer.next(buffer)) octets += size;
  }
  state.counters["MB"] = static_cast<double>(octets) / 1e6;
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(zone->recordCount()));
}
BENCHMARK(writeTransfer)->Arg(1000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

void readTransfer(benchmark::State& state) {
  const auto zone = zoneOfDelegations(static_cast<std::size_t>(state.range(0)));
  std::vector<std::vector<std::uint8_t>> messages;
  std::vector<std::uint8_t> buffer(maxMessageSize);
  TransferWriter writer(replyTo(*zone), zone);
  while (const std::size_t size = writer.next(buffer))
    messages.emplace_back(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
  TransferRequest request;
  request.zone = zone->origin();
  request.id = 7;
  for (auto _ : state) {
    std::size_t records = 0;
    TransferReader reader(request, [&records](const ZoneRecord&) { ++records; });
    for (const auto& message : messages) reader.add(message);
    if (records != zone->recordCount()) throw std::runtime_error("not read");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(zone->recordCount()));
}
BENCHMARK(readTransfer)->Arg(1000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

void compareVersions(benchmark::State& state) {
  const auto before = zoneOfDelegations(static_cast<std::size_t>(state.range(0)));
  const auto after = zoneOfDelegations(static_cast<std::size_t>(state.range(0)), 2);
  for (auto _ : state) benchmark::DoNotOptimize(differenceBetween(*before, *after, 1 << 20).has_value());
}
BENCHMARK(compareVersions)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

// A file in the folder where the benchmark runs, so that it is on a disk.
class BenchmarkFile {
 public:
  explicit BenchmarkFile(std::string name) : path_(std::move(name)) { std::filesystem::remove(path_); }
  BenchmarkFile(const BenchmarkFile&) = delete;
  BenchmarkFile& operator=(const BenchmarkFile&) = delete;
  ~BenchmarkFile() { std::filesystem::remove(path_); }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A difference of ten addresses, appended to a journal; synced after each, or after so many.
void appendToJournal(benchmark::State& state) {
  const BenchmarkFile file("zone-bench.journal");
  const Name origin("example.com.");
  auto journal = *ZoneJournal::open(file.path(), origin, Class::IN, {.octets = std::uint64_t{64} << 20});
  auto zone = parseZone(unsignedZone(1000)).zone;
  std::vector<ZoneDifference> differences;
  for (std::uint8_t i = 0; i < 100; ++i) {
    ZoneChange change;
    for (std::size_t host = 0; host < ChangedZone::batch; ++host)
      change.replace(Name(fmt::format("h{}.example.com.", host)), std::chrono::hours(1), {rdata::A(10, 1, 1, i)});
    auto updated = *updateZone(zone, change, Serial(zone->serial()));
    zone = updated.zone;
    differences.push_back(*updated.difference);
  }
  std::size_t count = 0;
  for (auto _ : state) {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    bool done = journal->append(differences[count++ % differences.size()], now).ok();
    if (count % static_cast<std::size_t>(state.range(0)) == 0) done = done && journal->sync().ok();
    if (!done) throw std::runtime_error("not written");
  }
  state.counters["octets_each"] = static_cast<double>(journal->octets()) / static_cast<double>(count);
}
BENCHMARK(appendToJournal)->Arg(1)->Arg(100)->Iterations(2000)->Unit(benchmark::kMicrosecond);

void writeSnapshotOf(benchmark::State& state) {
  const BenchmarkFile file("zone-bench.snapshot");
  const auto zone = zoneOfDelegations(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state)
    if (!writeSnapshot(*zone, file.path()).ok()) throw std::runtime_error("not written");
}
BENCHMARK(writeSnapshotOf)->Arg(1'000'000)->Iterations(3)->Unit(benchmark::kMillisecond);

// Until the first name is found. The system has the file in memory, as after a restart of the program.
void openSnapshotOf(benchmark::State& state) {
  const BenchmarkFile file("zone-bench.snapshot");
  const Name origin("example.com.");
  if (!writeSnapshot(*zoneOfDelegations(static_cast<std::size_t>(state.range(0))), file.path()).ok())
    throw std::runtime_error("not written");
  const Name name("h7.example.com.");
  for (auto _ : state) {
    const auto zone = *openSnapshot(file.path(), origin);
    if (!zone->find(name).node) throw std::runtime_error("not found");
    state.PauseTiming();
    state.counters["MB"] = static_cast<double>(zone->memoryUse()) / 1e6;
    state.ResumeTiming();
  }
}
BENCHMARK(openSnapshotOf)->Arg(1000)->Arg(1'000'000)->Arg(10'000'000)->Iterations(5)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
