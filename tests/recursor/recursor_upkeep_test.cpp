// What a recursor does of its own accord.
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include <doctest/doctest.h>

#include "recursor_bench.hpp"
#include "taut/testing/log_capture.hpp"

namespace taut::recursor_upkeep_test {

namespace {

using namespace std::chrono_literals;
using test::FakeServer;
using test::RecursorBench;
using testing::LogCapture;

constexpr std::string_view example = "198.18.2.1";

struct UpkeepBench : RecursorBench {
  ~UpkeepBench() { stop(); }

  void start() { start(recursor()); }
  void start(Recursor& started) { shard.run(startedIn(started, work)); }
  void stop() {
    work.stop();
    shard.run(joined(work));
  }
  // Lets the time pass, with all that is done in it.
  void pass(Duration time) { shard.run(slept(shard, time)); }

  void sign(bool isBroken) {
    auto& zone = world.zone("example.com").add("www A 192.0.2.1").signedWith().servedBy(example);
    isBroken_ = isBroken;
    zone.afterSigning([this](test::ZoneRecords& records) {
      if (!isBroken_) return;
      for (const auto& [owner, sets] : records.names())
        for (const auto& [type, set] : sets)
          for (auto& signature : records.at(owner.toString(), type).signatures) signature.back() ^= 1u;
    });
  }
  void mend() {
    isBroken_ = false;
    world.publish();
  }
  bool has(std::string_view name) {
    return recursor().negativeTrustAnchors().covers(Name(name), shard.now()) != nullptr;
  }

  TaskScope work;

 private:
  static Task<> startedIn(Recursor& recursor, TaskScope& work) { co_await recursor.start(work); }
  static Task<> slept(Shard& shard, Duration time) { co_await sleepFor(shard, time); }
  static Task<> joined(TaskScope& work) { co_await work.join(); }

  bool isBroken_ = false;
};

}  // namespace

TEST_CASE("the root is asked for its servers again before they end, once somebody has needed them") {
  UpkeepBench bench;
  bench.world.zone("example.com").add("www A 192.0.2.1").servedBy(example);
  bench.start();
  bench.pass(48h);
  CHECK(bench.internet.count() == 0);
  bench.ask("www.example.com");
  CHECK(bench.internet.count(".", Type::NS) == 1);
  bench.pass(19h);  // of 24
  CHECK(bench.internet.count(".", Type::NS) == 1);
  bench.pass(15min);
  CHECK(bench.internet.count(".", Type::NS) == 2);
  bench.pass(100h);
  CHECK(bench.internet.count(".", Type::NS) == 7);
  bench.askAnew("www.example.com");
  CHECK(bench.internet.count(".", Type::NS) == 0);
}

TEST_CASE("a root that does not answer is asked again as its time runs out, and then when somebody needs it") {
  UpkeepBench bench;
  bench.world.zone("example.com").add("www A 192.0.2.1").servedBy(example);
  bench.start();
  bench.ask("www.example.com");
  bench.internet.server("198.18.0.1").manner = FakeServer::Manner::dead;
  bench.internet.forgetQuestions();
  bench.pass(24h);
  const std::size_t tries = bench.internet.count(".", Type::NS);
  CHECK(tries > 3);
  CHECK(tries < 100);
  bench.internet.forgetQuestions();
  bench.pass(48h);
  CHECK(bench.internet.count() == 0);
  bench.internet.server("198.18.0.1").manner = FakeServer::Manner::serving;
  CHECK(bench.ask("www.example.com").rcode == Rcode::NOERROR);
  bench.internet.forgetQuestions();
  bench.pass(20h);
  CHECK(bench.internet.count(".", Type::NS) == 1);
}

TEST_CASE("a root that was flushed is not asked until somebody needs it") {
  UpkeepBench bench;
  bench.world.zone("example.com").add("www A 192.0.2.1").servedBy(example);
  bench.start();
  bench.ask("www.example.com");
  bench.forgetAll();
  bench.pass(48h);
  CHECK(bench.internet.count() == 0);
  bench.ask("www.example.com");
  bench.internet.forgetQuestions();
  bench.pass(20h);
  CHECK(bench.internet.count(".", Type::NS) == 1);
}

TEST_CASE("with plain iteration the root is not asked unless somebody needs it") {
  UpkeepBench bench;
  bench.options.plainIteration = true;
  bench.world.zone("example.com").add("www A 192.0.2.1").servedBy(example);
  bench.start();
  bench.ask("www.example.com");
  bench.internet.forgetQuestions();
  bench.pass(48h);
  CHECK(bench.internet.count() == 0);
}

TEST_CASE("a negative trust anchor is removed within 300 s after its zone validates again, which is logged") {
  UpkeepBench bench;
  bench.sign(true);
  bench.start();
  CHECK(bench.ask("www.example.com").rcode == Rcode::SERVFAIL);
  REQUIRE(bench.recursor().setNegativeTrustAnchor(Name("example.com"), 24h));
  CHECK(bench.ask("www.example.com").rcode == Rcode::NOERROR);
  const LogCapture log;
  bench.pass(1h);
  CHECK(bench.has("example.com"));
  bench.mend();
  bench.internet.forgetQuestions();
  bench.pass(301s);
  CHECK_FALSE(bench.has("example.com"));
  CHECK(log.count("example.com. is well without its negative trust anchor, which is removed") == 1);
  CHECK(bench.internet.count() < 15);
  CHECK(bench.ask("www.example.com").has(flag::AD));
  bench.internet.forgetQuestions();
  bench.pass(1h);
  CHECK(bench.internet.count() == 0);
}

TEST_CASE("a negative trust anchor is removed when its zone is not signed any more") {
  UpkeepBench bench;
  bench.sign(true);
  bench.start();
  REQUIRE(bench.recursor().setNegativeTrustAnchor(Name("example.com"), 24h));
  bench.pass(301s);
  CHECK(bench.has("example.com"));
  bench.world.zone("example.com").withoutDs();
  bench.world.publish();
  bench.pass(301s);
  CHECK_FALSE(bench.has("example.com"));
}

TEST_CASE("a negative trust anchor stays while nothing can be found out of its zone") {
  UpkeepBench bench;
  bench.sign(false);
  bench.start();
  REQUIRE(bench.recursor().setNegativeTrustAnchor(Name("example.com"), 24h));
  bench.internet.server(example).manner = FakeServer::Manner::dead;
  bench.pass(1h);
  CHECK(bench.has("example.com"));
  bench.internet.server(example).manner = FakeServer::Manner::serving;
  bench.pass(301s);
  CHECK_FALSE(bench.has("example.com"));
}

TEST_CASE("a negative trust anchor without an end stays, and nobody is asked about it") {
  UpkeepBench bench;
  bench.sign(false);
  bench.start();
  REQUIRE(bench.recursor().setNegativeTrustAnchor(Name("example.com"), std::nullopt));
  REQUIRE(bench.recursor().setNegativeTrustAnchor(Name("broken.net"), 1h));
  bench.internet.server("198.18.1.2").manner = FakeServer::Manner::dead;
  bench.pass(2h);
  CHECK(bench.has("example.com"));
  CHECK_FALSE(bench.has("broken.net"));
  CHECK(bench.internet.countBelow("example.com") == 0);
}

TEST_CASE("one negative trust anchor does not hide that the zone of another is broken above it") {
  UpkeepBench bench;
  bench.sign(true);
  bench.world.zone("sub.example.com").signedWith().servedBy("198.18.3.1");
  bench.start();
  REQUIRE(bench.recursor().setNegativeTrustAnchor(Name("example.com"), 24h));
  REQUIRE(bench.recursor().setNegativeTrustAnchor(Name("sub.example.com"), 24h));
  bench.pass(1h);
  CHECK(bench.has("example.com"));
  REQUIRE(bench.recursor().removeNegativeTrustAnchor(Name("example.com")));
  CHECK(bench.has("sub.example.com"));
}

TEST_CASE("of several recursors one checks negative trust anchors, and they are removed from all") {
  UpkeepBench bench;
  bench.options.peers = std::make_shared<RecursorPeers>(2);
  bench.sign(true);
  bench.start();
  Recursor other(bench.shard, bench.options, bench.internet.transport());
  bench.start(other);
  REQUIRE(bench.recursor().setNegativeTrustAnchor(Name("example.com"), 24h));
  REQUIRE(other.setNegativeTrustAnchor(Name("example.com"), 24h));
  bench.pass(10min - 1s);
  CHECK(bench.internet.count(".", Type::DNSKEY) == 1);
  CHECK(other.negativeTrustAnchors().list(bench.shard.now()).size() == 1);
  bench.mend();
  bench.pass(10s);
  CHECK_FALSE(bench.has("example.com"));
  CHECK(other.negativeTrustAnchors().list(bench.shard.now()).empty());
  bench.stop();
  bench.shard.run(other.close());
}

TEST_CASE("other trust anchors count at once, and what was bogus is asked for again") {
  RecursorBench bench;
  bench.world.zone("example.com").add("www A 192.0.2.1").signedWith().servedBy(example);
  bench.recursor();
  auto wrong = std::make_shared<TrustAnchors>();
  const test::SigningKey other{Name()};
  REQUIRE(wrong->add(Name(), Type::DS, bench.world.root().dsOf(other)));
  CHECK(bench.ask("www.example.com").has(flag::AD));
  bench.recursor().setTrustAnchors(wrong);
  CHECK(bench.ask("www.net").rcode == Rcode::SERVFAIL);
  bench.recursor().setTrustAnchors(bench.world.anchors());
  CHECK(bench.ask("www.net").rcode == Rcode::NXDOMAIN);
  CHECK(bench.ask("www.net").has(flag::AD));
  bench.recursor().setTrustAnchors(nullptr);
  bench.recursor().flushAll();
  const auto reply = bench.ask("www.example.com");
  CHECK(reply.rcode == Rcode::NOERROR);
  CHECK_FALSE(reply.has(flag::AD));
}

TEST_CASE("the same trust anchors once more forget nothing") {
  RecursorBench bench;
  bench.world.zone("example.com").add("www A 192.0.2.1").signedWith().servedBy(example);
  bench.ask("www.example.com");
  bench.recursor().setTrustAnchors(bench.world.anchors());
  bench.askAnew(".", Type::DNSKEY);
  CHECK(bench.internet.count() == 0);
}

}  // namespace taut::recursor_upkeep_test
