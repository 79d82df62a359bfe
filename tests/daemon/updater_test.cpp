#include "daemon/updater.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "taut/coro/event.hpp"
#include "taut/coro/task.hpp"
#include "taut/dns/access_list.hpp"
#include "taut/testing/log_capture.hpp"
#include "taut/testing/manual_shard.hpp"
#include "taut/testing/query.hpp"
#include "taut/zone/zone_file.hpp"

namespace updater_test {

using namespace taut;

namespace {

const Name origin("example.");

std::shared_ptr<const Zone> version(std::uint32_t serial, std::string_view body = "") {
  const ZoneLoad loaded = parseZone(
      fmt::format("$ORIGIN example.\n$TTL 300\n@ SOA ns1 hostmaster {} 1 1 1 1\n@ NS ns1\nns1 A 192.0.2.1\n{}", serial,
                  body),
      origin);
  REQUIRE_MESSAGE(loaded.ok(), loaded.firstError());
  return loaded.zone;
}

// An update that adds an address to the name, where it has none when `isNew`.
std::vector<std::uint8_t> adding(std::string_view name, bool isNew = false) {
  testing::QueryShape shape;
  shape.opcode = Opcode::UPDATE;
  std::vector<std::uint8_t> message = testing::makeQuery("example.", Type::SOA, shape);
  const Name owner(name);
  const auto put = [&](Type type, Class rrClass, std::uint32_t ttl, std::vector<std::uint8_t> rdata) {
    message.insert(message.end(), owner.data(), owner.data() + owner.size());
    testing::putU16(message, static_cast<std::uint16_t>(type));
    testing::putU16(message, static_cast<std::uint16_t>(rrClass));
    testing::putU16(message, ttl >> 16);
    testing::putU16(message, ttl & 0xffff);
    testing::putU16(message, rdata.size());
    message.insert(message.end(), rdata.begin(), rdata.end());
  };
  if (isNew) put(Type::ANY, Class::NONE, 0, {});
  message[7] = isNew ? 1 : 0;
  put(Type::A, Class::IN, 60, {192, 0, 2, 77});
  message[9] = 1;
  return message;
}

// The disk and the shards answer when they are told to.
struct Fixture {
  Fixture()
      : updater(
            shard,
            [this](const ZoneVersion& kept, Updater::Kept done) {
              keeping.push_back({kept, std::move(done)});
            },
            [this](ZoneInstall install, std::function<void()> served) {
              installs.push_back(std::move(install));
              serving.push_back(std::move(served));
            }) {
    policy->add({});
  }

  UpdateOrder order(std::vector<std::uint8_t> message) {
    const auto octets = testing::makeQuery("example.", Type::SOA);
    const Query query = Query::parse(octets, {Address::v4({192, 0, 2, 53}, 1), Transport::tcp}).value();
    return {std::move(message), UpdateGrant(policy, query), "192.0.2.53:1", nullptr, nullptr, [this](Rcode rcode) {
              answers.push_back(rcode);
            }};
  }
  void update(std::string_view name, bool isNew = false) { updater.update(origin, order(adding(name, isNew))); }
  // The disk has the oldest version that it was given, or has failed.
  void kept(const std::string& error = {}) {
    const auto done = keeping.front().second;
    keeping.erase(keeping.begin());
    done(error);
    turn();
  }
  // What was posted to the shard is done.
  void turn() {
    Event done;
    shard.post([&done] { done.set(); });
    shard.run(wait(done));
  }
  static Task<> wait(Event& event) { co_await event.wait(); }
  void served() {
    const auto function = serving.front();
    serving.erase(serving.begin());
    function();
  }

  testing::ManualShard shard;
  std::shared_ptr<UpdatePolicy> policy = std::make_shared<UpdatePolicy>();
  std::vector<std::pair<ZoneVersion, Updater::Kept>> keeping;
  std::vector<ZoneInstall> installs;
  std::vector<std::function<void()>> serving;
  std::vector<Rcode> answers;
  Updater updater;
};

bool has(const Zone& zone, std::string_view name) {
  return bool(zone.node(Name(name)));
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "an update is kept, then served, and then answered") {
  updater.add(origin, version(1), SerialPolicy::keep);
  update("a.example.");
  REQUIRE(keeping.size() == 1);
  CHECK(keeping[0].first.differences.size() == 1);
  CHECK(installs.empty());
  kept();
  REQUIRE(installs.size() == 1);
  CHECK(installs[0].zone->serial() == 2);
  CHECK(has(*installs[0].zone, "a.example."));
  CHECK(answers.empty());
  served();
  CHECK(answers == std::vector{Rcode::NOERROR});
  CHECK(updater.updatesOf(origin) == 1);
}

TEST_CASE_FIXTURE(Fixture, "updates that come while the disk is busy are committed together, in their order") {
  updater.add(origin, version(1), SerialPolicy::keep);
  for (const char* name : {"a.example.", "b.example.", "c.example."}) update(name);
  update("b.example.", true);  // the one before has made it
  REQUIRE(keeping.size() == 1);
  CHECK(answers.empty());
  kept();
  REQUIRE(keeping.size() == 1);
  CHECK(keeping[0].first.differences.size() == 2);
  CHECK(keeping[0].first.zone->serial() == 4);
  CHECK(answers == std::vector{Rcode::YXDOMAIN});
  kept();
  served();
  served();
  CHECK(answers == std::vector{Rcode::YXDOMAIN, Rcode::NOERROR, Rcode::NOERROR, Rcode::NOERROR});
}

TEST_CASE_FIXTURE(Fixture, "what cannot be kept is not served, and the next update begins at the version before") {
  const testing::LogCapture log;
  updater.add(origin, version(1), SerialPolicy::keep);
  update("a.example.");
  kept("the disk is full");
  CHECK(installs.empty());
  CHECK(answers == std::vector{Rcode::SERVFAIL});
  update("b.example.", true);
  kept();
  served();
  CHECK(answers == std::vector{Rcode::SERVFAIL, Rcode::NOERROR});
  CHECK(installs[0].zone->serial() == 2);
  CHECK(!has(*installs[0].zone, "a.example."));
}

TEST_CASE_FIXTURE(Fixture, "an update that changes nothing is answered without a version") {
  updater.add(origin, version(1, "a 60 A 192.0.2.77\n"), SerialPolicy::keep);
  update("a.example.");
  CHECK(keeping.empty());
  CHECK(answers == std::vector{Rcode::NOERROR});
}

TEST_CASE_FIXTURE(Fixture, "the serial is that of the policy") {
  updater.add(origin, version(1), SerialPolicy::unixtime);
  update("a.example.");
  const auto now = std::chrono::floor<std::chrono::seconds>(shard.clock().wallTime()).time_since_epoch().count();
  CHECK(keeping[0].first.zone->serial() ==
        nextSerial(SerialPolicy::unixtime, Serial(1), std::chrono::sys_seconds(std::chrono::seconds(now))).value());
}

TEST_CASE_FIXTURE(Fixture,
                  "a newer version of the file takes its turn as a difference, and an older one does not count") {
  const testing::LogCapture log;
  updater.add(origin, version(1), SerialPolicy::keep);
  update("a.example.");
  updater.replaceByFile(version(9, "f A 192.0.2.9\n"));
  kept();
  REQUIRE(keeping.size() == 1);
  CHECK(keeping[0].first.zone->serial() == 9);
  CHECK(keeping[0].first.differences.size() == 1);
  CHECK(has(*keeping[0].first.zone, "f.example."));
  CHECK(!has(*keeping[0].first.zone, "a.example."));
  kept();
  updater.replaceByFile(version(8));
  CHECK(keeping.empty());
  CHECK(installs.size() == 2);
}

TEST_CASE_FIXTURE(Fixture, "a sender may change what its rules allow, each type where a whole name is to go") {
  policy = std::make_shared<UpdatePolicy>();
  policy->add({.types = {Type::TXT}});
  updater.add(origin, version(1, "t TXT x\nboth TXT x\nboth A 192.0.2.1\n"), SerialPolicy::keep);
  update("a.example.");
  CHECK(answers == std::vector{Rcode::REFUSED});
  for (const char* name : {"t.example.", "both.example."}) {
    auto message = adding(name);
    // Of the record: its type and class become ANY, and nothing follows the TTL.
    const std::size_t type = message.size() - 14;
    for (std::size_t i = type; i < type + 4; ++i) message[i] = i % 2 == type % 2 ? 0 : 255;
    message.resize(message.size() - 4);
    for (std::size_t i = type + 4; i < message.size(); ++i) message[i] = 0;
    updater.update(origin, order(message));
  }
  REQUIRE(keeping.size() == 1);
  CHECK(!has(*keeping[0].first.zone, "t.example."));
  kept();
  CHECK(answers == std::vector{Rcode::REFUSED, Rcode::REFUSED});
}

TEST_CASE_FIXTURE(Fixture, "a zone that is not updated any more refuses what waits") {
  updater.add(origin, version(1), SerialPolicy::keep);
  update("a.example.");
  update("b.example.");
  updater.remove(origin);
  update("c.example.");
  CHECK(answers == std::vector{Rcode::REFUSED, Rcode::REFUSED});
  CHECK(!updater.updatesOf(origin));
}

TEST_CASE_FIXTURE(Fixture, "a malformed message is FORMERR and a zone that is not loaded SERVFAIL") {
  updater.add(origin, Zone::notLoaded(origin), SerialPolicy::keep);
  update("a.example.");
  auto message = adding("a.example.");
  message.resize(message.size() - 1);
  updater.update(origin, order(message));
  CHECK(answers == std::vector{Rcode::SERVFAIL, Rcode::FORMERR});
  UpdateOrder late = order(adding("a.example."));
  late.served = version(5);  // it has been loaded since
  updater.update(origin, std::move(late));
  REQUIRE(keeping.size() == 1);
  CHECK(keeping[0].first.zone->serial() == 6);
}

}  // namespace updater_test
