#include "taut/recursor/trust_anchor_upkeep.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "recursor_bench.hpp"
#include "support/temporary_folder.hpp"
#include "taut/base/input_file.hpp"
#include "taut/dns/rdata_text.hpp"
#include "taut/testing/log_capture.hpp"

namespace taut::trust_anchor_upkeep_test {

namespace {

using namespace std::chrono_literals;
using test::FakeServer;
using test::RecursorBench;
using test::SigningKey;
using testing::LogCapture;

constexpr std::chrono::hours day{24};

// The root changes from its first key to the second one.
struct Rollover : RecursorBench {
  enum class Phase : std::uint8_t { first, both, second, forged };

  Rollover() {
    world.zone("example.com").add("www A 192.0.2.1").signedWith().servedBy("198.18.2.1");
    world.root().afterSigning([this](test::ZoneRecords& records) {
      if (phase_ == Phase::both) addSecond(records, world.root().key());
      if (phase_ == Phase::forged) addSecond(records, second);
      if (phase_ == Phase::second) revokeFirst(records);
    });
    recursor();
  }
  ~Rollover() { stop(); }

  void setPhase(Phase phase) {
    phase_ = phase;
    world.publish();
  }
  // As a server does that starts with what is in the file.
  void start() {
    TrustAnchorState state(*world.anchors());
    REQUIRE(state.read(path).empty());
    const auto trusted = std::make_shared<const TrustAnchors>(state.anchors());
    recursor().setTrustAnchors(trusted);
    recursor().flushAll();
    upkeep_.emplace(shard, recursor(), std::move(state), path, [this](std::shared_ptr<const TrustAnchors> anchors) {
      ++published;
      recursor().setTrustAnchors(std::move(anchors));
    });
    work_ = std::make_unique<TaskScope>();
    work_->spawn(upkeep_->run(work_->token()), work_->token());
  }
  void stop() {
    if (!work_) return;
    work_->stop();
    shard.run(joined(*work_));
    work_.reset();
  }
  void pass(Duration time) { shard.run(slept(shard, time)); }
  bool isSecure() { return ask("www.example.com").has(flag::AD); }

  // Once it has stopped.
  std::string file() { return InputFile(path, 1 << 20).readAll(); }
  std::string lineOf(const SigningKey& key) {
    const std::string text = file();
    const std::size_t at = text.find(recordOf(key));
    if (at == std::string::npos) return {};
    const std::size_t begin = text.rfind('\n', at) + 1;
    return text.substr(begin, text.find('\n', at) - begin);
  }

  TemporaryFolder folder;
  std::string path = folder.path("state");
  const SigningKey second{Name(), DnssecAlgorithm::ECDSAP256SHA256};
  std::size_t published = 0;

 private:
  static Task<> slept(Shard& shard, Duration time) { co_await sleepFor(shard, time); }
  static Task<> joined(TaskScope& work) { co_await work.join(); }

  static test::SignatureOptions times() {
    const test::Signing signing;
    test::SignatureOptions options;
    options.inception = signing.inception;
    options.expiration = signing.expiration;
    return options;
  }
  void addSecond(test::ZoneRecords& records, const SigningKey& signer) const {
    records.add(Name(), Type::DNSKEY, 3600, second.dnskey());
    records.signAgain(".", Type::DNSKEY, signer, times());
  }
  void revokeFirst(test::ZoneRecords& records) {
    const SigningKey revoked = world.root().key().withFlags(0x0181);
    records.erase(".", Type::DNSKEY);
    records.add(Name(), Type::DNSKEY, 3600, revoked.dnskey());
    records.add(Name(), Type::DNSKEY, 3600, second.dnskey());
    records.at(".", Type::DNSKEY).signatures.emplace_back();
    for (const auto& [owner, sets] : records.names())
      for (const auto& [type, set] : sets)
        if (!set.signatures.empty()) records.signAgain(owner.toString(), type, second, times());
    const auto keys = records.rrset(Name(), Type::DNSKEY);
    records.at(".", Type::DNSKEY).signatures.push_back(revoked.sign(keys.rrset(), times()));
  }
  static std::string recordOf(const SigningKey& key) {
    fmt::memory_buffer text;
    printRdata(Type::DNSKEY, key.dnskey(), text);
    return std::string(text.data(), text.size());
  }

  Phase phase_ = Phase::first;
  std::optional<TrustAnchorUpkeep> upkeep_;
  std::unique_ptr<TaskScope> work_;
};

}  // namespace

TEST_CASE("a root that changes its key is secure throughout, and the old key is not trusted any more") {
  Rollover bench;
  LogCapture log;
  bench.start();
  bench.pass(1s);
  CHECK(bench.isSecure());
  bench.setPhase(Rollover::Phase::both);
  bench.pass(29 * day);
  CHECK(bench.published == 0);
  CHECK(bench.isSecure());
  bench.pass(2 * day);
  CHECK(bench.published == 1);
  CHECK(bench.isSecure());
  bench.setPhase(Rollover::Phase::second);
  bench.pass(2h);
  CHECK(bench.published == 2);
  bench.recursor().flushAll();
  CHECK(bench.isSecure());
  bench.setPhase(Rollover::Phase::first);
  bench.recursor().flushAll();
  CHECK(bench.ask("www.example.com").rcode == Rcode::SERVFAIL);
  bench.stop();
  CHECK(bench.lineOf(bench.second).starts_with(". valid "));
  CHECK(bench.lineOf(bench.world.root().key()).starts_with(". revoked "));
  CHECK(log.count(" is new, and will be trusted from 2026-01-31 on") == 1);
  CHECK(log.count("is trusted") == 2);
  CHECK(log.count(" was revoked, and is not trusted any more") == 1);
}

TEST_CASE("a server that starts again goes on with the times of new keys") {
  Rollover bench;
  bench.setPhase(Rollover::Phase::both);
  bench.start();
  bench.pass(20 * day);
  bench.stop();
  CHECK(bench.lineOf(bench.second).starts_with(". pending "));
  bench.start();
  bench.pass(11 * day);
  CHECK(bench.published == 1);
  bench.stop();
  bench.setPhase(Rollover::Phase::second);
  bench.start();
  CHECK(bench.isSecure());
}

TEST_CASE("without upkeep a root that has changed its key is bogus") {
  Rollover bench;
  bench.setPhase(Rollover::Phase::second);
  CHECK(bench.ask("www.example.com").rcode == Rcode::SERVFAIL);
}

TEST_CASE("the keys of an anchored zone are asked for each hour at most, though they are kept") {
  Rollover bench;
  bench.start();
  bench.pass(1s);
  bench.internet.forgetQuestions();
  bench.pass(10h);
  CHECK(bench.internet.count(".", Type::DNSKEY) == 10);
}

TEST_CASE("where the keys cannot be had they are asked for again an hour later, which is logged") {
  Rollover bench;
  bench.internet.server("198.18.0.1").manner = FakeServer::Manner::dead;
  const LogCapture log;
  bench.start();
  bench.pass(10h + 1min);
  const std::size_t failures = log.count("trust anchor of .: the keys of the zone cannot be had");
  CHECK(failures > 8);
  CHECK(failures < 12);
  bench.internet.server("198.18.0.1").manner = FakeServer::Manner::serving;
  bench.pass(70min);
  CHECK(log.count("is trusted") == 1);
}

TEST_CASE("keys that no trusted key has signed change nothing, which is logged") {
  Rollover bench;
  bench.start();
  bench.pass(1s);
  bench.setPhase(Rollover::Phase::forged);
  const LogCapture log;
  bench.pass(40 * day);
  CHECK(bench.published == 0);
  CHECK(log.has("trust anchor of .: no key that is trusted has signed the zone's keys"));
  bench.stop();
  CHECK(bench.lineOf(bench.second).empty());
}

TEST_CASE("a file that cannot be written is logged, and the keys are followed nevertheless") {
  Rollover bench;
  const LogCapture log;
  bench.start();
  bench.path = bench.folder.path("missing/state");
  bench.stop();
  bench.start();
  bench.setPhase(Rollover::Phase::both);
  bench.pass(32 * day);
  CHECK(bench.published == 1);
  bench.stop();
  CHECK(log.has(bench.path));
  CHECK(log.errors() > 0);
}

TEST_CASE("without trust anchors nobody is asked") {
  RecursorBench bench;
  TemporaryFolder folder;
  TrustAnchorUpkeep upkeep(bench.shard, bench.recursor(), TrustAnchorState(TrustAnchors()), folder.path("state"),
                           [](const auto&) {});
  bench.shard.run(upkeep.run({}));
  CHECK(bench.internet.count() == 0);
}

}  // namespace taut::trust_anchor_upkeep_test
