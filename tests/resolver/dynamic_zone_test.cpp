#include "taut/resolver/dynamic_zone.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support/temporary_file.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/resolver/authority.hpp"
#include "taut/zone/zone_file.hpp"

namespace dynamic_zone_test {

using namespace taut;
using namespace std::chrono_literals;

namespace {

const Name origin("dyn.example.");
const Name www("www.dyn.example.");

constexpr std::string_view text = "$ORIGIN dyn.example.\n$TTL 60\n@ SOA ns.x. h.x. 1 3600 600 86400 60\n@ NS ns.x.\n";

std::shared_ptr<const Zone> zoneOf(std::string_view more = "") {
  const ZoneLoad load = parseZone(std::string(text).append(more));
  REQUIRE(load.ok());
  return load.zone;
}

// Versions come only when someone waits for them, and the first one after that.
DynamicZone::Options onlyWhenAsked() {
  return {.interval = std::chrono::hours(1)};
}

Answer ask(const Authority& authority, const Name& name = www, Type type = Type::A) {
  auto answer = authority.answer(Query(name, type));
  REQUIRE(answer);
  return std::move(*answer);
}

std::size_t addresses(const Authority& authority, const Name& name = www) {
  return ask(authority, name).recordCount(Section::answer);
}

// The serial of the SOA that a negative answer has.
std::uint32_t soaSerial(const Answer& answer) {
  REQUIRE(answer.entryCount(Section::authority) == 1);
  const auto soa = rdata::read<rdata::SOA>(answer.entry(0).rrset.front());
  REQUIRE(soa);
  return soa->serial;
}

Task<> wait(Event& event) {
  co_await event.wait();
}

// A shard on a thread of its own, with an authority that answers from the zone, until it is destroyed.
class ServingShard {
 public:
  explicit ServingShard(DynamicZone& zone) : authority_(std::make_unique<Authority>(shard_, zone)) {
    thread_ = std::thread([this] {
      shard_.run(wait(end_));
      syncWait(authority_->close());
    });
  }
  ~ServingShard() {
    shard_.post([this] { end_.set(); });
    thread_.join();
  }

  Shard& shard() { return shard_; }

  // What the function gives for the authority, on the shard's thread.
  template <class Function>
  auto call(Function function) {
    std::promise<decltype(function(*authority_))> promise;
    shard_.post([&] { promise.set_value(function(*authority_)); });
    return promise.get_future().get();
  }

 private:
  Shard shard_;
  Event end_;
  std::unique_ptr<Authority> authority_;
  std::thread thread_;
};

}  // namespace

TEST_CASE(
    "A record that is added is answered, one that is removed is not, and the SOA of both has the serial of its time") {
  DynamicZone zone(origin, 1min, rdata::SOA(Name("ns.x."), Name("h.x."), 1, 2, 3, 4, 60), {rdata::NS(Name("ns.x."))});
  ServingShard serving(zone);
  const auto rcode = [](const Authority& authority) { return ask(authority).rcode(); };
  const auto serial = [](const Authority& authority) { return soaSerial(ask(authority)); };
  CHECK((serving.call(rcode) == Rcode::NXDOMAIN));
  CHECK(serving.call(serial) == 1);

  CHECK(zone.add(www, 5min, rdata::A(192, 0, 2, 1)));
  zone.flush();
  CHECK((serving.call(rcode) == Rcode::NOERROR));
  CHECK(serving.call([](const Authority& authority) { return addresses(authority); }) == 1);
  CHECK(zone.serial() == 2);

  CHECK(zone.removeName(www));
  zone.flush();
  CHECK((serving.call(rcode) == Rcode::NXDOMAIN));
  CHECK(serving.call(serial) == 3);
}

TEST_CASE("Each single step is a change") {
  DynamicZone zone(zoneOf(), onlyWhenAsked());
  const auto count = [&zone] {
    zone.flush();
    return zone.recordCount() - 2;
  };
  CHECK(zone.add(www, 1min, rdata::A(192, 0, 2, 1)));
  CHECK(zone.add(www, 1min, rdata::A(192, 0, 2, 2)));
  CHECK(count() == 2);
  CHECK(zone.remove(www, rdata::A(192, 0, 2, 2)));
  CHECK(count() == 1);
  CHECK(zone.replace(www, 1min, {rdata::A(192, 0, 2, 3), rdata::A(192, 0, 2, 4), rdata::A(192, 0, 2, 5)}));
  CHECK(count() == 3);
  CHECK(zone.replace(www, 1min, std::vector{rdata::TXT("x")}));
  CHECK(count() == 4);
  CHECK(zone.remove(www, Type::A));
  CHECK(count() == 1);
  CHECK(zone.removeName(www));
  CHECK(count() == 0);
  CHECK(zone.origin() == origin);
}

TEST_CASE("A change that is refused says why, and neither it nor a part of it is ever seen") {
  DynamicZone zone(zoneOf("alias CNAME www\n"), onlyWhenAsked());
  auto change = zone.change();
  change.add(www, 1min, rdata::A(192, 0, 2, 1));
  change.add(Name("alias.dyn.example."), 1min, rdata::A(192, 0, 2, 1));
  const auto committed = change.commit();
  CHECK_FALSE(committed);
  CHECK(committed.error() == "alias.dyn.example. A: beside a CNAME (RFC 2181 section 10.1)");
  Shard shard;
  CHECK_FALSE(shard.run(committed.published(shard)));
  CHECK(zone.change().commit());
  zone.flush();
  CHECK(zone.serial() == 1);
  CHECK(zone.recordCount() == 3);
}

TEST_CASE("Two thousand changes in a row are one version, with one step of the serial") {
  DynamicZone zone(zoneOf(), onlyWhenAsked());
  CHECK(zone.add(www, 1min, rdata::A(192, 0, 2, 1)));
  zone.flush();
  CHECK(zone.serial() == 2);
  for (int i = 0; i < 2000; ++i)
    CHECK(zone.add(Name(fmt::format("h{}.dyn.example.", i)), 1min, rdata::A(192, 0, 2, 1)));
  CHECK(zone.serial() == 2);
  zone.flush();
  CHECK(zone.serial() == 3);
  CHECK(zone.recordCount() == 2003);
}

TEST_CASE("A batch is seen whole or not at all, while other threads change and ask") {
  DynamicZone zone(zoneOf());
  ServingShard serving(zone);
  constexpr int rounds = 100;
  std::atomic<bool> done = false;
  const auto replaceAll = [&zone](const char* name) {
    const Name owner(name);
    for (int i = 0; i < rounds; ++i) {
      auto change = zone.change();
      change.remove(owner, Type::A);
      for (int host = 0; host < 3; ++host)
        change.add(owner, 1min, rdata::A(10, 0, static_cast<std::uint8_t>(host), static_cast<std::uint8_t>(i)));
      const auto committed = change.commit();
      CHECK(committed);
    }
  };
  std::thread first([&] { replaceAll("a.dyn.example."); });
  std::thread second([&] { replaceAll("b.dyn.example."); });
  std::thread asking([&] {
    while (!done) {
      for (const char* name : {"a.dyn.example.", "b.dyn.example."}) {
        const std::size_t count =
            serving.call([&](const Authority& authority) { return addresses(authority, Name(name)); });
        CHECK((count == 0 || count == 3));
      }
    }
  });
  first.join();
  second.join();
  zone.flush();
  done = true;
  asking.join();
  CHECK(zone.recordCount() == 8);
  CHECK(serving.call([](const Authority& authority) { return addresses(authority, Name("b.dyn.example.")); }) == 3);
}

TEST_CASE("No change is lost while a zone that has changed much is settled") {
  DynamicZone zone(zoneOf());
  ServingShard serving(zone);
  constexpr int hosts = 6000;  // more than are settled for
  const auto nameOf = [](int thread, int host) { return Name(fmt::format("h{}.t{}.dyn.example.", host, thread)); };
  const auto change = [&](int thread) {
    for (int round = 0; round < 2; ++round)
      for (int host = 0; host < hosts; ++host) {
        const auto address = static_cast<std::uint8_t>(host % 200 + round);
        const auto replaced = zone.replace(nameOf(thread, host), 1min, {rdata::A(10, 0, 0, address)});
        CHECK(replaced);
      }
    for (int host = 0; host < hosts; host += 2) {
      const auto removed = zone.removeName(nameOf(thread, host));
      CHECK(removed);
    }
  };
  std::thread first([&] { change(1); });
  std::thread second([&] { change(2); });
  first.join();
  second.join();
  zone.flush();
  CHECK(zone.recordCount() == 2 + hosts);
  for (int host = 0; host < hosts; host += 97) {
    const Answer answer =
        serving.call([&](const Authority& authority) { return ask(authority, nameOf(1 + host % 2, host)); });
    if (host % 2 == 0) {
      CHECK((answer.rcode() == Rcode::NXDOMAIN));
    } else {
      REQUIRE((answer.rcode() == Rcode::NOERROR));
      CHECK(rdata::read<rdata::A>(answer.entry(0).rrset.front())->address[3] == host % 200 + 1);
    }
  }
}

namespace {

Task<bool> addAndWait(DynamicZone& zone, Shard& shard, StopToken stop) {
  const auto added = zone.add(www, 1min, rdata::A(192, 0, 2, 1));
  const bool published = co_await added.published(shard, stop);
  co_return published;
}

}  // namespace

TEST_CASE("A coroutine that waits for its change goes on when each authority answers with it, its own among them") {
  DynamicZone zone(zoneOf(), onlyWhenAsked());
  CHECK(zone.add(Name("first.dyn.example."), 1min, rdata::A(192, 0, 2, 1)));
  zone.flush();
  ServingShard other(zone);
  Shard shard;
  Authority authority(shard, zone);
  CHECK(addresses(authority) == 0);
  CHECK(shard.run(addAndWait(zone, shard, {})));
  CHECK(addresses(authority) == 1);
  CHECK(other.call([](const Authority& there) { return addresses(there); }) == 1);
}

TEST_CASE("A wait for a change ends with its token, and with the zone") {
  Shard shard;
  Shard still;  // does not run, so that its authority stays behind
  std::optional<DynamicZone> zone(std::in_place, zoneOf());
  const Authority authority(still, *zone);
  StopSource stop;
  stop.requestStop();
  CHECK_FALSE(shard.run(addAndWait(*zone, shard, stop.token())));
  const auto added = zone->add(Name("x.dyn.example."), 1min, rdata::A(192, 0, 2, 1));
  shard.post([&] { zone.reset(); });
  CHECK_FALSE(shard.run(added.published(shard)));
}

TEST_CASE("A flush does not wait for an authority that has closed") {
  DynamicZone zone(zoneOf());
  Shard shard;
  Authority authority(shard, zone);
  syncWait(authority.close());
  CHECK(zone.add(www, 1min, rdata::A(192, 0, 2, 1)));
  zone.flush();
  CHECK(addresses(authority) == 0);
  Authority late(shard, zone);
  CHECK(addresses(late) == 1);
}

TEST_CASE("An answer keeps the version that it comes from, and the version goes with it") {
  auto first = zoneOf("www A 192.0.2.1\n");
  const std::weak_ptr<const Zone> before = first;
  DynamicZone zone(std::move(first), onlyWhenAsked());
  Shard shard;
  Authority authority(shard, zone);
  std::optional<Answer> held = ask(authority);
  const auto committed = zone.replace(www, 1min, {rdata::A(192, 0, 2, 2)});
  CHECK(shard.run(committed.published(shard)));
  const Answer newer = ask(authority);
  CHECK(rdata::read<rdata::A>(newer.entry(0).rrset.front())->address[3] == 2);
  CHECK_FALSE(before.expired());
  CHECK(rdata::read<rdata::A>(held->entry(0).rrset.front())->address[3] == 1);
  held.reset();
  CHECK(before.expired());
}

TEST_CASE("A zone that changes is served beside a set of zones, which may be replaced") {
  const auto setOf = [](const char* address) {
    const ZoneLoad load =
        parseZone(fmt::format("$TTL 60\n@ SOA ns.x. h.x. 1 2 3 4 60\n@ NS ns.x.\na A {}\nto CNAME www.dyn\n", address),
                  Name("example."));
    REQUIRE(load.ok());
    return std::make_shared<const ZoneSet>(std::vector{load.zone});
  };
  DynamicZone zone(zoneOf());
  DynamicZone other(zoneOf("www A 192.0.2.7\n"));
  Shard shard;
  Authority authority(setOf("192.0.2.1"));
  authority.add(shard, zone);
  CHECK(addresses(authority, Name("a.example.")) == 1);
  CHECK(addresses(authority, Name("to.example.")) == 1);  // the alias alone
  const auto added = zone.add(www, 1min, rdata::A(192, 0, 2, 1));
  CHECK(shard.run(added.published(shard)));
  CHECK(addresses(authority, Name("to.example.")) == 2);
  authority.replace(setOf("192.0.2.2"));
  CHECK(addresses(authority, Name("to.example.")) == 2);
  const Answer replaced = ask(authority, Name("a.example."));
  CHECK(rdata::read<rdata::A>(replaced.entry(0).rrset.front())->address[3] == 2);
}

TEST_CASE("Authorities go on with the last version where the zone is gone") {
  Shard shard;
  std::optional<DynamicZone> zone(std::in_place, zoneOf());
  Authority authority(shard, *zone);
  const auto added = zone->add(www, 1min, rdata::A(192, 0, 2, 1));
  CHECK(shard.run(added.published(shard)));
  zone.reset();
  CHECK(addresses(authority) == 1);
}

TEST_CASE("A zone begins with the records of a master file, and one that cannot be served is refused") {
  const TemporaryFile file(std::string(text) + "www A 192.0.2.1\n");
  DynamicZone zone(ZoneSource{.path = file.path(), .origin = std::nullopt});
  CHECK(zone.recordCount() == 3);
  CHECK(zone.serial() == 1);
  const TemporaryFile broken("nonsense\n");
  CHECK_THROWS_AS(DynamicZone(ZoneSource{.path = broken.path(), .origin = origin}), std::runtime_error);
  CHECK_THROWS_AS(DynamicZone(std::shared_ptr<const Zone>()), std::invalid_argument);
  CHECK_THROWS_WITH_AS(DynamicZone(origin, 1min, rdata::SOA(), {}),
                       "dyn.example. has no NS record, and each zone needs one", std::invalid_argument);
}

}  // namespace dynamic_zone_test
