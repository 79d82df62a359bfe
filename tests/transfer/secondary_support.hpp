// A secondary of fake primaries, on a shard whose clock is turned by hand.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "taut/coro/event.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/io/sleep.hpp"
#include "taut/testing/fake_primary.hpp"
#include "taut/testing/manual_shard.hpp"
#include "taut/transfer/primary.hpp"
#include "taut/transfer/refresh_scheduler.hpp"
#include "taut/zone/zone.hpp"
#include "taut/zone/zone_file.hpp"

namespace taut {

using namespace std::chrono_literals;

// A zone of this serial with `more` lines; its times are an hour, ten minutes and a day.
inline std::string exampleZone(std::uint32_t serial, std::string_view more = {},
                               std::string_view times = "3600 600 86400") {
  return fmt::format(
      "example. 300 IN SOA ns.example. mail.example. {} {} 60\n"
      "example. 300 IN NS ns.example.\n"
      "ns.example. 300 IN A 192.0.2.53\n{}\n",
      serial, times, more);
}

inline std::shared_ptr<const TsigKey> exampleKey(std::string_view name = "key.", std::uint8_t octet = 7) {
  return std::make_shared<const TsigKey>(
      TsigKey{Name(name), TsigAlgorithm::hmacSha256, std::vector<std::uint8_t>(32, octet)});
}

inline std::shared_ptr<const Zone> loaded(std::string_view text) {
  return parseZone(text).zone;
}

class Secondary {
 public:
  explicit Secondary(RefreshOptions options = {})
      : scheduler(shard, std::move(options), [this](const ZoneVersion& version) {
          versions.push_back(version);
          published_.set();
        }) {}

  // One more primary, on a host of its own.
  testing::FakePrimary& addPrimary(std::shared_ptr<const TsigKey> key = {}, std::shared_ptr<const TsigKey> ours = {}) {
    const auto host = static_cast<std::uint8_t>(primaries.size() + 1);
    primaries.push_back(std::make_unique<testing::FakePrimary>(shard, key, Address::v4({127, 0, 0, host})));
    PrimaryOptions options;
    options.addresses = {primaries.back()->address()};
    options.key = ours ? std::move(ours) : std::move(key);
    servers.push_back(std::make_shared<Primary>(shard, std::move(options)));
    return *primaries.back();
  }
  std::shared_ptr<const SecondarySettings> settings() const {
    auto settings = std::make_shared<SecondarySettings>();
    settings->primaries = servers;
    return settings;
  }

  // Runs the test beside the primaries and the scheduler. `test(Secondary&)` is a task.
  template <class Test>
  void run(Test test) {
    shard.run(main(*this, test(*this)));
  }

  // Until so many versions have been published in all.
  Task<> published(std::size_t count) {
    while (versions.size() < count) {
      published_.reset();
      co_await published_.wait();
    }
  }
  SleepAwaiter pass(Duration time) { return sleepFor(shard, time); }

  const ZoneKeeper& keeper() const { return *scheduler.find(origin); }
  std::uint32_t serial() const { return keeper().version()->isLoaded() ? keeper().version()->serial() : 0; }
  bool has(std::string_view name) const { return static_cast<bool>(keeper().version()->node(Name(name))); }
  // A NOTIFY of a primary has come.
  void notify(std::optional<std::uint32_t> told = std::nullopt, std::size_t from = 0) {
    const auto serial = told ? std::optional(Serial(*told)) : std::nullopt;
    scheduler.notify(origin, Class::IN, primaries[from]->address(), serial);
  }
  void add(std::shared_ptr<const Zone> version) { scheduler.add(settings(), std::move(version)); }
  void addWithoutVersion() { add(Zone::notLoaded(origin)); }

  testing::ManualShard shard;
  const Name origin{"example."};
  std::vector<std::unique_ptr<testing::FakePrimary>> primaries;
  std::vector<std::shared_ptr<Primary>> servers;
  std::vector<ZoneVersion> versions;  // published
  RefreshScheduler scheduler;

 private:
  static Task<> main(Secondary& secondary, Task<> test) {
    TaskScope scope;
    for (const auto& primary : secondary.primaries) scope.spawn(primary->run(), scope.token());
    scope.spawn(secondary.scheduler.run(), scope.token());
    co_await std::move(test);
    scope.stop();
    co_await scope.join();
  }

  Event published_;
};

// Records for messages that no primary should send. They live as long as this object.
class Records {
 public:
  Records& soa(std::uint32_t serial) {
    return add("example.", Type::SOA,
               rdata::SOA(Name("ns.example."), Name("mail.example."), serial, 3600, 600, 86400, 60));
  }
  Records& ns() { return add("example.", Type::NS, rdata::NS(Name("ns.example."))); }
  Records& a(std::string_view name, std::uint8_t last) { return add(name, Type::A, rdata::A(192, 0, 2, last)); }
  template <class Rdata>
  Records& add(std::string_view name, Type type, const Rdata& rdata) {
    withRdataOctets(rdata, [&](ByteSpan octets) { list_.add({Name(name), type, 300, octets}); });
    return *this;
  }

  testing::FakePrimary::Reply reply(const Query& query) const {
    return {{testing::FakePrimary::message(query, {list_.begin(), list_.end()})}};
  }

 private:
  RecordList list_;
};

}  // namespace taut
