// Referrals of the root from a copy of it, in place of its servers.
#include "taut/recursor/local_root.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "crypto_costs.hpp"
#include "recursor_bench.hpp"
#include "taut/zone/zonemd.hpp"

namespace taut::local_root_test {

namespace {

using namespace std::chrono_literals;
using test::Octets;
using test::RecursorBench;
using test::Signing;
using test::ZoneRecords;

constexpr std::string_view rootServer = "198.18.0.1";
constexpr std::string_view exampleServer = "198.18.2.1";

test::SignatureOptions timesOf(const Signing& signing) {
  test::SignatureOptions options;
  options.inception = signing.inception;
  options.expiration = signing.expiration;
  return options;
}

// The signed root of the world has a ZONEMD that matches it.
class LocalRootBench : public RecursorBench {
 public:
  using Change = std::function<void(ZoneRecords&)>;

  LocalRootBench() {
    world.root().add("@ ZONEMD 1 1 1 " + std::string(96, '0')).afterSigning([this](ZoneRecords& records) {
      if (beforeDigest) beforeDigest(records);
      writeDigest(records, world.root().key());
      if (afterDigest) afterDigest(records);
    });
    world.zone("example.com").add("www A 192.0.2.1\ntwo A 192.0.2.2").signedWith().servedBy(exampleServer);
  }

  // What the servers of the root serve.
  std::shared_ptr<const Zone> rootZone() {
    recursor();
    return internet.server(rootServer).zone(Name());
  }
  LocalRoot::Made made() {
    const auto anchors = validates ? world.anchors() : nullptr;
    return LocalRoot::make(rootZone(), anchors.get(), {}, shard.clock().wallTime());
  }
  void useCopy() {
    const auto copy = made();
    REQUIRE(copy);
    recursor().setLocalRoot(*copy);
    internet.forgetQuestions();
  }
  std::string refusal() {
    const auto copy = made();
    return copy ? "none" : copy.error();
  }

  // What the servers of the root were asked, as "com. A".
  std::vector<std::string> askedOfRoot() const {
    std::vector<std::string> asked;
    for (const test::AskedQuestion& question : internet.questions())
      if (question.server.hostText() == rootServer)
        asked.push_back(question.name.toString() + " " + toString(question.type));
    std::ranges::sort(asked);
    return asked;
  }

  static void writeDigest(ZoneRecords& records, const test::SigningKey& key, const Signing& signing = {}) {
    const auto digest = zonemdDigest(*records.build(), ZonemdHash::SHA384);
    Octets& rdata = records.at("@", Type::ZONEMD).rdata.front();
    std::ranges::copy(digest, rdata.begin() + 6);
    if (records.has(Name(), Type::DNSKEY)) records.signAgain("@", Type::ZONEMD, key, timesOf(signing));
  }

  Change beforeDigest;
  Change afterDigest;
};

using Asked = std::vector<std::string>;

struct Steps final : ResolutionTrace {
  void note(TimePoint, unsigned, std::string step) override { lines.push_back(std::move(step)); }
  bool has(std::string_view line) const { return std::ranges::find(lines, line) != lines.end(); }
  std::vector<std::string> lines;
};

}  // namespace

TEST_CASE(
    "with a local root its servers are asked for nothing that leads to a name, and what it refers to is validated") {
  LocalRootBench bench;
  bench.useCopy();
  const auto reply = bench.ask("www.example.com");
  CHECK(reply.rcode == Rcode::NOERROR);
  CHECK(reply.has(flag::AD));
  CHECK(reply.texts().front() == "www.example.com. 3600 A 192.0.2.1");
  CHECK(bench.askedOfRoot().empty());
  CHECK(bench.recursor().statistics().localReferrals == 1);
  // A name in the same zone needs no referral of the root.
  bench.ask("two.example.com");
  CHECK(bench.recursor().statistics().localReferrals == 1);
}

TEST_CASE("a local root names the servers of the root too, so that the hints are not asked") {
  LocalRootBench bench;
  bench.useCopy();
  RecursorOptions options = bench.options;
  options.hints.servers.front().addresses[0] = Address::v4({198, 18, 0, 99}, 53);
  Recursor recursor(bench.shard, options, bench.internet.transport());
  recursor.setLocalRoot(*bench.made());
  const auto reply = testing::ask(bench.shard, recursor, testing::query("www.example.com", Type::A, test::withDo));
  CHECK(reply.has(flag::AD));
  CHECK(bench.askedOfRoot().empty());
  CHECK(bench.internet.find(Address::v4({198, 18, 0, 99}, 53)) == nullptr);
  CHECK(bench.internet.count(".", Type::NS) == 0);
  bench.shard.run(recursor.close());
}

TEST_CASE("where the servers that a local root names have no address that may be asked, the hints are") {
  LocalRootBench bench;
  bench.beforeDigest = [](ZoneRecords& records) { records.erase("ns1", Type::A); };
  bench.useCopy();
  CHECK(bench.ask("nothing").rcode == Rcode::NXDOMAIN);
  CHECK(bench.internet.count(".", Type::NS) == 1);
}

TEST_CASE("a delegation without DS is insecure by the proof that the local root has, whatever the proof is made of") {
  for (const auto denial : {Signing::Denial::nsec, Signing::Denial::nsec3, Signing::Denial::optOut}) {
    LocalRootBench bench;
    bench.world.root().signedWith({.denial = denial});
    bench.world.zone("org").add("www A 192.0.2.7").servedBy("198.18.1.7");
    bench.useCopy();
    const auto reply = bench.ask("www.org");
    CHECK(reply.rcode == Rcode::NOERROR);
    CHECK(!reply.has(flag::AD));
    CHECK(bench.askedOfRoot().empty());
  }
}

TEST_CASE("what is not below a delegation is asked of the servers of the root") {
  LocalRootBench bench;
  bench.world.root().add("here TXT \"at the root\"");
  bench.useCopy();
  const auto nothing = bench.ask("nothing");
  CHECK(nothing.rcode == Rcode::NXDOMAIN);
  CHECK(nothing.has(flag::AD));
  CHECK(bench.askedOfRoot() == Asked{"nothing. A"});
  CHECK(bench.askAnew("here", Type::TXT).has(flag::AD));
  CHECK(bench.askedOfRoot() == Asked{"here. TXT"});
  CHECK(bench.askAnew("com", Type::DS).has(flag::AD));
  CHECK(bench.askedOfRoot() == Asked{"com. DS"});
  CHECK(bench.askAnew(".", Type::SOA).has(flag::AD));
  CHECK(bench.askedOfRoot() == Asked{". SOA"});
  CHECK(bench.recursor().statistics().localReferrals == 0);
}

TEST_CASE("DS of a zone further down is found through the local root") {
  LocalRootBench bench;
  bench.useCopy();
  CHECK(bench.ask("example.com", Type::DS).has(flag::AD));
  CHECK(bench.askedOfRoot().empty());
}

TEST_CASE("names that are looked for at the same time take one referral of the local root") {
  LocalRootBench bench;
  bench.useCopy();
  std::vector<test::ClientQuestion> questions;
  for (int i = 0; i < 20; ++i) questions.push_back({"name" + std::to_string(i) + ".example.com"});
  for (const auto& reply : bench.askAll(questions, questions.size())) CHECK(reply.rcode == Rcode::NXDOMAIN);
  CHECK(bench.recursor().statistics().localReferrals == 1);
  CHECK(bench.askedOfRoot().empty());
}

TEST_CASE("a trace tells what the local root has referred to") {
  LocalRootBench bench;
  bench.useCopy();
  Steps steps;
  const auto query = testing::query("www.example.com", Type::A);
  const Query& asked = query;
  REQUIRE(bench.shard.run(bench.recursor().trace(asked, steps)));
  CHECK(steps.has("the servers of . are those that the local root names"));
  CHECK(steps.has("the local root has the keys of ."));
  CHECK(steps.has("the local root refers to com."));
  CHECK(steps.has("signature verified: com. DS"));
  CHECK(steps.has("the cut of com. is secure"));
}

TEST_CASE("delegations of the local root live no longer than their TTL") {
  LocalRootBench bench;
  bench.world.zone("com").delegationTtl(120);
  bench.useCopy();
  bench.ask("www.example.com");
  bench.ask("none.com");
  CHECK(bench.recursor().statistics().localReferrals == 1);
  bench.shard.advance(121s);
  bench.ask("other.com");
  CHECK(bench.recursor().statistics().localReferrals == 2);
}

TEST_CASE("another version of the local root takes the place of the one before, and none lets the servers be asked") {
  LocalRootBench bench;
  bench.useCopy();
  bench.ask("www.example.com");
  bench.world.zone("new").add("www A 192.0.2.9").signedWith().servedBy("198.18.1.9");
  bench.world.publish();
  CHECK(bench.askAnew("www.new").has(flag::AD));
  CHECK(bench.askedOfRoot() == Asked{"new. A"});
  bench.forgetAll();
  bench.useCopy();
  CHECK(bench.ask("www.new").has(flag::AD));
  CHECK(bench.askedOfRoot().empty());
  bench.forgetAll();
  bench.recursor().setLocalRoot(nullptr);
  CHECK(bench.ask("www.new").has(flag::AD));
  CHECK(bench.askedOfRoot() == Asked{". DNSKEY", ". NS", "new. A"});
}

TEST_CASE("a referral of the local root that does not validate is asked of the servers of the root") {
  LocalRootBench bench;
  std::shared_ptr<const Zone> good = bench.rootZone();
  bench.beforeDigest = [](ZoneRecords& records) { records.at("com", Type::DS).signatures.front().back() ^= 1u; };
  bench.world.publish();
  const auto copy = bench.made();
  REQUIRE(copy);
  bench.recursor().setLocalRoot(*copy);
  bench.internet.server(rootServer).serve(good);
  bench.internet.forgetQuestions();
  CHECK(bench.ask("www.example.com").has(flag::AD));
  CHECK(bench.askedOfRoot() == Asked{"com. A"});
  CHECK(bench.recursor().statistics().localReferrals == 0);
}

TEST_CASE("keys of the local root for which no trust anchor speaks are asked of the servers of the root") {
  LocalRootBench bench;
  const std::shared_ptr<const Zone> good = bench.rootZone();
  bench.beforeDigest = [](ZoneRecords& records) { records.at("@", Type::DNSKEY).signatures.front().back() ^= 1u; };
  bench.world.publish();
  const auto copy = LocalRoot::make(bench.rootZone(), nullptr, {}, bench.shard.clock().wallTime());
  REQUIRE(copy);
  bench.recursor().setLocalRoot(*copy);
  bench.internet.server(rootServer).serve(good);
  bench.internet.forgetQuestions();
  CHECK(bench.ask("www.example.com").has(flag::AD));
  CHECK(bench.askedOfRoot() == Asked{". DNSKEY"});
  CHECK(bench.recursor().statistics().localReferrals == 1);
}

TEST_CASE("with a local root what exists is found and validated though no server of the root answers") {
  LocalRootBench bench;
  bench.useCopy();
  bench.internet.server(rootServer).manner = test::FakeServer::Manner::dead;
  CHECK(bench.ask("www.example.com").has(flag::AD));
  CHECK(bench.ask(".", Type::DNSKEY).has(flag::AD));
  CHECK(bench.askedOfRoot().empty());
}

TEST_CASE("once the signatures that prove it have ended a local root is not used") {
  LocalRootBench bench;
  const std::uint32_t now = 1'767'225'600;  // the start of 2026, when the clock begins
  Signing short_;
  short_.expiration = now + 2 * 86400;
  bench.afterDigest = [&](ZoneRecords& records) { bench.writeDigest(records, bench.world.root().key(), short_); };
  bench.useCopy();
  CHECK(bench.made().value()->until() == std::chrono::sys_days(std::chrono::year(2026) / 1 / 3));
  bench.shard.advance(46h);
  bench.ask("www.example.com");
  CHECK(bench.askedOfRoot().empty());
  bench.forgetAll();
  bench.shard.advance(2h);
  CHECK(bench.ask("www.example.com").has(flag::AD));
  CHECK(bench.askedOfRoot() == Asked{". DNSKEY", ". NS", "com. A"});
  CHECK(bench.refusal() == "ZONEMD: the signature has expired");
}

TEST_CASE("who resolves names by other servers than the root's takes nothing of the local root") {
  LocalRootBench bench;
  const std::vector<Address> servers{Address::parse(exampleServer, 53).value()};
  bench.options.zones = {{Name(), FixedZone::Kind::stub, servers}};
  bench.internet.server(exampleServer).manner = test::FakeServer::Manner::refusing;
  bench.useCopy();
  CHECK(bench.ask("www.example.com").rcode == Rcode::SERVFAIL);
  CHECK(bench.recursor().statistics().localReferrals == 0);
}

TEST_CASE("a copy whose digest does not match its records, or which has none, is no local root") {
  SUBCASE("glue is another one, which nobody signs") {
    LocalRootBench bench;
    bench.afterDigest = [](ZoneRecords& records) { records.at("ns1.com", Type::A).rdata.front().back() ^= 1u; };
    CHECK(bench.refusal() == "ZONEMD: the digest with hash 1 does not match the zone");
  }
  SUBCASE("a delegation is missing") {
    LocalRootBench bench;
    bench.afterDigest = [](ZoneRecords& records) { records.erase("net", Type::NS); };
    CHECK(bench.refusal() == "ZONEMD: the digest with hash 1 does not match the zone");
  }
  SUBCASE("the digest itself is another one") {
    LocalRootBench bench;
    bench.afterDigest = [&](ZoneRecords& records) {
      records.at("@", Type::ZONEMD).rdata.front().back() ^= 1u;
      records.signAgain("@", Type::ZONEMD, bench.world.root().key(), timesOf({}));
    };
    CHECK(bench.refusal() == "ZONEMD: the digest with hash 1 does not match the zone");
  }
  SUBCASE("it has none") {
    LocalRootBench bench;
    bench.afterDigest = [](ZoneRecords& records) { records.erase("@", Type::ZONEMD); };
    CHECK(bench.refusal() == "it has no ZONEMD");
  }
}

TEST_CASE("a copy whose digest nobody has signed for whom the trust anchors speak is no local root") {
  LocalRootBench bench;
  const test::SigningKey other{Name()};
  std::string expected;
  SUBCASE("by no signature") {
    bench.afterDigest = [](ZoneRecords& records) { records.at("@", Type::ZONEMD).signatures.clear(); };
    expected = "ZONEMD: no signature covers the records";
  }
  SUBCASE("by a wrong one") {
    bench.afterDigest = [](ZoneRecords& records) { records.at("@", Type::ZONEMD).signatures.front().back() ^= 1u; };
    expected = "ZONEMD: the signature does not verify";
  }
  SUBCASE("by one that has ended") {
    bench.afterDigest = [&](ZoneRecords& records) {
      bench.writeDigest(records, bench.world.root().key(), {.expiration = 1'767'000'000});
    };
    expected = "ZONEMD: the signature has expired";
  }
  SUBCASE("by one that has not begun") {
    bench.afterDigest = [&](ZoneRecords& records) {
      bench.writeDigest(records, bench.world.root().key(), {.inception = 1'800'000'000});
    };
    expected = "ZONEMD: the signature is not yet valid";
  }
  SUBCASE("by a key that the zone has not") {
    bench.afterDigest = [&](ZoneRecords& records) { records.signAgain("@", Type::ZONEMD, other, timesOf({})); };
    expected = "ZONEMD: no key fits";
  }
  SUBCASE("the SOA by a wrong one") {
    bench.beforeDigest = [](ZoneRecords& records) { records.at("@", Type::SOA).signatures.front().back() ^= 1u; };
    expected = "SOA: the signature does not verify";
  }
  SUBCASE("by keys that no anchor vouches for") {
    bench.beforeDigest = [&](ZoneRecords& records) {
      records.at("@", Type::DNSKEY).rdata = {other.dnskey()};
      records.signAgain("@", Type::DNSKEY, other, timesOf({}));
    };
    expected = "DNSKEY: no key fits";
  }
  SUBCASE("by keys that nobody has signed") {
    bench.beforeDigest = [](ZoneRecords& records) { records.at("@", Type::DNSKEY).signatures.clear(); };
    expected = "DNSKEY: no signature covers the records";
  }
  CHECK(bench.refusal() == expected);
}

TEST_CASE("without a trust anchor of the root the digest alone proves a copy") {
  LocalRootBench bench;
  bench.validates = false;
  bench.afterDigest = [](ZoneRecords& records) { records.at("@", Type::ZONEMD).signatures.clear(); };
  bench.useCopy();
  CHECK(bench.made().value()->until() == WallTime::max());
  CHECK(bench.ask("www.example.com").rcode == Rcode::NOERROR);
  CHECK(bench.askedOfRoot().empty());
  TrustAnchors elsewhere;
  const test::WorldZone& com = bench.world.zone("com");
  REQUIRE(elsewhere.add(com.origin(), Type::DS, com.dsOf(com.key())));
  CHECK(LocalRoot::make(bench.rootZone(), &elsewhere, {}, bench.shard.clock().wallTime()));
}

TEST_CASE("what is not loaded, and what is another zone, is no local root") {
  LocalRootBench bench;
  const auto refusal = [&](std::shared_ptr<const Zone> zone) {
    const auto made = LocalRoot::make(std::move(zone), nullptr, {}, bench.shard.clock().wallTime());
    return made ? "none" : made.error();
  };
  CHECK(refusal(nullptr) == "it is not loaded");
  CHECK(refusal(Zone::notLoaded(Name())) == "it is not loaded");
  bench.rootZone();
  CHECK(refusal(bench.internet.server(exampleServer).zone(Name("example.com"))) == "it is not the root");
}

}  // namespace taut::local_root_test
