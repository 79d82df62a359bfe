// What a Recursor finds of signed zones, right and wrong ones.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "recursor_bench.hpp"
#include "taut/recursor/recursor.hpp"

namespace taut::validation_test {

namespace {

using namespace std::chrono_literals;
using test::FakeServer;
using test::plain;
using test::RecursorBench;
using test::SignatureOptions;
using test::Signing;
using test::withCd;
using test::withDo;
using test::ZoneRecords;
using testing::ParsedReply;
using Lines = std::vector<std::string>;

constexpr std::string_view example = "198.18.2.1";
const SignatureOptions valid{.inception = 1'577'836'800, .expiration = 2'082'758'400};

struct SignedBench : RecursorBench {
  test::WorldZone& zone(const Signing& signing = {}) {
    return world.zone("example.com")
        .add("www A 192.0.2.1\nalias CNAME www\n*.wild A 192.0.2.2\na.deep A 192.0.2.3")
        .signedWith(signing)
        .servedBy(example);
  }
};

Signing with(Signing::Denial denial) {
  Signing signing;
  signing.denial = denial;
  return signing;
}

bool isSecure(const ParsedReply& reply) {
  return reply.rcode != Rcode::SERVFAIL && reply.has(flag::AD);
}
bool isInsecure(const ParsedReply& reply) {
  return reply.rcode != Rcode::SERVFAIL && !reply.has(flag::AD);
}
bool isBogus(const ParsedReply& reply) {
  return reply.rcode == Rcode::SERVFAIL && !reply.has(flag::AD) && reply.extendedError().has_value();
}

// Takes records of the type out of the replies of a server.
void leaveOut(RecursorBench& bench, std::string_view server, Type type) {
  bench.recursor();
  bench.internet.server(server).alteration = [type](const Query&, Answer& answer) {
    answer.removeIf([&](const Answer::Entry& entry) { return entry.rrset.type == type; });
  };
}

}  // namespace

TEST_CASE("data of signed zones is secure, whatever kind it is") {
  Signing signing;
  SUBCASE("NSEC") {}
  SUBCASE("NSEC3") {
    signing = with(Signing::Denial::nsec3);
  }
  SUBCASE("NSEC3 with salt and iterations") {
    signing = with(Signing::Denial::nsec3);
    signing.iterations = 10;
    signing.salt = {0xab, 0xcd};
  }
  SUBCASE("Ed25519") {
    signing.algorithm = DnssecAlgorithm::ED25519;
  }
  SUBCASE("P-384") {
    signing.algorithm = DnssecAlgorithm::ECDSAP384SHA384;
  }
  SUBCASE("Ed448") {
    signing.algorithm = DnssecAlgorithm::ED448;
  }
  SUBCASE("RSA") {
    signing.algorithm = DnssecAlgorithm::RSASHA256;
  }
  SignedBench bench;
  bench.zone(signing);
  CHECK(isSecure(bench.ask("www.example.com")));
  CHECK(isSecure(bench.ask("alias.example.com")));
  CHECK(isSecure(bench.ask("www.example.com", Type::TXT)));
  CHECK(isSecure(bench.ask("deep.example.com")));  // an empty non-terminal
  CHECK(isSecure(bench.ask("example.com", Type::DNSKEY)));
  CHECK(isSecure(bench.ask("example.com", Type::DS)));
  CHECK(isSecure(bench.ask("example.com", Type::SOA)));
  const ParsedReply missing = bench.ask("missing.example.com");
  CHECK(missing.rcode == Rcode::NXDOMAIN);
  CHECK(isSecure(missing));
  const ParsedReply expanded = bench.ask("x.wild.example.com");
  CHECK(isSecure(expanded));
  CHECK(expanded.texts().front() == "x.wild.example.com. 3600 A 192.0.2.2");
  CHECK(isSecure(bench.ask("x.wild.example.com", Type::TXT)));
  CHECK(bench.recursor().statistics().bogus == 0);
}

TEST_CASE("what is kept is as secure as what was fetched, and has its proofs") {
  SignedBench bench;
  bench.zone();
  for (int round = 0; round < 2; ++round) {
    CHECK(isSecure(bench.ask("www.example.com")));
    const ParsedReply missing = bench.ask("missing.example.com");
    CHECK(isSecure(missing));
    CHECK(missing.all<rdata::NSEC>(Section::authority).size() >= 1);
    const ParsedReply expanded = bench.ask("x.wild.example.com");
    CHECK(isSecure(expanded));
    CHECK(expanded.all<rdata::NSEC>(Section::authority).size() == 1);
    if (round == 0) bench.internet.forgetQuestions();
  }
  CHECK(bench.internet.count() == 0);
}

TEST_CASE("AD is for clients that ask with AD or DO, and signatures are for those with DO") {
  SignedBench bench;
  bench.zone();
  const ParsedReply withoutBoth = bench.ask("www.example.com", Type::A, plain);
  CHECK_FALSE(withoutBoth.has(flag::AD));
  CHECK(withoutBoth.records().size() == 1);
  const ParsedReply withAd =
      bench.ask("www.example.com", Type::A, {.flags = flag::RD | flag::AD, .transport = Transport::tcp});
  CHECK(withAd.has(flag::AD));
  CHECK(withAd.records().size() == 1);
  const ParsedReply both = bench.ask("www.example.com", Type::A, withDo);
  CHECK(both.has(flag::AD));
  CHECK(both.records().size() == 2);
  const ParsedReply denied = bench.ask("missing.example.com", Type::A, plain);
  CHECK(denied.rcode == Rcode::NXDOMAIN);
  CHECK(denied.records(Section::authority).size() == 1);  // the SOA record
}

TEST_CASE("clients with and without DO and CD share what is fetched") {
  SignedBench bench;
  bench.zone();
  bench.ask("www.example.com", Type::A, plain);
  bench.internet.forgetQuestions();
  CHECK(bench.ask("www.example.com", Type::A, withDo).records().size() == 2);
  CHECK(bench.ask("www.example.com", Type::A, withCd).records().size() == 2);
  CHECK(bench.internet.count() == 0);
}

// Insecure data.

TEST_CASE("a zone without DS is insecure where its parent proves that") {
  Signing parent;
  SUBCASE("by NSEC") {}
  SUBCASE("by NSEC3") {
    parent = with(Signing::Denial::nsec3);
  }
  SUBCASE("by a span that opts out") {
    parent = with(Signing::Denial::optOut);
  }
  RecursorBench bench;
  bench.world.zone("org").signedWith(parent).servedBy("198.18.1.3");
  bench.world.zone("plain.org").add("www A 192.0.2.1").servedBy(example);
  bench.world.zone("island.org").add("www A 192.0.2.1").signedWith().withoutDs().servedBy("198.18.2.2");
  bench.world.zone("secure.org").add("www A 192.0.2.1").signedWith().servedBy("198.18.2.3");
  for (const char* const name : {"www.plain.org", "www.island.org"}) {
    const ParsedReply reply = bench.ask(name);
    CHECK(isInsecure(reply));
    CHECK(reply.records().size() >= 1);
  }
  CHECK(isSecure(bench.ask("www.secure.org")));
  CHECK(isInsecure(bench.ask("missing.plain.org")));
  CHECK(bench.ask("missing.plain.org").rcode == Rcode::NXDOMAIN);
}

TEST_CASE("a zone below an insecure one is insecure, though it has DS records") {
  RecursorBench bench;
  bench.world.zone("plain.com").servedBy(example);
  bench.world.zone("sub.plain.com").add("www A 192.0.2.1").signedWith().servedBy("198.18.2.2");
  CHECK(isInsecure(bench.ask("www.sub.plain.com")));
}

TEST_CASE("a zone whose algorithms or digests are not known is insecure") {
  SignedBench bench;
  auto& zone = bench.zone();
  test::Octets ds = zone.dsOf(zone.key());
  SUBCASE("an unknown algorithm") {
    ds[2] = 200;
  }
  SUBCASE("an algorithm that is not used any more") {
    ds[2] = 1;
  }
  SUBCASE("an unknown digest") {
    ds[3] = 200;
  }
  zone.ds({ds});
  CHECK(isInsecure(bench.ask("www.example.com")));
  CHECK(bench.ask("www.example.com").records().size() >= 1);
}

TEST_CASE("SHA-1 makes a zone insecure where the options say so") {
  RecursorBench bench;
  bool validates = true;
  SUBCASE("by default it is validated") {}
  SUBCASE("switched off") {
    validates = false;
  }
  bench.options.algorithms.validateSha1 = validates;
  Signing signing;
  signing.algorithm = DnssecAlgorithm::RSASHA1_NSEC3_SHA1;
  bench.world.zone("example.com").add("www A 192.0.2.1").signedWith(signing).servedBy(example);
  CHECK(isSecure(bench.ask("www.example.com")) == validates);
  CHECK(bench.ask("www.example.com").rcode == Rcode::NOERROR);
}

TEST_CASE("names that NSEC3 with too many iterations denies are insecure, and the answer says why") {
  Signing signing = with(Signing::Denial::nsec3);
  signing.iterations = 60;
  SignedBench bench;
  bench.zone(signing);
  const ParsedReply missing = bench.ask("missing.example.com");
  CHECK(missing.rcode == Rcode::NXDOMAIN);
  CHECK(isInsecure(missing));
  CHECK(missing.extendedError() == ExtendedErrorCode::unsupportedNsec3Iterations);
  CHECK(isSecure(bench.ask("www.example.com")));
}

TEST_CASE("a delegation that NSEC3 with too many iterations denies to be signed is insecure") {
  Signing signing = with(Signing::Denial::nsec3);
  signing.iterations = 60;
  RecursorBench bench;
  bench.world.zone("org").signedWith(signing).servedBy("198.18.1.3");
  bench.world.zone("plain.org").add("www A 192.0.2.1").servedBy(example);
  CHECK(isInsecure(bench.ask("www.plain.org")));
}

// Bogus data.

TEST_CASE("bogus data is SERVFAIL with the reason, and for clients with CD the data") {
  SignedBench bench;
  auto& zone = bench.zone();
  ExtendedErrorCode reason{};
  SUBCASE("expired") {
    reason = ExtendedErrorCode::signatureExpired;
    zone.afterSigning([&](ZoneRecords& records) {
      records.signAgain("www", Type::A, zone.key(), {.inception = 1'577'836'800, .expiration = 1'600'000'000});
    });
  }
  SUBCASE("not yet valid") {
    reason = ExtendedErrorCode::signatureNotYetValid;
    zone.afterSigning([&](ZoneRecords& records) {
      records.signAgain("www", Type::A, zone.key(), {.inception = 2'000'000'000, .expiration = 2'082'758'400});
    });
  }
  SUBCASE("changed") {
    reason = ExtendedErrorCode::dnssecBogus;
    zone.afterSigning([&](ZoneRecords& records) { records.at("www", Type::A).rdata.front()[3] = 66; });
  }
  SUBCASE("without signature") {
    reason = ExtendedErrorCode::rrsigsMissing;
    zone.afterSigning([&](ZoneRecords& records) { records.at("www", Type::A).signatures.clear(); });
  }
  SUBCASE("signed by another key") {
    reason = ExtendedErrorCode::dnskeyMissing;
    zone.afterSigning([&](ZoneRecords& records) {
      const test::SigningKey other(Name("example.com"));
      records.signAgain("www", Type::A, other, valid);
    });
  }
  SUBCASE("signed by the parent") {
    reason = ExtendedErrorCode::rrsigsMissing;
    zone.afterSigning([&](ZoneRecords& records) {
      const test::SigningKey& com = bench.world.zone("com").key();
      records.signAgain("www", Type::A, com, valid);
    });
  }
  const ParsedReply reply = bench.ask("www.example.com");
  CHECK(isBogus(reply));
  CHECK(reply.records().empty());
  CHECK(reply.extendedError() == reason);
  const ParsedReply unchecked = bench.ask("www.example.com", Type::A, withCd);
  CHECK(unchecked.rcode == Rcode::NOERROR);
  CHECK_FALSE(unchecked.has(flag::AD));
  CHECK(unchecked.records().front().type == Type::A);
  CHECK(isSecure(bench.ask("deep.example.com")));  // the others are well
  CHECK(bench.recursor().statistics().bogus == 1);
}

TEST_CASE("a zone whose keys no DS record vouches for is bogus") {
  SignedBench bench;
  auto& zone = bench.zone();
  SUBCASE("another key") {
    const test::SigningKey other(Name("example.com"));
    zone.ds({zone.dsOf(other)});
  }
  SUBCASE("another digest") {
    test::Octets ds = zone.dsOf(zone.key());
    ds.back() ^= 1;
    zone.ds({ds});
  }
  SUBCASE("the DNSKEY RRset is not signed") {
    zone.afterSigning([](ZoneRecords& records) { records.at("@", Type::DNSKEY).signatures.clear(); });
  }
  SUBCASE("there are no keys") {
    zone.afterSigning([](ZoneRecords& records) { records.erase("@", Type::DNSKEY); });
  }
  CHECK(isBogus(bench.ask("www.example.com")));
  CHECK(isBogus(bench.ask("missing.example.com")));
  CHECK(bench.ask("www.example.com", Type::A, withCd).records().size() == 2);
  CHECK(bench.internet.count() < 40);
}

TEST_CASE("an unsigned zone that has a DS record is bogus") {
  RecursorBench bench;
  auto& zone = bench.world.zone("example.com").add("www A 192.0.2.1").servedBy(example);
  const test::SigningKey key(Name("example.com"));
  zone.ds({zone.dsOf(key)});
  CHECK(isBogus(bench.ask("www.example.com")));
  CHECK(isBogus(bench.ask("missing.example.com")));
}

TEST_CASE("a denial without its proof is bogus") {
  SignedBench bench;
  SUBCASE("NSEC") {
    bench.zone();
    leaveOut(bench, example, Type::NSEC);
  }
  SUBCASE("NSEC3") {
    bench.zone(with(Signing::Denial::nsec3));
    leaveOut(bench, example, Type::NSEC3);
  }
  CHECK(isBogus(bench.ask("missing.example.com")));
  CHECK(bench.ask("missing.example.com").extendedError() == ExtendedErrorCode::nsecMissing);
  CHECK(isBogus(bench.ask("www.example.com", Type::TXT)));
  CHECK(isBogus(bench.ask("x.wild.example.com")));  // it does not show that x.wild itself is not there
  CHECK(isSecure(bench.ask("www.example.com")));
}

TEST_CASE("an absence whose reply lacks the SOA record is secure by its proof") {
  for (const Signing::Denial denial : {Signing::Denial::nsec, Signing::Denial::nsec3}) {
    SignedBench bench;
    bench.zone(with(denial));
    leaveOut(bench, example, Type::SOA);
    CHECK(isSecure(bench.ask("www.example.com", Type::TXT)));
    const ParsedReply missing = bench.ask("missing.example.com");
    CHECK(missing.rcode == Rcode::NXDOMAIN);
    CHECK(isSecure(missing));
  }
}

TEST_CASE("an absence whose reply lacks SOA record and proof is bogus") {
  SignedBench bench;
  bench.zone();
  bench.recursor();
  bench.internet.server(example).alteration = [](const Query&, Answer& answer) {
    answer.removeIf([](const Answer::Entry& entry) { return entry.section == Section::authority; });
  };
  CHECK(isBogus(bench.ask("www.example.com", Type::TXT)));
  CHECK(isBogus(bench.ask("missing.example.com")));
}

TEST_CASE("a proof of another denial is bogus") {
  SignedBench bench;
  bench.zone();
  bench.recursor();
  bench.internet.server(example).alteration = [](const Query& query, Answer& answer) {
    if (query.name() == Name("www.example.com")) {  // which is there: its own NSEC record says so
      answer.setRcode(Rcode::NXDOMAIN);
      answer.removeIf([](const Answer::Entry& entry) { return entry.section == Section::answer; });
    }
  };
  CHECK(isBogus(bench.ask("www.example.com", Type::TXT)));
}

TEST_CASE("a referral that hides the DS record is bogus") {
  SignedBench bench;
  bench.zone();
  leaveOut(bench, "198.18.1.1", Type::DS);
  CHECK(isBogus(bench.ask("www.example.com")));
}

TEST_CASE("an insecure delegation without its proof is bogus") {
  RecursorBench bench;
  bench.world.zone("example.com").add("www A 192.0.2.1").servedBy(example);
  leaveOut(bench, "198.18.1.1", Type::NSEC);
  CHECK(isBogus(bench.ask("www.example.com")));
}

TEST_CASE("a server that leaves out signatures is not asked again where another one has them") {
  SignedBench bench;
  auto& zone = bench.zone().servedBy("198.18.2.2");
  for (int i = 0; i < 300; ++i) zone.add("n" + std::to_string(i) + " A 192.0.2.1");
  bench.recursor();
  bench.internet.server(example).manner = FakeServer::Manner::unsignedData;
  for (int i = 0; i < 300; ++i) CHECK(isSecure(bench.ask("n" + std::to_string(i) + ".example.com")));
  CHECK(bench.internet.server(example).questions < 30);
}

TEST_CASE("where the server that has glue says what is bogus another one is looked up") {
  SignedBench bench;
  bench.world.zone("hoster.net").add("ns A 198.18.3.1").servedBy("198.18.3.9");
  bench.zone().servedBy("ns.hoster.net", "198.18.3.1");
  leaveOut(bench, example, Type::RRSIG);
  CHECK(isSecure(bench.ask("www.example.com")));
  CHECK(isSecure(bench.ask("missing.example.com")));
}

TEST_CASE("of the servers of a bogus zone one at most is looked up") {
  SignedBench bench;
  auto& hoster = bench.world.zone("hoster.net").servedBy("198.18.3.9");
  auto& zone = bench.zone();
  for (int i = 1; i <= 8; ++i) {
    const std::string host = "ns" + std::to_string(i);
    const std::string address = "198.18.3." + std::to_string(i);
    hoster.add(host + " A " + address);
    zone.servedBy(host + ".hoster.net", address);
  }
  zone.afterSigning([](ZoneRecords& records) { records.at("www", Type::A).signatures.clear(); });
  CHECK(isBogus(bench.ask("www.example.com")));
  std::size_t lookups = 0;
  for (int i = 1; i <= 8; ++i) lookups += bench.internet.count("ns" + std::to_string(i) + ".hoster.net", Type::A);
  CHECK(lookups == 1);
}

TEST_CASE("bogus data is kept for a while, and then asked for again") {
  SignedBench bench;
  auto& zone = bench.zone();
  zone.afterSigning([](ZoneRecords& records) { records.at("www", Type::A).signatures.clear(); });
  CHECK(isBogus(bench.ask("www.example.com")));
  bench.internet.forgetQuestions();
  CHECK(isBogus(bench.ask("www.example.com")));
  CHECK(bench.internet.count() == 0);
  zone.afterSigning({});
  bench.world.publish();
  bench.shard.advance(61s);
  CHECK(isSecure(bench.ask("www.example.com")));
}

TEST_CASE("bogus data does not take the place of good data that may be served as stale") {
  SignedBench bench;
  auto& zone = bench.zone().add("short 60 A 192.0.2.9");
  CHECK(isSecure(bench.ask("short.example.com")));
  zone.afterSigning([](ZoneRecords& records) { records.at("short", Type::A).rdata.front()[3] = 66; });
  bench.world.publish();
  bench.shard.advance(61s);
  for (int round = 0; round < 2; ++round) {
    const ParsedReply reply = bench.ask("short.example.com");
    if (reply.rcode == Rcode::NOERROR) CHECK(reply.texts().front() == "short.example.com. 30 A 192.0.2.9");
  }
}

TEST_CASE("clients with CD get data though no chain of trust leads to it") {
  SignedBench bench;
  auto& zone = bench.zone();
  SUBCASE("the root's keys are not those of the anchor") {
    bench.validates = false;
    const test::SigningKey other{Name()};
    auto anchors = std::make_shared<TrustAnchors>();
    CHECK(anchors->add(Name(), Type::DS, bench.world.root().dsOf(other)));
    bench.options.anchors = anchors;
  }
  SUBCASE("the zone's keys are not those of the DS") {
    const test::SigningKey other(Name("example.com"));
    zone.ds({zone.dsOf(other)});
  }
  SUBCASE("the DS is not signed") {
    bench.world.zone("com").afterSigning(
        [](ZoneRecords& records) { records.at("example", Type::DS).signatures.clear(); });
  }
  SUBCASE("the DS is hidden") {
    leaveOut(bench, "198.18.1.1", Type::DS);
  }
  CHECK(isBogus(bench.ask("www.example.com")));
  for (int round = 0; round < 2; ++round) {
    const ParsedReply reply = bench.ask("www.example.com", Type::A, withCd);
    CHECK(reply.rcode == Rcode::NOERROR);
    CHECK_FALSE(reply.has(flag::AD));
    CHECK(reply.texts().size() == 2);
  }
  CHECK(bench.ask("missing.example.com", Type::A, withCd).rcode == Rcode::NXDOMAIN);
  CHECK(isBogus(bench.ask("www.example.com")));
}

// Chains.

TEST_CASE("a chain is as secure as its weakest link") {
  RecursorBench bench;
  bench.world.zone("secure.com")
      .add("www A 192.0.2.1\nout CNAME www.plain.net.\nin CNAME www.secure.net.\nbad CNAME www.bogus.net.")
      .signedWith()
      .servedBy(example);
  bench.world.zone("secure.net").add("www A 192.0.2.2").signedWith().servedBy("198.18.2.2");
  bench.world.zone("plain.net").add("www A 192.0.2.3\nout CNAME www.secure.com.").servedBy("198.18.2.3");
  bench.world.zone("bogus.net")
      .add("www A 192.0.2.4")
      .signedWith()
      .servedBy("198.18.2.4")
      .afterSigning([](ZoneRecords& records) { records.at("www", Type::A).rdata.front()[3] = 66; });
  CHECK(isSecure(bench.ask("in.secure.com")));
  CHECK(bench.ask("in.secure.com").records().size() == 4);
  CHECK(isInsecure(bench.ask("out.secure.com")));
  CHECK(isInsecure(bench.ask("out.plain.net")));
  CHECK(isBogus(bench.ask("bad.secure.com")));
  CHECK(isSecure(bench.ask("bad.secure.com", Type::CNAME)));
}

TEST_CASE("names below a secure DNAME are secure, and the alias that comes of it needs no signature") {
  SignedBench bench;
  bench.zone().add("old DNAME new.secure.net.");
  bench.world.zone("secure.net").add("a.new A 192.0.2.5").signedWith().servedBy("198.18.2.2");
  for (int round = 0; round < 2; ++round) {
    const ParsedReply reply = bench.ask("a.old.example.com");
    CHECK(isSecure(reply));
    CHECK(reply.records().size() == 5);
  }
}

TEST_CASE("a wildcard alias needs the proof that it may be used") {
  SignedBench bench;
  bench.zone().add("*.wc CNAME www");
  CHECK(isSecure(bench.ask("x.wc.example.com")));
  bench.forgetAll();
  leaveOut(bench, example, Type::NSEC);
  CHECK(isBogus(bench.ask("y.wc.example.com")));
}

// Anchors.

TEST_CASE("below a negative trust anchor nothing is validated, until it ends") {
  SignedBench bench;
  bench.zone().afterSigning([](ZoneRecords& records) { records.at("www", Type::A).rdata.front()[3] = 66; });
  CHECK(isBogus(bench.ask("www.example.com")));
  CHECK(bench.recursor().setNegativeTrustAnchor(Name("example.com"), 3600s));
  const ParsedReply reply = bench.ask("www.example.com");
  CHECK(isInsecure(reply));
  CHECK(reply.texts().front().ends_with(" A 192.0.2.66"));
  CHECK(isSecure(bench.ask("com", Type::SOA)));
  bench.shard.advance(3601s);
  CHECK(isBogus(bench.ask("www.example.com")));
}

TEST_CASE("a negative trust anchor that is removed ends at once") {
  SignedBench bench;
  bench.zone();
  CHECK(bench.recursor().setNegativeTrustAnchor(Name("example.com"), std::nullopt));
  CHECK(isInsecure(bench.ask("www.example.com")));
  CHECK(bench.recursor().removeNegativeTrustAnchor(Name("example.com")));
  CHECK_FALSE(bench.recursor().removeNegativeTrustAnchor(Name("example.com")));
  bench.recursor().flushTree(Name("example.com"));
  CHECK(isSecure(bench.ask("www.example.com")));
}

TEST_CASE("a zone with an anchor of its own is secure though its parent is not") {
  RecursorBench bench;
  bench.world.zone("plain.com").servedBy(example);
  auto& island = bench.world.zone("island.plain.com").add("www A 192.0.2.1").signedWith().servedBy("198.18.2.2");
  bench.validates = false;
  auto anchors = std::make_shared<TrustAnchors>(*bench.world.anchors());
  CHECK(anchors->add(island.origin(), Type::DS, island.dsOf(island.key())));
  bench.options.anchors = anchors;
  CHECK(isSecure(bench.ask("www.island.plain.com")));
  CHECK(isInsecure(bench.ask("plain.com", Type::SOA)));
}

TEST_CASE("a root that is signed by other keys than the anchor's makes everything bogus") {
  SignedBench bench;
  bench.zone();
  bench.validates = false;
  const test::SigningKey other{Name()};
  auto anchors = std::make_shared<TrustAnchors>();
  CHECK(anchors->add(Name(), Type::DS, bench.world.root().dsOf(other)));
  bench.options.anchors = anchors;
  CHECK(isBogus(bench.ask("www.example.com")));
}

TEST_CASE("without anchors nothing is secure, and nothing bogus") {
  SignedBench bench;
  bench.validates = false;
  bench.zone().afterSigning([](ZoneRecords& records) { records.at("www", Type::A).rdata.front()[3] = 66; });
  CHECK(isInsecure(bench.ask("www.example.com")));
  CHECK(bench.internet.count("example.com", Type::DNSKEY) == 0);
}

// What it costs.

TEST_CASE("the keys of a zone are fetched beside the answer, and cost no time") {
  SignedBench bench;
  bench.zone();
  bench.world.zone("plain.com").add("www A 192.0.2.1").servedBy("198.18.2.2");
  bench.ask("com", Type::SOA);
  const Duration unsignedTime = bench.elapsedOf("www.plain.com");
  const Duration signedTime = bench.elapsedOf("www.example.com");
  CHECK(unsignedTime == 40ms);
  CHECK(signedTime == unsignedTime);
  CHECK(bench.internet.count("example.com", Type::DNSKEY) == 1);
}

TEST_CASE("names between known ones are denied without a question") {
  SignedBench bench;
  Signing signing;
  SUBCASE("NSEC") {}
  SUBCASE("NSEC3") {
    signing = with(Signing::Denial::nsec3);
  }
  bench.zone(signing);
  bool synthesises = true;
  SUBCASE("switched off") {
    bench.options.synthesisesDenials = synthesises = false;
  }
  bench.ask("missing.example.com");
  bench.internet.forgetQuestions();
  const ParsedReply reply = bench.ask("missinh.example.com");
  CHECK(reply.rcode == Rcode::NXDOMAIN);
  CHECK(isSecure(reply));
  if (signing.denial == Signing::Denial::nsec || !synthesises) {
    CHECK((bench.internet.count() == 0) == synthesises);
    CHECK((bench.recursor().statistics().synthesised == 1) == synthesises);
  }
}

TEST_CASE(
    "an answer of a wildcard has the proof that no closer name is there, though a span that opts out proves little") {
  SignedBench bench;
  SUBCASE("NSEC3") {
    bench.zone(with(Signing::Denial::nsec3));
    CHECK(isSecure(bench.ask("x.wild.example.com")));
  }
  SUBCASE("NSEC3 with Opt-Out") {
    bench.zone(with(Signing::Denial::optOut));
    CHECK(isInsecure(bench.ask("x.wild.example.com")));
  }
  for (int i = 0; i < 2; ++i) {  // found, and kept
    const ParsedReply reply = bench.ask("x.wild.example.com");
    CHECK(reply.counts[0] == 2);
    const auto& authority = reply.sections[1];
    CHECK(std::ranges::any_of(authority, [](const LookupRecord& record) { return record.type == Type::NSEC3; }));
    CHECK(std::ranges::any_of(authority, [](const LookupRecord& record) { return record.type == Type::RRSIG; }));
  }
}

TEST_CASE("a DS record whose digest has another length than its type's takes nothing from those beside it") {
  SignedBench bench;
  auto& zone = bench.zone();
  test::Octets odd = zone.dsOf(zone.key());
  odd.pop_back();
  zone.ds({zone.dsOf(zone.key()), odd});
  CHECK(isSecure(bench.ask("www.example.com")));
}

TEST_CASE("a zone whose DS records are all of unknown algorithms is insecure, whatever its signatures are like") {
  SignedBench bench;
  auto& zone = bench.zone();
  test::Octets unknown = zone.dsOf(zone.key());
  unknown[2] = 253;
  zone.ds({unknown});
  zone.afterSigning([&zone](ZoneRecords& records) {
    SignatureOptions options = valid;
    options.labels = 0;
    records.signAgain("@", Type::DNSKEY, zone.key(), options);
  });
  CHECK(isInsecure(bench.ask("www.example.com")));
  CHECK(isInsecure(bench.ask("example.com", Type::DNSKEY)));
}

TEST_CASE("what opts out denies no other name") {
  SignedBench bench;
  bench.zone(with(Signing::Denial::optOut));
  bench.ask("missing.example.com");
  bench.internet.forgetQuestions();
  bench.ask("missinh.example.com");
  CHECK(bench.internet.count() == 1);
}

TEST_CASE("data lives no longer than its signatures hold") {
  SignedBench bench;
  auto& zone = bench.zone();
  const auto present =
      std::chrono::duration_cast<std::chrono::seconds>(bench.shard.clock().wallTime().time_since_epoch());
  const auto soon = static_cast<std::uint32_t>(present.count() + 100);
  zone.afterSigning([&zone, soon](ZoneRecords& records) {
    records.signAgain("www", Type::A, zone.key(), {.inception = 1'577'836'800, .expiration = soon});
  });
  CHECK(isSecure(bench.ask("www.example.com")));
  bench.shard.advance(101s);
  CHECK(isBogus(bench.ask("www.example.com")));
}

}  // namespace taut::validation_test
