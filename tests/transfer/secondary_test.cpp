#include "taut/transfer/refresh_scheduler.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "secondary_support.hpp"
#include "support/heap_counter.hpp"
#include "support/packet.hpp"
#include "support/temporary_folder.hpp"
#include "taut/testing/log_capture.hpp"
#include "taut/zone/zonemd.hpp"

namespace secondary_test {

namespace {

using namespace taut;  // NOLINT(google-build-using-namespace)
using testing::FakePrimary;
using Reply = std::optional<FakePrimary::Reply>;

// What answers requests for differences in this way, and all else as a primary does.
auto toDifferences(std::function<FakePrimary::Reply(const Query&)> reply) {
  return [reply = std::move(reply)](const Query& query) -> Reply {
    if (query.type() != Type::IXFR) return std::nullopt;
    return reply(query);
  };
}

TEST_CASE("a zone without a version is transferred at once, whole") {
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(5, "www.example. 300 A 192.0.2.1"));
  secondary.addWithoutVersion();
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.published(1);
    CHECK(s.shard.elapsed() < 100ms);
    CHECK(s.serial() == 5);
    CHECK(s.has("www.example."));
    CHECK(s.primaries[0]->count(Type::AXFR) == 1);
    CHECK(s.primaries[0]->count(Type::IXFR) == 0);
  });
}

TEST_CASE("a refresh asks for the serial, and for differences where it is newer") {
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(5));
  primary.serve(exampleZone(6, "www.example. 300 A 192.0.2.1"));
  secondary.add(loaded(exampleZone(5)));
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.published(1);
    CHECK(s.serial() == 6);
    CHECK(s.has("www.example."));
    CHECK(s.versions[0].differences.size() == 1);
    CHECK(s.primaries[0]->count(Type::SOA, Transport::udp) == 1);
    CHECK(s.primaries[0]->count(Type::IXFR, Transport::tcp) == 1);
    CHECK(s.primaries[0]->count(Type::AXFR) == 0);
    co_await s.pass(61min);
    CHECK(s.primaries[0]->count(Type::SOA) >= 2);
    CHECK(s.versions.size() == 1);
  });
}

TEST_CASE("differences that begin at another version than ours are replaced by the whole zone at once") {
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(7, "www.example. 300 A 192.0.2.1"));
  const Records condensed = Records().soa(7).soa(4).soa(7).a("www.example.", 1).soa(7);
  primary.onQuestion = toDifferences([&](const Query& query) { return condensed.reply(query); });
  secondary.add(loaded(exampleZone(5)));
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.published(1);
    CHECK(s.shard.elapsed() < 1s);
    CHECK(s.serial() == 7);
    CHECK(s.primaries[0]->count(Type::AXFR) == 1);
  });
}

TEST_CASE("differences whose borders are wrong are replaced by the whole zone") {
  const std::array wrong = {
      Records().soa(7).soa(5).soa(5).soa(7),                                        // a step from a serial to itself
      Records().soa(7).soa(5).soa(6).soa(5).soa(7).soa(7),                          // a step that goes back
      Records().soa(7).soa(5).soa(6).a("a.example.", 1).soa(7),                     // ends at another serial
      Records().soa(7).soa(5).soa(7).a("a.example.", 1).soa(7).a("b.example.", 1),  // goes on behind its end
  };
  for (const Records& records : wrong) {
    Secondary secondary;
    FakePrimary& primary = secondary.addPrimary();
    primary.serve(exampleZone(7, "www.example. 300 A 192.0.2.1"));
    primary.onQuestion = toDifferences([&](const Query& query) { return records.reply(query); });
    secondary.add(loaded(exampleZone(5)));
    secondary.run([](Secondary& s) -> Task<> {
      co_await s.published(1);
      CHECK(s.serial() == 7);
      CHECK(s.has("www.example."));
      CHECK_FALSE(s.has("a.example."));
    });
  }
}

TEST_CASE("differences that remove what is not there or add what is there are replaced by the whole zone at once") {
  const std::array inconsistent = {
      Records().soa(6).soa(5).a("gone.example.", 1).soa(6).soa(6),
      Records().soa(6).soa(5).soa(6).a("ns.example.", 53).soa(6),
  };
  for (const Records& records : inconsistent) {
    Secondary secondary;
    FakePrimary& primary = secondary.addPrimary();
    primary.serve(exampleZone(6, "www.example. 300 A 192.0.2.1"));
    primary.onQuestion = toDifferences([&](const Query& query) { return records.reply(query); });
    secondary.add(loaded(exampleZone(5)));
    secondary.run([](Secondary& s) -> Task<> {
      co_await s.published(1);
      CHECK(s.shard.elapsed() < 1s);
      CHECK(s.has("www.example."));
      CHECK(s.primaries[0]->count(Type::AXFR) == 1);
      // The history may be right from here on: differences are asked for again.
      s.primaries[0]->onQuestion = nullptr;
      s.primaries[0]->serve(exampleZone(7, "mail.example. 300 A 192.0.2.2"));
      s.notify(7);
      co_await s.published(2);
      CHECK(s.versions[1].differences.size() == 1);
    });
  }
}

TEST_CASE(
    "a primary that gives no differences is asked for the whole zone for an hour, and then for differences again") {
  for (const Rcode rcode : {Rcode::SERVFAIL, Rcode::REFUSED, Rcode::NOTIMP, Rcode::FORMERR}) {
    Secondary secondary;
    FakePrimary& primary = secondary.addPrimary();
    primary.serve(exampleZone(6));
    primary.onQuestion = toDifferences([&, rcode](const Query& query) { return primary.error(query, rcode); });
    secondary.add(loaded(exampleZone(5)));
    secondary.run([](Secondary& s) -> Task<> {
      FakePrimary& server = *s.primaries[0];
      co_await s.published(1);
      CHECK(server.count(Type::IXFR) == 1);
      server.serve(exampleZone(7));
      s.notify(7);
      co_await s.published(2);
      CHECK(server.count(Type::IXFR) == 1);
      CHECK(server.count(Type::AXFR) == 2);
      co_await s.pass(61min);
      server.serve(exampleZone(8));
      s.notify(8);
      co_await s.published(3);
      CHECK(server.count(Type::IXFR) == 2);
    });
  }
}

TEST_CASE("a connection that ends amid the differences leads to the whole zone") {
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(6, "www.example. 300 A 192.0.2.1"));
  const Records begun = Records().soa(6).soa(5).soa(6);
  primary.onQuestion = toDifferences([&](const Query& query) {
    FakePrimary::Reply reply = begun.reply(query);
    reply.close = true;
    return reply;
  });
  secondary.add(loaded(exampleZone(5)));
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.published(1);
    CHECK(s.shard.elapsed() < 1s);
    CHECK(s.has("www.example."));
  });
}

TEST_CASE("a whole zone that ends with another serial than it began with is not taken") {
  testing::LogCapture log;
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(6));
  const Records torn = Records().soa(6).ns().a("ns.example.", 53).soa(7);
  primary.onQuestion = [&](const Query& query) -> Reply {
    if (query.type() == Type::AXFR) return torn.reply(query);
    return std::nullopt;
  };
  secondary.addWithoutVersion();
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.pass(1s);
    CHECK(s.versions.empty());
    CHECK(s.keeper().failures() == 1);
    s.primaries[0]->onQuestion = nullptr;
    co_await s.published(1);
    CHECK(s.shard.elapsed() < 5s);
  });
  CHECK(log.count("serial") > 0);
}

TEST_CASE("a primary that is older than we are is told of, and is no failure") {
  testing::LogCapture log;
  Secondary secondary;
  secondary.addPrimary().serve(exampleZone(4));
  secondary.add(loaded(exampleZone(5)));
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.pass(23h);
    CHECK(s.versions.empty());
    CHECK(s.serial() == 5);
    CHECK(s.keeper().failures() == 0);
    CHECK(s.primaries[0]->count(Type::SOA) < 40);  // at refresh, not at retry
    CHECK(s.primaries[0]->count(Type::IXFR) == 0);
  });
  CHECK(log.count("serial 4, which is older than our 5") == 1);
}

TEST_CASE("a version that is newer than what all primaries have expires, and theirs is taken at once") {
  testing::LogCapture log;
  Secondary secondary;
  secondary.addPrimary().serve(exampleZone(4));
  secondary.add(loaded(exampleZone(5)));
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.published(1);
    CHECK(s.shard.elapsed() >= 24h);
    CHECK_FALSE(s.versions[0].zone->isLoaded());
    co_await s.published(2);
    CHECK(s.shard.elapsed() < 24h + 5s);
    CHECK(s.serial() == 4);
    co_await s.pass(48h);
    CHECK(s.versions.size() == 2);
  });
}

TEST_CASE("a primary with an older version makes none expire that another one confirms") {
  testing::LogCapture log;
  Secondary secondary;
  secondary.addPrimary().serve(exampleZone(4));
  secondary.addPrimary().serve(exampleZone(5));
  secondary.add(loaded(exampleZone(5)));
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.pass(96h);
    CHECK(s.versions.empty());
    CHECK(s.serial() == 5);
  });
}

TEST_CASE("an SOA alone that is newer, where differences were asked for, leads to the whole zone") {
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(6, "www.example. 300 A 192.0.2.1"));
  primary.onQuestion = toDifferences([&](const Query& query) { return primary.soa(query); });
  secondary.add(loaded(exampleZone(5)));
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.published(1);
    CHECK(s.shard.elapsed() < 15s);
    CHECK(s.serial() == 6);
    CHECK(s.primaries[0]->count(Type::AXFR) == 1);
  });
}

TEST_CASE("serials go round: what is newer is taken, and what is not is left") {
  struct Case {
    std::uint32_t ours;
    std::uint32_t theirs;
    bool taken;
  };
  for (const Case& one :
       {Case{0xffffffff, 0, true}, Case{0xffffffff, 1, true}, Case{0xfffffff0, 5, true}, Case{0, 0xffffffff, false},
        Case{1, 0x80000001, false}, Case{1, 0x80000000, true}, Case{0, 1, true}}) {
    CAPTURE(one.ours);
    CAPTURE(one.theirs);
    Secondary secondary;
    FakePrimary& primary = secondary.addPrimary();
    primary.serve(exampleZone(one.ours));
    primary.serve(exampleZone(one.theirs));
    secondary.add(loaded(exampleZone(one.ours)));
    secondary.run([](Secondary& s) -> Task<> { co_await s.pass(1s); });
    CHECK(secondary.versions.size() == (one.taken ? 1 : 0));
    CHECK(secondary.keeper().version()->serial() == (one.taken ? one.theirs : one.ours));
  }
}

TEST_CASE("a zone that no primary confirms expires, and then any serial is taken") {
  testing::LogCapture log;
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  secondary.add(loaded(exampleZone(5)));
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.published(1);  // the primary refuses until then
    CHECK(s.shard.elapsed() >= 24h);
    CHECK(s.shard.elapsed() < 24h + 1s);
    CHECK_FALSE(s.versions[0].zone->isLoaded());
    CHECK(s.versions[0].zone->origin() == s.origin);
    CHECK(s.keeper().hasExpired());
    s.primaries[0]->serve(exampleZone(3));
    co_await s.published(2);
    CHECK(s.serial() == 3);
    CHECK_FALSE(s.keeper().hasExpired());
  });
  CHECK(log.count("serial 5 has expired") == 1);
  CHECK(primary.count(Type::IXFR) == 0);
}

TEST_CASE("a zone does not expire while checks succeed, though no transfer was needed") {
  Secondary secondary;
  secondary.addPrimary().serve(exampleZone(5));
  secondary.add(loaded(exampleZone(5)));
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.pass(7 * 24h);
    CHECK(s.versions.empty());
    CHECK(s.serial() == 5);
    const std::size_t checks = s.primaries[0]->count(Type::SOA);
    CHECK(checks >= 7u * 24u);
    CHECK(checks <= 7u * 24u * 4u / 3u + 1u);
  });
}

TEST_CASE("a zone that comes from a secondary expires when that one says, and is checked before") {
  testing::LogCapture log;
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(5));
  primary.expire = 1800;  // the refresh time is an hour
  SUBCASE("whole") {
    secondary.addWithoutVersion();
  }
  SUBCASE("by differences") {
    primary.serve(exampleZone(6));
    secondary.add(loaded(exampleZone(5)));
  }
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.published(1);
    s.primaries[0]->onQuestion = [&](const Query& query) -> Reply {
      return s.primaries[0]->error(query, Rcode::REFUSED);
    };
    co_await s.pass(901s);
    CHECK(s.primaries[0]->count(Type::SOA) > 1);
    co_await s.published(2);
    CHECK(s.shard.elapsed() >= 1800s);
    CHECK(s.shard.elapsed() < 1801s);
    CHECK(s.keeper().hasExpired());
  });
}

Duration expiresIn(const Secondary& secondary) {
  return *secondary.keeper().expires() - secondary.shard.now();
}

TEST_CASE("a check makes the time until a zone expires longer, and never shorter, by what the primary says") {
  testing::LogCapture log;
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(5));
  secondary.add(loaded(exampleZone(5)));
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.pass(1s);
    CHECK(expiresIn(s) > 24h - 2s);
    s.primaries[0]->expire = 60;
    s.notify();
    co_await s.pass(1s);
    CHECK(s.primaries[0]->count(Type::SOA) == 2);
    CHECK(expiresIn(s) > 24h - 3s);
    CHECK(expiresIn(s) <= 24h - 2s);
    co_await s.pass(20h);
    s.primaries[0]->expire = 10 * 3600;
    s.notify();
    co_await s.pass(1s);
    CHECK(expiresIn(s) > 10h - 2s);
    CHECK(expiresIn(s) <= 10h);
    s.primaries[0]->expire = 4'000'000'000;
    s.notify();
    co_await s.pass(1s);
    CHECK(expiresIn(s) <= 24h);
    CHECK(expiresIn(s) > 24h - 2s);
  });
}

TEST_CASE("a primary that tells of an SOA's own time, shorter than two checks take, has no version expire at once") {
  testing::LogCapture log;
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(5, {}, "25 25 0"));
  primary.expire = 0;
  secondary.addWithoutVersion();
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.published(1);
    CHECK(expiresIn(s) == 50s);
    co_await s.pass(2min);
    CHECK(s.versions.size() == 1);
    CHECK_FALSE(s.keeper().hasExpired());
  });
}

TEST_CASE("a primary whose version is about to expire is transferred from once a retry time") {
  testing::LogCapture log;
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(5));
  primary.expire = 0;
  secondary.addWithoutVersion();
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.pass(24h);
    CHECK(s.primaries[0]->count(Type::AXFR) > 100);
    CHECK(s.primaries[0]->count(Type::AXFR) < 200);
  });
}

TEST_CASE("after a restart the timers go on by the calendar, however long it took") {
  const TemporaryFolder folder;
  RefreshOptions options;
  options.stateFile = folder.path("zones.state");
  {
    Secondary secondary(options);
    secondary.addPrimary().serve(exampleZone(5));
    secondary.addWithoutVersion();
    secondary.run([](Secondary& s) -> Task<> {
      co_await s.published(1);
      co_await s.pass(10min);
    });
  }
  struct Case {
    Duration away;
    bool asks;  // within five minutes
    bool expired;
  };
  for (const Case& one : {Case{10min, false, false}, Case{2h, true, false}, Case{30h, true, true}}) {
    Secondary secondary(options);
    secondary.shard.advance(one.away);
    secondary.addPrimary();
    secondary.add(loaded(exampleZone(5)));
    secondary.run([](Secondary& s) -> Task<> { co_await s.pass(5min); });
    CHECK((secondary.primaries[0]->count(Type::SOA, Transport::udp) > 0) == one.asks);
    CHECK(secondary.keeper().hasExpired() == one.expired);
  }
}

TEST_CASE("a restart with an older version than the state tells of is checked at once") {
  const TemporaryFolder folder;
  RefreshOptions options;
  options.stateFile = folder.path("zones.state");
  {
    Secondary secondary(options);
    secondary.addPrimary().serve(exampleZone(6));
    secondary.addWithoutVersion();
    secondary.run([](Secondary& s) -> Task<> { co_await s.published(1); });
  }
  Secondary secondary(options);
  secondary.addPrimary().serve(exampleZone(6));
  secondary.add(loaded(exampleZone(5)));
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.published(1);
    CHECK(s.shard.elapsed() < 1s);
    CHECK(s.serial() == 6);
  });
}

TEST_CASE("records of the largest sizes come whole and by differences") {
  const auto zoneOf = [](std::uint32_t serial, char letter) {
    std::string more = "big.example. 300 TXT";
    for (int i = 0; i < 230; ++i) more += fmt::format(" \"{}\"", std::string(255, letter));
    for (int i = 0; i < 200; ++i)
      more += fmt::format("\nmany.example. 300 TXT {0} \"{1}\" \"{1}\"", i, std::string(200, letter));
    return exampleZone(serial, more);
  };
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(zoneOf(5, 'a'));
  secondary.addWithoutVersion();
  const std::string later = zoneOf(6, 'b');
  primary.onQuestion = [&](const Query& query) -> Reply {
    if (query.type() == Type::SOA && secondary.versions.size() == 1) primary.serve(later);
    return std::nullopt;
  };
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.published(1);
    CHECK(s.keeper().version()->recordCount() == 204);
    s.notify();
    co_await s.published(2);
    CHECK(s.keeper().version()->recordCount() == 204);
    CHECK(s.versions[1].differences.size() == 1);
    CHECK(s.primaries[0]->count(Type::AXFR) == 1);
  });
}

TEST_CASE("the question may be missing in messages after the first one") {
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(5));
  const Records first = Records().soa(5).ns();
  primary.onQuestion = [&](const Query& query) -> Reply {
    if (query.type() != Type::AXFR) return std::nullopt;
    FakePrimary::Reply reply = first.reply(query);
    Packet second = Packet::header(flag::QR | flag::AA, 0, 2);
    storeU16(second.data(), query.id());
    withRdataOctets(rdata::A(192, 0, 2, 53), [&](ByteSpan rdata) { second.record("ns.example.", Type::A, rdata); });
    withRdataOctets(rdata::SOA(Name("ns.example."), Name("mail.example."), 5, 3600, 600, 86400, 60),
                    [&](ByteSpan rdata) { second.record("example.", Type::SOA, rdata); });
    reply.messages.emplace_back(second.data(), second.data() + second.size());
    return reply;
  };
  secondary.addWithoutVersion();
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.published(1);
    CHECK(s.has("ns.example."));
  });
}

TEST_CASE("records outside the zone are left out, and a lack of glue is no reason to refuse it") {
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(5));
  const Records records = Records().soa(5).ns().a("www.example.", 1).a("www.elsewhere.", 1).soa(5);
  primary.onQuestion = [&](const Query& query) -> Reply {
    if (query.type() == Type::AXFR) return records.reply(query);
    return std::nullopt;
  };
  secondary.addWithoutVersion();
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.published(1);
    CHECK(s.has("www.example."));
    CHECK_FALSE(s.has("ns.example."));
    CHECK(s.keeper().version()->recordCount() == 3);
  });
}

TEST_CASE("a thousand zones that are due at the start are checked without flooding their primary") {
  static constexpr std::size_t count = 1000;
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(5));
  std::size_t inFlight = 0;
  const auto settings = secondary.settings();
  primary.onQuestion = [&](const Query& query) -> Reply {
    inFlight = std::max(inFlight, secondary.servers[0]->window().inFlight());
    Answer answer;
    answer.setAuthoritative(true);
    answer.add(query.name(), 300s, rdata::SOA(Name("ns."), Name("mail."), 5, 3600, 600, 86400, 60));
    FakePrimary::Message reply(512);
    reply.resize(writeReply(query, answer, {}, reply));
    return FakePrimary::Reply{{reply}};
  };
  for (std::size_t i = 0; i < count; ++i)
    secondary.scheduler.add(settings, loaded(fmt::format("z{0}. 300 IN SOA ns. mail. 5 3600 600 86400 60\n"
                                                         "z{0}. 300 IN NS ns.elsewhere.\n",
                                                         i)));
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.pass(5s);
    CHECK(s.primaries[0]->count(Type::SOA) == count);
    CHECK(s.primaries[0]->asked.back().at - s.primaries[0]->asked.front().at > 400ms);
  });
  CHECK(inFlight <= QuestionWindow::most);
}

TEST_CASE("a zone that rests takes a few hundred octets beside its records") {
  constexpr std::size_t count = 10'000;
  Secondary secondary;
  secondary.addPrimary();
  const auto settings = secondary.settings();
  std::vector<std::shared_ptr<const Zone>> zones;
  for (std::size_t i = 0; i < count; ++i) zones.push_back(Zone::notLoaded(Name(fmt::format("z{}.", i))));
  const std::size_t before = HeapCounter::octets();
  for (const auto& zone : zones) secondary.scheduler.add(settings, zone);
  CHECK(HeapCounter::octets() - before < count * 360);
}

TEST_CASE("a primary that answers nothing is asked by few questions at a time, and zones of others do not wait") {
  Secondary secondary;
  secondary.addPrimary();
  secondary.primaries[0]->onQuestion = [](const Query&) -> Reply { return FakePrimary::Reply{}; };
  const auto silent = secondary.settings();
  for (std::size_t i = 0; i < 500; ++i) secondary.scheduler.add(silent, Zone::notLoaded(Name(fmt::format("z{}.", i))));
  secondary.servers.clear();
  secondary.addPrimary().serve(exampleZone(5));
  secondary.addWithoutVersion();
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.published(1);
    CHECK(s.shard.elapsed() < 1s);
    CHECK(s.serial() == 5);
    co_await s.pass(1min);
    CHECK(s.scheduler.find(Name("z0."))->settings().primaries[0]->window().size() == 1);
  });
}

TEST_CASE("a thousand NOTIFYs lead to two transfers at most, and the last version is there") {
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(5));
  secondary.add(loaded(exampleZone(5)));
  secondary.run([](Secondary& s) -> Task<> {
    FakePrimary& server = *s.primaries[0];
    co_await s.pass(1s);
    server.serve(exampleZone(6));
    for (int i = 0; i < 1000; ++i) s.notify(6);
    co_await s.published(1);
    for (int i = 0; i < 1000; ++i) s.notify(6);
    co_await s.pass(10s);
    CHECK(s.serial() == 6);
    CHECK(server.count(Type::IXFR) + server.count(Type::AXFR) == 1);
    // Without a serial each may be news, so one more check is needed for those that came meanwhile.
    const std::size_t before = server.count(Type::SOA);
    for (int i = 0; i < 1000; ++i) s.notify();
    co_await s.pass(10s);
    CHECK(server.count(Type::SOA) == before + 2);
  });
}

TEST_CASE("a NOTIFY that comes during a transfer begins another round after it") {
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(5));
  primary.onQuestion = [&](const Query& query) -> Reply {
    if (query.type() != Type::AXFR) return std::nullopt;
    FakePrimary::Reply reply = primary.whole(query);
    reply.pause = 10s;
    return reply;
  };
  secondary.addWithoutVersion();
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.pass(5s);
    CHECK(s.scheduler.transfers() == 1);
    s.primaries[0]->serve(exampleZone(6));
    s.notify(6);
    CHECK(s.scheduler.transfers() == 1);
    co_await s.published(2);
    CHECK(s.versions[0].zone->serial() == 5);
    CHECK(s.versions[1].zone->serial() == 6);
  });
}

TEST_CASE("the sender of a NOTIFY is asked first, and what it has is taken") {
  Secondary secondary;
  for (int i = 0; i < 3; ++i) secondary.addPrimary().serve(exampleZone(5));
  secondary.add(loaded(exampleZone(5)));
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.pass(1s);
    for (const auto& primary : s.primaries) primary->asked.clear();
    s.primaries[2]->serve(exampleZone(6));
    s.notify(std::nullopt, 2);
    co_await s.published(1);
    CHECK(s.serial() == 6);
    CHECK(s.primaries[0]->asked.empty());
    CHECK(s.primaries[1]->asked.empty());
    // The one that was good last is the first the next time.
    CHECK(s.keeper().lastPrimary() == s.primaries[2]->address());
  });
}

TEST_CASE("a refresh takes the newest version of all primaries") {
  Secondary secondary;
  for (const std::uint32_t serial : {6, 8, 7}) secondary.addPrimary().serve(exampleZone(serial));
  secondary.add(loaded(exampleZone(5)));
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.published(1);
    CHECK(s.serial() == 8);
    CHECK(s.versions.size() == 1);
    CHECK(s.primaries[0]->count(Type::IXFR) + s.primaries[2]->count(Type::IXFR) == 0);
  });
}

TEST_CASE("where a transfer fails, the version is taken from another primary that has it") {
  Secondary secondary;
  for (int i = 0; i < 2; ++i) secondary.addPrimary().serve(exampleZone(6));
  secondary.primaries[0]->onQuestion = [&](const Query& query) -> Reply {
    if (query.type() == Type::SOA) return std::nullopt;
    return secondary.primaries[0]->error(query, Rcode::REFUSED);
  };
  secondary.add(loaded(exampleZone(5)));
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.published(1);
    CHECK(s.shard.elapsed() < 1s);
    CHECK(s.serial() == 6);
    CHECK(s.keeper().failures() == 0);
  });
}

TEST_CASE("a transfer that failed after a NOTIFY is tried again after the retry time, and not the refresh time") {
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(5));
  secondary.add(loaded(exampleZone(5)));
  secondary.run([](Secondary& s) -> Task<> {
    FakePrimary& server = *s.primaries[0];
    co_await s.pass(1s);
    server.serve(exampleZone(6));
    server.onQuestion = [&](const Query& query) -> Reply {
      if (query.type() == Type::SOA) return std::nullopt;
      return server.error(query, Rcode::SERVFAIL);
    };
    s.notify(6);
    co_await s.pass(1min);
    CHECK(s.keeper().failures() == 1);
    server.onQuestion = nullptr;
    co_await s.published(1);
    CHECK(s.shard.elapsed() > 450s);
    CHECK(s.shard.elapsed() < 602s);
  });
}

TEST_CASE("a transfer may take long, as long as octets come") {
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  std::string more;
  for (int i = 0; i < 2000; ++i) more += fmt::format("host{}.example. 300 TXT \"some octets to fill messages\"\n", i);
  primary.serve(exampleZone(5, more));
  primary.onQuestion = [&](const Query& query) -> Reply {
    if (query.type() != Type::AXFR) return std::nullopt;
    FakePrimary::Reply reply = primary.whole(query);
    CHECK(reply.messages.size() > 5);
    reply.pause = 55s;
    return reply;
  };
  secondary.addWithoutVersion();
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.published(1);
    CHECK(s.shard.elapsed() > 300s);
    CHECK(s.primaries[0]->count(Type::AXFR) == 1);
    CHECK(s.keeper().version()->recordCount() == 2003);
  });
}

TEST_CASE("a transfer of which nothing comes for a minute is given up") {
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(5));
  primary.onQuestion = [&](const Query& query) -> Reply {
    if (query.type() != Type::AXFR) return std::nullopt;
    FakePrimary::Reply reply = primary.whole(query);
    reply.pause = 65s;
    return reply;
  };
  secondary.addWithoutVersion();
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.pass(59s);
    CHECK(s.scheduler.transfers() == 1);
    co_await s.pass(2s);
    CHECK(s.keeper().failures() == 1);
  });
}

TEST_CASE("a transfer that brings less than 10 KiB in five minutes is given up, though octets come all the time") {
  testing::LogCapture log;
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(5));
  const Records first = Records().soa(5).ns().a("ns.example.", 53);
  const Records next = Records().a("www.example.", 1);
  primary.onQuestion = [&](const Query& query) -> Reply {
    if (query.type() != Type::AXFR) return std::nullopt;
    FakePrimary::Reply reply = first.reply(query);
    reply.messages.resize(100, next.reply(query).messages[0]);
    reply.pause = 50s;
    return reply;
  };
  secondary.addWithoutVersion();
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.pass(299s);
    CHECK(s.scheduler.transfers() == 1);
    co_await s.pass(51s);
    CHECK(s.keeper().failures() == 1);
  });
  CHECK(log.count("less than 10 KiB have come in 5 minutes") == 1);
}

TEST_CASE("a zone without a version is asked for less and less often while no primary answers") {
  Secondary secondary;
  secondary.addPrimary();
  secondary.addWithoutVersion();
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.pass(24h);
    std::vector<Duration> pauses;
    const auto& asked = s.primaries[0]->asked;
    for (std::size_t i = 1; i < asked.size(); ++i)
      if (asked[i].transport == Transport::udp) pauses.push_back(asked[i].at - asked[i - 1].at);
    REQUIRE(pauses.size() > 15);
    CHECK(pauses.size() < 60);
    CHECK(pauses[0] >= 1s);
    CHECK(pauses[0] <= 3s);
    CHECK(pauses[6] >= 64s);
    CHECK(pauses[6] <= 193s);
    CHECK(pauses.back() >= 30min);
    CHECK(pauses.back() <= 90min);
  });
}

TEST_CASE("times of 0 in an SOA lead to no tight loop") {
  Secondary secondary;
  secondary.addPrimary().serve(exampleZone(5, {}, "0 0 0"));
  secondary.add(loaded(exampleZone(5, {}, "0 0 0")));
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.pass(5min);
    CHECK(s.primaries[0]->count(Type::SOA) >= 150);
    CHECK(s.primaries[0]->count(Type::SOA) <= 201);
    CHECK(s.versions.empty());
  });
}

TEST_CASE("other primaries for a zone lead to no second transfer beside the one under way") {
  Secondary secondary;
  FakePrimary& slow = secondary.addPrimary();
  slow.serve(exampleZone(5));
  slow.onQuestion = [&](const Query& query) -> Reply {
    if (query.type() != Type::AXFR) return std::nullopt;
    FakePrimary::Reply reply = slow.whole(query);
    reply.pause = 30s;
    return reply;
  };
  secondary.addWithoutVersion();
  secondary.addPrimary().serve(exampleZone(6));
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.pass(5s);
    CHECK(s.scheduler.transfers() == 1);
    s.servers.erase(s.servers.begin());
    s.addWithoutVersion();
    co_await s.pass(1s);
    CHECK(s.scheduler.transfers() == 1);
    co_await s.published(1);
    CHECK(s.serial() == 6);
    CHECK(s.versions.size() == 1);
  });
}

TEST_CASE("a zone whose newer version cannot be had is told of as failing, though its serial is known") {
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(6));
  primary.onQuestion = [&](const Query& query) -> Reply {
    if (query.type() == Type::SOA) return std::nullopt;
    return primary.error(query, Rcode::SERVFAIL);
  };
  secondary.add(loaded(exampleZone(5)));
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.pass(23h);
    CHECK(s.keeper().failures() > 100);
    CHECK(s.serial() == 5);
    co_await s.pass(2h);
    CHECK(s.keeper().hasExpired());
  });
}

TEST_CASE("a whole zone in answer to a request for differences is taken, and logged as what it is") {
  testing::LogCapture log;
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(6, "www.example. 300 A 192.0.2.1"));  // no version before: given whole, by QTYPE IXFR
  secondary.add(loaded(exampleZone(5)));
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.published(1);
    CHECK(s.serial() == 6);
    CHECK(s.versions[0].differences.empty());
    CHECK(s.primaries[0]->count(Type::IXFR) == 1);
    CHECK(s.primaries[0]->count(Type::AXFR) == 0);
  });
  CHECK(log.count("serial 6 from") == 1);
  CHECK(log.count("the whole zone") == 1);
  CHECK(log.count("by differences") == 0);
}

TEST_CASE("a zone in answer to a request for differences that is refused leads to a request for the whole zone") {
  testing::LogCapture log;
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(6));
  const Records withoutServers = Records().soa(6).a("www.example.", 1).soa(6);
  primary.onQuestion = toDifferences([&](const Query& query) { return withoutServers.reply(query); });
  secondary.add(loaded(exampleZone(5)));
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.published(1);
    CHECK(s.shard.elapsed() < 5s);
    CHECK(s.serial() == 6);
    CHECK(s.primaries[0]->count(Type::AXFR) == 1);
    s.primaries[0]->serve(exampleZone(7));
    s.notify();
    co_await s.published(2);
    CHECK(s.primaries[0]->count(Type::IXFR) == 1);  // it is not asked for differences again soon
  });
  CHECK(log.count("the zone is refused: example. has no NS record") == 1);
}

TEST_CASE("a server that answers no question for the SOA is asked for the transfer all the same") {
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(6));
  primary.onQuestion = [](const Query& query) -> Reply {
    if (query.type() != Type::SOA) return std::nullopt;
    FakePrimary::Reply nothing;
    nothing.close = true;
    return nothing;
  };
  secondary.add(loaded(exampleZone(5)));
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.published(1);
    CHECK(s.serial() == 6);
    CHECK(s.primaries[0]->count(Type::IXFR) == 1);
  });
}

TEST_CASE("a NOTIFY that is ahead of its primary leads to no loop") {
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(5));
  primary.onQuestion = toDifferences([&](const Query& query) { return primary.soa(query); });
  secondary.add(loaded(exampleZone(5)));
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.pass(1s);
    s.notify(9);
    co_await s.pass(10min);
    CHECK(s.primaries[0]->count(Type::IXFR) == 1);
    CHECK(s.keeper().failures() == 0);
  });
}

TEST_CASE("a zone is taken whole on request, though its serial is the same") {
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(5, "www.example. 300 A 192.0.2.1"));
  secondary.add(loaded(exampleZone(5)));
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.pass(1s);
    CHECK(s.scheduler.refresh(s.origin, Class::IN, true));
    co_await s.published(1);
    CHECK(s.has("www.example."));
    CHECK(s.primaries[0]->count(Type::AXFR) == 1);
  });
}

TEST_CASE("a zone over the limits is not taken") {
  testing::LogCapture log;
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  std::string more;
  for (int i = 0; i < 2000; ++i) more += fmt::format("host{}.example. 300 A 192.0.2.1\n", i);
  primary.serve(exampleZone(5, more));
  auto settings = std::make_shared<SecondarySettings>(*secondary.settings());
  settings->limits.records = 1000;
  secondary.scheduler.add(settings, Zone::notLoaded(secondary.origin));
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.pass(1s);
    CHECK(s.versions.empty());
    CHECK(s.keeper().failures() == 1);
  });
}

// The ZONEMD record of a zone with this text, as it should be, or with another digest.
std::string zonemdOf(const std::string& text, std::uint32_t serial, bool matches) {
  std::string digest;
  for (const std::uint8_t octet : zonemdDigest(*loaded(text), ZonemdHash::SHA384))
    digest += fmt::format("{:02x}", matches ? octet : octet ^ 1);
  return fmt::format("example. 300 ZONEMD {} 1 1 {}", serial, digest);
}

TEST_CASE("a zone whose ZONEMD does not match is not taken, whole or by differences") {
  testing::LogCapture log;
  static const std::string www = "www.example. 300 A 192.0.2.1\n";
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  SUBCASE("whole") {
    primary.serve(exampleZone(6, www + zonemdOf(exampleZone(6, www), 6, false)));
    secondary.add(Zone::notLoaded(secondary.origin));
  }
  SUBCASE("by differences, and then whole") {
    primary.serve(exampleZone(5, zonemdOf(exampleZone(5), 5, true)));
    secondary.add(loaded(exampleZone(5, zonemdOf(exampleZone(5), 5, true))));
    primary.serve(exampleZone(6, www + zonemdOf(exampleZone(6, www), 6, false)));
  }
  secondary.run([](Secondary& s) -> Task<> {
    const bool loadedBefore = s.keeper().version()->isLoaded();
    co_await s.pass(1s);
    CHECK(s.versions.empty());
    CHECK(s.keeper().failures() == 1);
    CHECK(s.primaries[0]->count(Type::IXFR) == (loadedBefore ? 1 : 0));
    CHECK(s.primaries[0]->count(Type::AXFR) == 1);
    s.primaries[0]->serve(exampleZone(7, www + zonemdOf(exampleZone(7, www), 7, true)));
    s.notify();
    co_await s.published(1);
    CHECK(s.serial() == 7);
  });
  CHECK(log.count("the digest with hash 1 does not match the zone") >= 1);
}

TEST_CASE("a zone that cannot be served is not taken") {
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(5));
  const Records cname = Records()
                            .soa(5)
                            .ns()
                            .a("www.example.", 1)
                            .add("www.example.", Type::CNAME, rdata::CNAME(Name("ns.example.")))
                            .soa(5);
  primary.onQuestion = [&](const Query& query) -> Reply {
    if (query.type() == Type::AXFR) return cname.reply(query);
    return std::nullopt;
  };
  secondary.addWithoutVersion();
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.pass(1s);
    CHECK(s.versions.empty());
    s.primaries[0]->onQuestion = nullptr;
    co_await s.published(1);
  });
}

TEST_CASE("no more transfers run at a time than are allowed, in all and for each primary") {
  RefreshOptions options;
  options.maxTransfers = 3;
  options.maxTransfersPerPrimary = 2;
  Secondary secondary(options);
  for (int i = 0; i < 2; ++i) {
    FakePrimary& primary = secondary.addPrimary();
    primary.onQuestion = [](const Query& query) -> Reply {
      const std::string zone = query.name().toString();
      Records records;
      const auto soa = rdata::SOA(Name("ns."), Name("mail."), 5, 3600, 600, 86400, 60);
      records.add(zone, Type::SOA, soa);
      if (query.type() == Type::AXFR)
        records.add(zone, Type::NS, rdata::NS(Name("ns.elsewhere."))).add(zone, Type::SOA, soa);
      FakePrimary::Reply reply = records.reply(query);
      if (query.type() == Type::AXFR) reply.pause = 10s;
      return reply;
    };
    auto settings = std::make_shared<SecondarySettings>();
    settings->primaries = {secondary.servers.back()};
    for (int zone = 0; zone < 6; ++zone)
      secondary.scheduler.add(settings, Zone::notLoaded(Name(fmt::format("z{}-{}.", i, zone))));
  }
  secondary.run([](Secondary& s) -> Task<> {
    for (std::size_t seen = 0; s.versions.size() < 12;) {
      co_await s.pass(1s);
      CHECK(s.scheduler.transfers() <= 3);
      seen = std::max(seen, s.scheduler.transfers());
      if (s.shard.elapsed() > 2min) break;
    }
    CHECK(s.versions.size() == 12);
    CHECK(s.shard.elapsed() < 55s);
  });
}

TEST_CASE("a version that has changed much is settled, and is the same one in a new image") {
  static constexpr int steps = 21;  // of which the last one leads to settling
  static constexpr int namesPerStep = 200;
  static const auto zoneOf = [](int step) {
    std::string more;
    for (int i = 0; i < steps * namesPerStep; ++i)
      more += fmt::format("host{}.example. 300 A 192.0.2.{}\n", i, i / namesPerStep < step ? 2 : 1);
    return exampleZone(static_cast<std::uint32_t>(step + 1), more);
  };
  Secondary secondary;
  secondary.addPrimary().serve(zoneOf(0));
  secondary.addWithoutVersion();
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.published(1);
    std::size_t settled = 0;
    std::size_t seen = 1;
    for (int step = 1; step <= steps; ++step) {
      s.primaries[0]->serve(zoneOf(step));
      s.notify(static_cast<std::uint32_t>(step + 1));
      while (s.serial() != static_cast<std::uint32_t>(step + 1)) {
        ++seen;
        co_await s.published(seen);
      }
    }
    while (settled == 0) {
      co_await s.pass(10ms);
      settled = static_cast<std::size_t>(std::ranges::count_if(s.versions, &ZoneVersion::isSettled));
    }
    CHECK(s.serial() == steps + 1);
    CHECK(s.keeper().version()->recordCount() == steps * namesPerStep + 3);
    CHECK(s.primaries[0]->count(Type::AXFR) == 1);
    const auto expected = loaded(zoneOf(steps));
    CHECK(zonemdDigest(*s.keeper().version(), ZonemdHash::SHA384) == zonemdDigest(*expected, ZonemdHash::SHA384));
  });
}

TEST_CASE("a zone that is removed is asked for no more, and a transfer under way is not published") {
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(5));
  primary.onQuestion = [&](const Query& query) -> Reply {
    if (query.type() != Type::AXFR) return std::nullopt;
    FakePrimary::Reply reply = primary.whole(query);
    reply.pause = 10s;
    return reply;
  };
  secondary.addWithoutVersion();
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.pass(5s);
    CHECK(s.scheduler.remove(s.origin));
    CHECK_FALSE(s.scheduler.remove(s.origin));
    co_await s.pass(24h);
    CHECK(s.versions.empty());
    CHECK(s.primaries[0]->count(Type::AXFR) == 1);
  });
}

TEST_CASE("a stop ends all transfers at once") {
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary();
  primary.serve(exampleZone(5));
  primary.onQuestion = [](const Query&) -> Reply { return FakePrimary::Reply{}; };
  secondary.addWithoutVersion();
  secondary.run([](Secondary& s) -> Task<> { co_await s.pass(1ms); });
  CHECK(secondary.shard.elapsed() < 1s);
}

TEST_CASE("with a key all messages of a long transfer are signed, and it is taken") {
  Secondary secondary;
  std::string more;
  for (int i = 0; i < 2000; ++i) more += fmt::format("host{}.example. 300 A 192.0.2.1\n", i);
  secondary.addPrimary(exampleKey()).serve(exampleZone(5, more));
  secondary.addWithoutVersion();
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.published(1);
    CHECK(s.keeper().version()->recordCount() == 2003);
  });
}

TEST_CASE("a transfer whose last message is not signed, or none of it, is not taken") {
  for (const auto signs : {FakePrimary::Signed::allButLast, FakePrimary::Signed::none}) {
    Secondary secondary;
    FakePrimary& primary = secondary.addPrimary(exampleKey());
    std::string more;
    for (int i = 0; i < 2000; ++i) more += fmt::format("host{}.example. 300 A 192.0.2.1\n", i);
    primary.serve(exampleZone(5, more));
    primary.onQuestion = [&, signs](const Query& query) -> Reply {
      primary.signs = query.type() == Type::AXFR ? signs : FakePrimary::Signed::all;
      return std::nullopt;
    };
    secondary.addWithoutVersion();
    secondary.run([](Secondary& s) -> Task<> {
      co_await s.pass(1s);
      CHECK(s.primaries[0]->count(Type::AXFR) == 1);
      CHECK(s.versions.empty());
      CHECK(s.keeper().failures() == 1);
    });
  }
}

TEST_CASE("a key that the primary does not share is told of") {
  for (const auto& wrong : {exampleKey("other.", 7), exampleKey("key.", 8)}) {
    testing::LogCapture log;
    Secondary secondary;
    secondary.addPrimary(exampleKey(), wrong).serve(exampleZone(5));
    secondary.addWithoutVersion();
    secondary.run([](Secondary& s) -> Task<> {
      co_await s.pass(1s);
      CHECK(s.versions.empty());
    });
    CHECK(log.count("does not accept our signature") == 1);
  }
}

TEST_CASE("clocks that differ too much are told of, both") {
  testing::LogCapture log;
  Secondary secondary;
  FakePrimary& primary = secondary.addPrimary(exampleKey());
  primary.serve(exampleZone(5));
  primary.clockIsAhead = 1h;
  secondary.addWithoutVersion();
  secondary.run([](Secondary& s) -> Task<> {
    co_await s.pass(1s);
    CHECK(s.versions.empty());
  });
  CHECK(log.count("BADTIME, its clock is at") == 1);
}

}  // namespace

}  // namespace secondary_test
