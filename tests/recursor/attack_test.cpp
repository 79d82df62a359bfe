// Attacks on recursors that were published, each with a hostile authority. What is the same in all of them: a question
// costs no more than its budget, a failure is kept, and clients who ask for what is kept do not notice.
//
//   attack                                            test, or where else it is met
//   NXNSAttack (CVE-2020-8616, -12662, -10995)         "a referral to many servers without addresses"
//   NRDelegationAttack (CVE-2022-3204)                 "a delegation to more than a thousand servers"
//   tsuNAME                                            "delegations that need each other"
//   TsuKing, CAMP                                      "chains of aliases through broken zones"
//   malformed replies that loop (CVE-2020-12663)       "replies that are malformed"
//                                                      "replies with octets at random"
//   TuDoor                                             "replies to other questions"
//   delegation spoofing (CVE-2025-40778, -59023)       "servers and aliases that an answer brings unasked"
//   poisoned referrals (CVE-2026-42960)                "a referral that says more than it was asked"
//   polluted chains (CVE-2026-0398)                    "the rest of a chain that leaves the zone"
//   MaginotDNS (CVE-2021-25220)                        "what a forwarder says of other zones"
//   ghost and phoenix domains (CVE-2022-30698, -30699) "a zone that its parent has taken away"
//   unusable addresses (CVE-2026-50251)                "glue that leads to this host"
//   many servers, one address (CVE-2026-3592)          "servers that all have one address"
//   phantom domains, water torture                     "random names of a zone that does not answer"
//                                                      "thousands of zones at one silent server"
//                                                      "more silent zones than may be looked for"
//                                                      "random names of a hundred zones that each have a slow server"
//                                                      "random names of a signed zone"
//   DNSBomb (CVE-2024-33655)                           "answers that come too late", "more clients than may wait"
//   birthdays: DNSpooq, RebirthDay (CVE-2025-5994)     "clients with different options",
//                                                      and in recursor_test.cpp names of a zone that is not known
//   KeyTrap (CVE-2023-50387)                           "keys that share a tag", "keys and digests that share a tag"
//   budgets that begin again (CVE-2026-50045)          "a chain of zones that are dear to verify"
//   NSEC3 encloser (CVE-2023-50868)                    "names of many labels below an NSEC3 chain"
//   NSEC3 at insecure referrals (CVE-2026-1519)        "iterations without end"
//   padded denials (CVE-2026-11605)                    "a denial with hundreds of proofs"
//   malformed keys (CVE-2025-8677)                     "keys that are none"
//   labels of the signer (CVE-2026-44690)              "a signature that comes of above the zone"
//   NSEC out of the zone (CVE-2026-13321)              "a denial that spans other zones"
//   wildcard aliases (CVE-2026-52686)                  validation_test.cpp
//   RRsets without end (CVE-2024-1737)                 "an RRset of thousands of records"
//   name errors above fixed zones (CVE-2026-44687)     recursor_test.cpp
//   other classes (CVE-2026-5946)                      "questions of other classes"
//   SAD DNS, ports, IDs, fragments                     tests/resolver: exchange_test.cpp, upstream_query_test.cpp
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "crypto_costs.hpp"
#include "recursor_bench.hpp"
#include "taut/base/random.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dnssec/crypto_budget.hpp"
#include "taut/dnssec/dnskey.hpp"
#include "taut/dnssec/ds.hpp"
#include "taut/recursor/budget.hpp"
#include "taut/recursor/recursor.hpp"
#include "taut/testing/recording_channel.hpp"

namespace taut::attack_test {

namespace {

using namespace std::chrono_literals;
using test::CryptoCosts;
using test::cryptoCosts;
using test::FakeServer;
using test::Octets;
using test::RecursorBench;
using test::replyTo;
using test::SignatureOptions;
using test::Signing;
using test::withDo;
using test::ZoneRecords;
using testing::ParsedReply;
using Lines = std::vector<std::string>;

constexpr std::string_view evil = "198.18.6.6";
const SignatureOptions valid{.inception = 1'577'836'800, .expiration = 2'082'758'400};

// With a zone that is kept, of others, and one of the attacker's.
struct AttackBench : RecursorBench {
  AttackBench() {
    world.zone("kept.net").add("www A 192.0.2.1").signedWith().servedBy("198.18.7.1");
    world.zone("other.com").add("www A 192.0.2.2").signedWith().servedBy("198.18.7.2");
    world.zone("victim.net").servedBy("198.18.7.3");
  }

  test::WorldZone& evilZone() { return world.zone("evil.com").servedBy(evil); }
  FakeServer& evilServer() {
    recursor();
    return internet.server(evil);
  }

  // What the question costs, and whether it does any harm.
  void attack(std::string_view name, Type type = Type::A) {
    ask("com", Type::SOA);
    const CryptoCosts before = cryptoCosts();
    const Duration begin = shard.elapsed();
    const auto beside = askBesideHits(name, type, "www.kept.net");
    const CryptoCosts cost = cryptoCosts() - before;
    CHECK(beside.reply.rcode == Rcode::SERVFAIL);
    CHECK(beside.hasReason);
    CHECK(beside.hits > 1);
    CHECK(beside.ready == beside.hits);
    CHECK(internet.count() <= Budget::maxSends);
    CHECK(cost.time <= CryptoBudget::maxTime);
    CHECK(cost.nsec3Hashes <= CryptoBudget::maxNsec3Blocks);
    CHECK(shard.elapsed() - begin <= 9s);
    CHECK(recursor().statistics().bytes <= options.cacheBytes);
    repeat(name, type);
    CHECK(ask("www.other.com").has(flag::AD));
  }

  // The failure is kept.
  void repeat(std::string_view name, Type type) {
    internet.forgetQuestions();
    CHECK(ask(name, type).rcode == Rcode::SERVFAIL);
    CHECK(internet.count() <= 1);
  }
};

// Whether what others have is still theirs.
void checkOthersAlone(AttackBench& bench) {
  CHECK(bench.ask("www.other.com").texts().front().ends_with(" A 192.0.2.2"));
  CHECK(bench.ask("www.kept.net").texts().front().ends_with(" A 192.0.2.1"));
}
void checkOthers(AttackBench& bench) {
  checkOthersAlone(bench);
  CHECK(bench.internet.server(evil).questions < Budget::maxSends);
}

// A server that refers each name to a zone of three labels, whose one server has the address that this says.
FakeServer::Script delegatesTo(std::string (*addressFor)(const std::string& cut)) {
  return [addressFor](const Query& query) -> std::optional<Octets> {
    if (query.name().labelCount() < 3) return std::nullopt;
    const std::string cut = query.name().suffix(3).toString();
    return replyTo(query, flag::QR)
        .authority(cut + " 86400 NS ns." + cut)
        .additional("ns." + cut + " 86400 A " + addressFor(cut))
        .octets();
  };
}

// RDATA of a DNSKEY for RSA of so many octets, which nobody has the private key of, with the tag.
Octets keyWithTag(std::uint16_t tag, std::size_t size) {
  Octets rdata{1, 0, 3, static_cast<std::uint8_t>(DnssecAlgorithm::RSASHA256), 3, 1, 0, 1};
  const std::size_t modulus = rdata.size();
  rdata.resize(modulus + size);
  fillRandom(MutableByteSpan(rdata).subspan(modulus));
  rdata[modulus] |= 0x80;
  rdata.back() |= 1;
  // The tag is a sum of words, so that one of them makes it what it is to be, give or take a carry.
  storeU16(&rdata[modulus + 2], 0);
  const auto tagOf = [&] { return DnskeyView::parse(rdata)->keyTag(); };
  const int word = tag - tagOf();
  for (const int carry : {-1, 0, 1}) {
    storeU16(&rdata[modulus + 2], static_cast<std::uint16_t>(word + carry));
    if (tagOf() == tag) return rdata;
  }
  FAIL("no word makes the tag");
  return rdata;
}

// RDATA of an RRSIG by a key of the tag, that no key has made.
Octets forgedSignature(Type covered, std::uint8_t labels, std::uint16_t tag, const Name& signer,
                       DnssecAlgorithm algorithm, std::size_t size) {
  Octets rdata(18);
  storeU16(rdata.data(), static_cast<std::uint16_t>(covered));
  rdata[2] = static_cast<std::uint8_t>(algorithm);
  rdata[3] = labels;
  storeU32(&rdata[4], 3600);
  storeU32(&rdata[8], valid.expiration);
  storeU32(&rdata[12], valid.inception);
  storeU16(&rdata[16], tag);
  rdata.insert(rdata.end(), signer.data(), signer.data() + signer.size());
  const std::size_t signature = rdata.size();
  rdata.resize(signature + size);
  fillRandom(MutableByteSpan(rdata).subspan(signature));
  rdata[signature] &= 0x7f;
  return rdata;
}

std::string randomLabel() {
  return "r" + std::to_string(randomU64());
}

}  // namespace

// Work that is multiplied.

TEST_CASE("attack: a referral to many servers without addresses") {
  AttackBench bench;
  bench.evilZone();
  bench.evilServer().script = [](const Query& query) -> std::optional<Octets> {
    if (query.name() == Name("evil.com")) return std::nullopt;
    auto reply = replyTo(query, flag::QR);
    for (int i = 0; i < 135; ++i)
      reply.authority("sub.evil.com. 60 NS n" + std::to_string(i) + "." + randomLabel() + ".victim.net.");
    return reply.octets();
  };
  bench.ask("victim.net", Type::SOA);
  bench.attack("a.sub.evil.com");
  bench.evilServer();
  bench.internet.forgetQuestions();
  bench.shard.advance(400s);
  bench.ask("b.sub.evil.com");
  CHECK(bench.internet.countBelow("victim.net") <= 16);
}

TEST_CASE("attack: a referral to many servers, each of which is behind another such referral") {
  AttackBench bench;
  bench.evilZone();
  bench.evilServer().script = [](const Query& query) -> std::optional<Octets> {
    if (query.name() == Name("evil.com")) return std::nullopt;
    const NameView cut = query.name().suffix(3);  // each name below the zone is one
    auto reply = replyTo(query, flag::QR);
    for (int i = 0; i < 13; ++i) reply.authority(cut.toString() + " 60 NS ns." + randomLabel() + ".evil.com.");
    return reply.octets();
  };
  bench.attack("a.sub.evil.com");
}

TEST_CASE("attack: a delegation to more than a thousand servers") {
  AttackBench bench;
  bench.evilZone();
  bench.evilServer().script = [](const Query& query) -> std::optional<Octets> {
    if (query.name() == Name("evil.com")) return std::nullopt;
    auto reply = replyTo(query, flag::QR);
    for (int i = 0; i < 1500; ++i) reply.authority("sub.evil.com. 60 NS n" + std::to_string(i) + ".victim.net.");
    return reply.octets();
  };
  bench.evilServer().script = [large = bench.evilServer().script](const Query& query) -> std::optional<Octets> {
    auto reply = large(query);
    if (!reply || query.transport() == Transport::tcp) return reply;
    return replyTo(query, flag::QR | flag::TC).octets();
  };
  bench.attack("a.sub.evil.com");
}

TEST_CASE("attack: delegations that need each other") {
  AttackBench bench;
  bench.world.zone("ring1.com").servedBy("ns.ring2.net", evil);
  bench.world.zone("ring2.net").servedBy("ns.ring3.com", evil);
  bench.world.zone("ring3.com").servedBy("ns.ring1.com", evil).nameServer("ns2.ring2.net");
  bench.attack("www.ring1.com");
  bench.internet.forgetQuestions();
  CHECK(bench.ask("www.ring2.net").rcode == Rcode::SERVFAIL);
  CHECK(bench.internet.count() < 20);
}

TEST_CASE("attack: chains of aliases through broken zones") {
  AttackBench bench;
  bench.evilZone();
  // Each name is an alias of one in another delegation, whose servers are looked up, fail, and need more look-ups.
  bench.evilServer().script = [](const Query& query) -> std::optional<Octets> {
    if (query.name() == Name("evil.com")) return std::nullopt;
    if (query.name().firstLabelStartsWith("c")) {
      return replyTo(query)
          .answer(query.name().toString() + " 60 CNAME c" + randomLabel() + ".x" + randomLabel() + ".evil.com.")
          .octets();
    }
    auto reply = replyTo(query, flag::QR);
    for (int i = 0; i < 8; ++i)
      reply.authority(query.name().suffix(3).toString() + " 60 NS ns." + randomLabel() + ".victim.net.");
    return reply.octets();
  };
  bench.attack("c1.evil.com");
}

TEST_CASE("attack: replies that are malformed") {
  AttackBench bench;
  bench.evilZone().servedBy("198.18.6.7").servedBy("198.18.6.8");
  int kind = 0;
  SUBCASE("counts of records that are not there") {}
  SUBCASE("a pointer to itself") {
    kind = 1;
  }
  SUBCASE("RDATA beyond the end") {
    kind = 2;
  }
  bench.recursor();
  for (const char* const server : {"198.18.6.6", "198.18.6.7", "198.18.6.8"}) {
    bench.internet.server(server).script = [kind](const Query& query) -> std::optional<Octets> {
      Octets octets = replyTo(query).octets();
      switch (kind) {
        case 0:
          octets[7] = 200;
          return octets;
        case 1: {
          const auto at = static_cast<std::uint8_t>(octets.size());
          octets.insert(octets.end(), {0xc0, at, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1});
          octets[7] = 1;
          return octets;
        }
        default:
          octets.insert(octets.end(), {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0xff, 0xff, 192, 0, 2, 1});
          octets[7] = 1;
          return octets;
      }
    };
  }
  bench.attack("www.evil.com");
  checkOthers(bench);
}

TEST_CASE("attack: replies to other questions") {
  AttackBench bench;
  bench.evilZone();
  bench.evilServer().script = [](const Query&) -> std::optional<Octets> {
    return ReplyText("www.other.com.", Type::A).answer("www.other.com. 3600 A 192.0.2.66").octets();
  };
  bench.attack("www.evil.com");
  checkOthers(bench);
}

TEST_CASE("attack: servers that all have one address") {
  AttackBench bench;
  auto& zone = bench.evilZone();
  for (int i = 0; i < 12; ++i) zone.servedBy(evil);
  bench.evilServer().manner = FakeServer::Manner::dead;
  bench.attack("www.evil.com");
  bench.shard.advance(1000s);
  bench.internet.forgetQuestions();
  bench.ask("www.evil.com");
  CHECK(bench.internet.server(evil).questions < 16);
}

TEST_CASE("attack: glue that leads to this host") {
  AttackBench bench;
  auto& zone = bench.world.zone("evil.com");
  for (const char* const address : {"127.0.0.1", "0.0.0.0", "224.0.0.1", "169.254.1.1", "::1", "::", "fe80::1"})
    zone.servedBy(address);
  bench.attack("www.evil.com");
  for (const test::AskedQuestion& asked : bench.internet.questions())
    CHECK(asked.server.hostText().starts_with("198."));
  checkOthers(bench);
}

TEST_CASE("attack: random names of a zone that does not answer") {
  AttackBench bench;
  bench.options.maxInFlight = 1024;
  bench.evilZone();
  bench.ask("www.evil.com");  // its servers are known
  bench.evilServer().manner = FakeServer::Manner::dead;
  bench.ask("www.kept.net");
  std::vector<test::ClientQuestion> questions;
  for (int i = 0; i < 3000; ++i) questions.push_back({"r" + std::to_string(i) + ".evil.com"});
  for (int i = 0; i < 100; ++i) questions.insert(questions.begin() + 30 * i, {"www.kept.net"});
  questions.insert(questions.begin() + 1500, {"www.other.com"});
  std::size_t answered = 0;
  for (const ParsedReply& reply : bench.askAll(questions, 1500))
    if (reply.rcode == Rcode::NOERROR) ++answered;
  CHECK(answered == 101);
  CHECK(bench.recursor().statistics().overload > 0);
  CHECK(bench.recursor().statistics().inFlight == 0);
  CHECK(bench.recursor().statistics().bytes <= bench.options.cacheBytes);
}

TEST_CASE("attack: thousands of zones at one silent server") {
  AttackBench bench;
  bench.options.maxInFlight = 1024;
  bench.evilZone();
  bench.evilServer().script = delegatesTo([](const std::string&) { return std::string("198.18.6.7"); });
  bench.world.zone("other.com").add("*.w A 192.0.2.2");
  bench.world.publish();
  FakeServer& silent = bench.internet.server("198.18.6.7");
  SUBCASE("that says nothing") {
    silent.manner = FakeServer::Manner::dead;
  }
  SUBCASE("that replies so late that it is not dead") {
    silent.manner = FakeServer::Manner::failing;
    silent.roundTrip = 350ms;
  }
  bench.ask("www.evil.com");
  bench.ask("www.other.com");
  std::size_t answered = 0;
  for (int round = 0; round < 3; ++round) {
    const std::string number = std::to_string(round);
    std::vector<test::ClientQuestion> questions;
    for (int i = 0; i < 2000; ++i) questions.push_back({"www.z" + std::to_string(i) + "-" + number + ".evil.com"});
    for (int i = 0; i < 10; ++i)
      questions.insert(questions.begin() + 201 * i, {"n" + std::to_string(i) + "-" + number + ".w.other.com"});
    for (const ParsedReply& reply : bench.askAll(questions, 1500))
      if (reply.rcode == Rcode::NOERROR) ++answered;
  }
  CHECK(answered == 30);
  CHECK(bench.recursor().statistics().overload > 0);
  CHECK(bench.recursor().statistics().inFlight == 0);
  checkOthersAlone(bench);
}

TEST_CASE("attack: more silent zones than may be looked for") {
  AttackBench bench;
  bench.options.maxInFlight = 256;
  bench.evilZone();
  bench.evilServer().script = delegatesTo([](const std::string& cut) {
    const int zone = std::stoi(cut.substr(1));
    return "198.18." + std::to_string(100 + zone / 200) + "." + std::to_string(zone % 200);
  });
  bench.world.zone("other.com").add("*.w A 192.0.2.2");
  bench.world.publish();
  constexpr int zones = 1000;
  for (int i = 0; i < zones; ++i)
    bench.internet.server("198.18." + std::to_string(100 + i / 200) + "." + std::to_string(i % 200)).manner =
        FakeServer::Manner::dead;
  bench.ask("www.other.com");
  std::vector<test::ClientQuestion> questions;
  for (int i = 0; i < zones; ++i) questions.push_back({"www.z" + std::to_string(i) + ".evil.com"});
  bench.askAll(questions, 100);  // what is known of the servers is that they are silent
  bench.internet.forgetQuestions();
  std::size_t answered = 0;
  for (int round = 0; round < 20; ++round) {
    const std::string number = std::to_string(round);
    questions.clear();
    for (int i = 0; i < zones; ++i) questions.push_back({"r" + number + ".z" + std::to_string(i) + ".evil.com"});
    for (int i = 0; i < 4; ++i)
      questions.insert(questions.begin() + 250 * i, {"n" + std::to_string(i) + "-" + number + ".w.other.com"});
    for (const ParsedReply& reply : bench.askAll(questions, 600))
      if (reply.rcode == Rcode::NOERROR) ++answered;
  }
  CHECK(answered == 80);
  CHECK(bench.internet.count() < 20 * zones / 2);
  CHECK(bench.recursor().statistics().overload > 0);
  CHECK(bench.recursor().statistics().inFlight == 0);
  checkOthersAlone(bench);
}

TEST_CASE("attack: random names of a hundred zones that each have a slow server") {
  AttackBench bench;
  bench.options.maxInFlight = 1024;
  bench.evilZone();
  bench.evilServer().script =
      delegatesTo([](const std::string& cut) { return "198.18.100." + cut.substr(1, cut.find('.') - 1); });
  bench.world.zone("other.com").add("*.w A 192.0.2.2");
  bench.world.publish();
  for (int i = 0; i < 100; ++i) {
    FakeServer& slow = bench.internet.server("198.18.100." + std::to_string(i));
    slow.manner = FakeServer::Manner::failing;
    slow.roundTrip = 350ms;
  }
  bench.ask("www.other.com");
  std::vector<test::ClientQuestion> questions;
  for (int i = 0; i < 100; ++i) questions.push_back({"www.z" + std::to_string(i) + ".evil.com"});
  bench.askAll(questions, 10);
  questions.clear();
  for (int i = 0; i < 3000; ++i)
    questions.push_back({"r" + std::to_string(i) + ".z" + std::to_string(i % 100) + ".evil.com"});
  for (int i = 0; i < 10; ++i)
    questions.insert(questions.begin() + 301 * i, {"n" + std::to_string(i) + ".w.other.com"});
  std::size_t answered = 0;
  for (const ParsedReply& reply : bench.askAll(questions, 1500))
    if (reply.rcode == Rcode::NOERROR) ++answered;
  CHECK(answered == 10);
  CHECK(bench.recursor().statistics().overload > 0);
  CHECK(bench.recursor().statistics().inFlight == 0);
  checkOthersAlone(bench);
}

TEST_CASE("what a server is too busy for fails at once, and nothing of it is kept") {
  AttackBench bench;
  bench.options.maxInFlight = 16;
  bench.evilZone().add("*.w A 192.0.2.3");
  bench.ask("first.w.evil.com");
  std::vector<test::ClientQuestion> questions;
  for (int i = 0; i < 16; ++i) questions.push_back({"n" + std::to_string(i) + ".w.evil.com"});
  std::vector<std::string> refused;
  std::size_t answered = 0;
  const auto replies = bench.askAll(questions, 16);
  for (std::size_t i = 0; i < replies.size(); ++i) {
    if (replies[i].rcode == Rcode::NOERROR) {
      ++answered;
      continue;
    }
    refused.push_back(questions[i].name);
  }
  CHECK(answered == 7);
  CHECK(bench.recursor().statistics().overload == refused.size());
  for (const std::string& name : refused) CHECK(bench.ask(name).rcode == Rcode::NOERROR);
}

namespace {

Task<> askForReason(Recursor& recursor, std::string name, Lines& reasons) {
  const auto query = testing::query(name, Type::A, withDo);
  const Query& asked = query;
  const auto answer = co_await recursor.resolve(asked);
  if (const ExtendedError* const error = answer->extendedError())
    reasons.push_back(fmt::format("{}, {}: {}", toString(answer->rcode()), static_cast<int>(error->code), error->text));
}

// Why so many questions, asked at the same time, have no answer: a reason for each that has one.
Task<Lines> reasonsOf(Recursor& recursor, int questions, std::string_view below) {
  Lines reasons;
  TaskScope clients;
  for (int i = 0; i < questions; ++i)
    clients.spawn(askForReason(recursor, fmt::format("n{}.{}", i, below), reasons), clients.token());
  co_await clients.join();
  co_return reasons;
}

}  // namespace

TEST_CASE("a client hears which server is too busy for its question") {
  AttackBench bench;
  bench.options.maxInFlight = 16;
  bench.evilZone().add("*.w A 192.0.2.3");
  bench.ask("first.w.evil.com");
  const Lines reasons = bench.shard.run(reasonsOf(bench.recursor(), 16, "w.evil.com"));
  REQUIRE(reasons.size() == 9);
  for (const std::string& reason : reasons)
    CHECK(reason == "SERVFAIL, 0: too many questions wait for a reply of 198.18.6.6:53");
}

TEST_CASE("attack: random names of a signed zone") {
  AttackBench bench;
  bench.evilZone().add("www A 192.0.2.3\nm A 192.0.2.3").signedWith();
  std::vector<test::ClientQuestion> questions;
  for (int i = 0; i < 500; ++i) questions.push_back({randomLabel() + ".evil.com"});
  for (const ParsedReply& reply : bench.askAll(questions, 5)) CHECK(reply.rcode == Rcode::NXDOMAIN);
  CHECK(bench.internet.server(evil).questions < 20);  // the proofs of few names are those of all
}

TEST_CASE("attack: more clients than may wait for one question") {
  AttackBench bench;
  bench.evilZone();
  bench.evilServer().manner = FakeServer::Manner::dead;
  const std::vector<test::ClientQuestion> clients(1000, {"www.evil.com"});
  const Duration begin = bench.shard.elapsed();
  for (const ParsedReply& reply : bench.askAll(clients, 1000)) CHECK(reply.rcode == Rcode::SERVFAIL);
  CHECK(bench.shard.elapsed() - begin < 9s);
  CHECK(bench.recursor().statistics().fetches < 10);
  CHECK(bench.internet.count() < 20);
}

TEST_CASE("attack: replies with octets at random") {
  AttackBench bench;
  std::string lines = "alias CNAME www\nold DNAME www.evil.com.\n*.wild A 192.0.2.9\n";
  for (int i = 0; i < 40; ++i) lines += "n" + std::to_string(i) + " A 192.0.2.3\n";
  Signing signing;
  SUBCASE("NSEC") {}
  SUBCASE("NSEC3") {
    signing.denial = Signing::Denial::nsec3;
  }
  bench.evilZone().add(lines).signedWith(signing);
  bench.world.zone("sub.evil.com").add("www A 192.0.2.4").servedBy("198.18.6.7");
  FakeServer& server = bench.evilServer();
  FakeServer honest;
  honest.serve(server.zone(Name("evil.com")));
  std::mt19937 chance(7);
  server.script = [&](const Query& query) -> std::optional<Octets> {
    Octets octets = honest.reply(query);
    for (unsigned changes = chance() % 8; changes > 0 && changes < 4 && octets.size() > 12; --changes)
      octets[2 + chance() % (octets.size() - 2)] = static_cast<std::uint8_t>(chance());
    if (chance() % 16 == 0) octets.resize(chance() % octets.size());
    return octets;
  };
  std::size_t answered = 0;
  for (int round = 0; round < 10; ++round) {
    std::vector<test::ClientQuestion> questions{{"alias.evil.com"},
                                                {"x.old.evil.com"},
                                                {"www.sub.evil.com"},
                                                {"evil.com", Type::DNSKEY},
                                                {"evil.com", Type::NS}};
    for (int i = 0; i < 40; ++i) questions.push_back({"n" + std::to_string(i) + ".evil.com"});
    for (int i = 0; i < 20; ++i) questions.push_back({randomLabel() + ".wild.evil.com"});
    for (int i = 0; i < 20; ++i) questions.push_back({randomLabel() + ".evil.com"});
    for (const ParsedReply& reply : bench.askAll(questions, 10)) {
      if (!reply.has(flag::AD)) continue;
      ++answered;
      for (const LookupRecord& record : reply.records())
        if (record.type == Type::A) CHECK(record.toString().find(" A 192.0.2.") != std::string::npos);
    }
    bench.recursor().flushTree(Name("evil.com"));
    bench.shard.advance(400s);
  }
  CHECK(answered > 0);
  checkOthersAlone(bench);
}

TEST_CASE("attack: answers that come too late") {
  AttackBench bench;
  bench.options.servesStale = false;
  std::string target = "www.other.com.";
  for (int i = 0; i < 6; ++i) {
    const std::string zone = "late" + std::to_string(i) + ".com";
    const std::string server = "198.18.8." + std::to_string(i);
    bench.world.zone(zone).add("www CNAME " + target).servedBy(server);
    target = "www." + zone + ".";
  }
  bench.recursor();
  for (int i = 0; i < 6; ++i) bench.internet.server("198.18.8." + std::to_string(i)).roundTrip = 350ms;
  bench.ask("com", Type::SOA);
  ServerFactory factory({std::shared_ptr<Resolver>(std::shared_ptr<void>(), &bench.recursor())});
  factory.setClock(bench.shard.clock());
  const Duration begin = bench.shard.elapsed();
  testing::RecordingChannel channel;
  testing::QueryShape overUdp;
  QueryClient client;
  client.peer = overUdp.client;
  client.transport = Transport::udp;
  client.received = bench.shard.now();
  const testing::ReceivedQuery query(testing::makeQuery(target, Type::A, overUdp), client);
  bench.shard.run(factory.serve(query, channel));
  CHECK(bench.shard.elapsed() - begin > 1900ms);
  CHECK(channel.sends == 0);
  CHECK(bench.ask(target, Type::A, test::plain).records().size() == 7);  // it was found nevertheless
}

TEST_CASE("attack: clients with different options are one question to a server") {
  AttackBench bench;
  bench.ask("com", Type::SOA);
  bench.internet.forgetQuestions();
  struct Asking {
    static Task<> one(Recursor& recursor, const Query& query) {
      const auto answer = co_await recursor.resolve(query);
      CHECK(answer);
    }
    static Task<> all(Recursor& recursor, const std::vector<testing::ReceivedQuery>& queries) {
      TaskScope clients;
      for (const testing::ReceivedQuery& query : queries) clients.spawn(one(recursor, query), clients.token());
      co_await clients.join();
    }
  };
  std::vector<testing::ReceivedQuery> queries;
  for (unsigned i = 0; i < 16; ++i) {
    testing::QueryShape shape;
    shape.dnssecOk = (i & 1) != 0;
    shape.flags = static_cast<std::uint16_t>(flag::RD | ((i & 2) != 0 ? flag::CD : 0) | ((i & 4) != 0 ? flag::AD : 0));
    if ((i & 8) != 0) shape.clientSubnet = ClientSubnet(Address::v4({192, 0, 2, static_cast<std::uint8_t>(i)}), 24);
    queries.push_back(testing::query("www.other.com", Type::A, shape));
  }
  bench.shard.run(Asking::all(bench.recursor(), queries));
  CHECK(bench.internet.count("www.other.com", Type::A) == 1);
}

TEST_CASE("attack: questions of other classes") {
  AttackBench bench;
  testing::Octets octets = testing::makeQuery("www.other.com", Type::A);
  octets.back() = 3;  // CH
  QueryClient client;
  const testing::ReceivedQuery query(octets, client);
  CHECK(testing::ask(bench.shard, bench.recursor(), query).rcode == Rcode::REFUSED);
  CHECK(bench.internet.count() == 0);
}

// Poisoning.

TEST_CASE("attack: servers and aliases that an answer brings unasked") {
  AttackBench bench;
  bench.evilZone();
  bench.evilServer().script = [](const Query& query) -> std::optional<Octets> {
    return replyTo(query)
        .answer(query.name().toString() + " 60 A 192.0.2.3")
        .authority("com. 86400 NS ns.evil.com.")
        .authority("evil.com. 86400 NS ns.evil.com.")
        .authority("other.com. 86400 NS ns.evil.com.")
        .authority("com. 86400 DNAME evil.com.")
        .additional("ns.evil.com. 86400 A 198.18.6.6")
        .additional("ns1.other.com. 86400 A 198.18.6.6")
        .additional("www.other.com. 86400 A 198.18.6.6")
        .octets();
  };
  bench.validates = false;
  CHECK(bench.ask("www.evil.com").texts() == Lines{"www.evil.com. 60 A 192.0.2.3"});
  checkOthers(bench);
  CHECK(bench.ask("new.com").rcode == Rcode::NXDOMAIN);
}

TEST_CASE("attack: a name error with answers") {
  AttackBench bench;
  bench.validates = false;
  bench.evilZone();
  bench.evilServer().script = [](const Query& query) -> std::optional<Octets> {
    return replyTo(query, flag::QR | flag::AA, Rcode::NXDOMAIN)
        .answer("x.evil.com. 60 A 192.0.2.66")
        .answer("www.other.com. 60 A 192.0.2.66")
        .octets();
  };
  const ParsedReply reply = bench.ask("www.evil.com");
  CHECK(reply.rcode == Rcode::NXDOMAIN);
  CHECK(reply.records().empty());
  checkOthers(bench);
}

TEST_CASE("attack: a referral that says more than it was asked") {
  AttackBench bench;
  bench.evilZone();
  bench.evilServer().script = [](const Query& query) -> std::optional<Octets> {
    if (query.name() == Name("evil.com")) return std::nullopt;
    return replyTo(query, flag::QR)
        .answer("www.other.com. 86400 A 198.18.6.6")
        .authority("sub.evil.com. 86400 NS ns.sub.evil.com.")
        .authority("other.com. 86400 NS ns.sub.evil.com.")
        .authority("com. 86400 NS ns.sub.evil.com.")
        .additional("ns.sub.evil.com. 86400 A 198.18.6.6")
        .additional("ns1.com. 86400 A 198.18.6.6")
        .additional("ns1.other.com. 86400 A 198.18.6.6")
        .octets();
  };
  bench.validates = false;
  bench.ask("www.sub.evil.com");
  checkOthers(bench);
  CHECK(bench.ask("ns1.other.com").texts().front() == "ns1.other.com. 86400 A 198.18.7.2");
}

TEST_CASE("attack: the rest of a chain that leaves the zone") {
  AttackBench bench;
  bench.validates = false;
  bench.evilZone();
  bench.evilServer().script = [](const Query& query) -> std::optional<Octets> {
    return replyTo(query)
        .answer(query.name().toString() + " 60 CNAME www.other.com.")
        .answer("www.other.com. 86400 A 198.18.6.6")
        .octets();
  };
  CHECK(bench.ask("www.evil.com", Type::A, test::plain).texts() ==
        Lines{"www.evil.com. 60 CNAME www.other.com.", "www.other.com. 3600 A 192.0.2.2"});
  checkOthers(bench);
}

TEST_CASE("attack: what a forwarder says of other zones") {
  AttackBench bench;
  bench.validates = false;
  bench.options.zones.push_back({Name("corp.com"), FixedZone::Kind::forward, {Address::parse(evil, 53).value()}});
  bench.evilServer().script = [](const Query& query) -> std::optional<Octets> {
    return replyTo(query, flag::QR | flag::RD | flag::RA)
        .answer(query.name().toString() + " 60 A 10.0.0.1")
        .authority("com. 86400 NS ns.corp.com.")
        .authority("other.com. 86400 NS ns.corp.com.")
        .additional("ns.corp.com. 86400 A 198.18.6.6")
        .additional("ns1.other.com. 86400 A 198.18.6.6")
        .octets();
  };
  CHECK(bench.ask("www.corp.com").texts() == Lines{"www.corp.com. 60 A 10.0.0.1"});
  checkOthers(bench);
  CHECK(bench.ask("new.com").rcode == Rcode::NXDOMAIN);
}

TEST_CASE("attack: a zone that its parent has taken away") {
  AttackBench bench;
  bench.validates = false;
  auto& zone = bench.evilZone().delegationTtl(300).add("*.x A 192.0.2.3\n*.y.z A 192.0.2.4");
  zone.servedBy("198.18.6.7");
  bench.evilServer().alteration = [](const Query&, Answer& answer) {  // it would live for ever
    for (std::size_t i = 0; i < answer.entryCount(); ++i) answer.setTtl(i, 86400);
  };
  CHECK(bench.ask("a.x.evil.com").records().size() == 1);
  zone.delegated(false);
  bench.world.publish();
  for (int i = 0; i < 20; ++i) {
    bench.shard.advance(30s);
    bench.ask("evil.com", Type::NS);
    bench.ask("ns1.evil.com");
    bench.ask("b" + std::to_string(i) + ".x.evil.com");
  }
  CHECK(bench.ask("c.x.evil.com").rcode == Rcode::NXDOMAIN);
}

TEST_CASE("attack: a zone that its parent has taken away, and that refers to ever new ones below itself") {
  AttackBench bench;
  bench.validates = false;
  bench.evilZone().delegationTtl(300);
  bench.evilServer().script = [](const Query& query) -> std::optional<Octets> {
    if (query.name() == Name("evil.com")) return std::nullopt;
    const std::size_t labels = query.name().labelCount();
    if (query.name().firstLabelStartsWith("www"))
      return replyTo(query).answer(query.name().toString() + " 86400 A 192.0.2.3").octets();
    const std::string cut = query.name().suffix(labels).toString();
    return replyTo(query, flag::QR)
        .authority(cut + " 86400 NS ns." + cut)
        .additional("ns." + cut + " 86400 A 198.18.6.6")
        .octets();
  };
  std::string name = "evil.com";
  for (int i = 0; i < 20; ++i) {
    name.insert(0, "d" + std::to_string(i) + ".");
    const ParsedReply reply = bench.ask("www." + name);
    if (i == 0) {
      CHECK(reply.rcode == Rcode::NOERROR);
      bench.world.zone("evil.com").delegated(false);
      bench.world.publish();
    }
    bench.shard.advance(30s);
  }
  CHECK(bench.ask("www.new." + name).rcode == Rcode::NXDOMAIN);
}

TEST_CASE("attack: an RRset of thousands of records") {
  AttackBench bench;
  std::string lines;
  for (int i = 0; i < 3000; ++i)
    lines += "big A 10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250) + "\n";
  bench.evilZone().add(lines);
  bench.attack("big.evil.com");
}

// The price of validation.

TEST_CASE("attack: keys that share a tag") {
  AttackBench bench;
  const Name origin("evil.com");
  auto& zone = bench.evilZone().add("www A 192.0.2.3").signedWith();
  zone.afterSigning([&](ZoneRecords& records) {
    constexpr std::uint16_t tag = 4711;
    for (int i = 0; i < 60; ++i) records.add(origin, Type::DNSKEY, 3600, keyWithTag(tag, 512));
    records.signAgain("@", Type::DNSKEY, zone.key(), valid);
    auto& www = records.at("www", Type::A);
    www.signatures.clear();
    for (int i = 0; i < 60; ++i)
      www.signatures.push_back(forgedSignature(Type::A, 3, tag, origin, DnssecAlgorithm::RSASHA256, 512));
  });
  const CryptoCosts before = cryptoCosts();
  bench.attack("www.evil.com");
  CHECK((cryptoCosts() - before).verifications < 40);
}

TEST_CASE("attack: keys and digests that share a tag") {
  AttackBench bench;
  const Name origin("evil.com");
  auto& zone = bench.evilZone().add("www A 192.0.2.3").signedWith();
  constexpr std::uint16_t tag = 4711;
  std::vector<Octets> keys;
  std::vector<Octets> ds;
  for (int i = 0; i < 40; ++i) {
    keys.push_back(keyWithTag(tag, 256));
    Octets rdata{tag >> 8, tag & 0xff, static_cast<std::uint8_t>(DnssecAlgorithm::RSASHA256), 2};
    const auto digest = digestOf(origin, *DnskeyView::parse(keys.back()), DigestType::SHA256);
    rdata.insert(rdata.end(), digest->octets().begin(), digest->octets().end());
    ds.push_back(rdata);
  }
  zone.ds(ds);
  zone.afterSigning([&](ZoneRecords& records) {
    for (const Octets& key : keys) records.add(origin, Type::DNSKEY, 3600, key);
    auto& set = records.at("@", Type::DNSKEY);
    set.signatures.clear();
    for (int i = 0; i < 40; ++i)
      set.signatures.push_back(forgedSignature(Type::DNSKEY, 2, tag, origin, DnssecAlgorithm::RSASHA256, 256));
  });
  const CryptoCosts before = cryptoCosts();
  bench.attack("www.evil.com");
  CHECK((cryptoCosts() - before).verifications < 40);
}

TEST_CASE("attack: a chain of zones that are dear to verify") {
  AttackBench bench;
  Signing dear;
  dear.algorithm = DnssecAlgorithm::ECDSAP384SHA384;
  std::string target = "www.evil10.com.";
  for (int i = 0; i < 11; ++i) {
    const std::string origin = "evil" + std::to_string(i) + ".com";
    auto& zone = bench.world.zone(origin).signedWith(dear).servedBy("198.18.9." + std::to_string(i));
    zone.add(i == 10 ? "www A 192.0.2.3" : "www CNAME www.evil" + std::to_string(i + 1) + ".com.");
    zone.afterSigning([&zone](ZoneRecords& records) {
      auto& sets =
          records.at("www", records.has(Name::join("www", zone.origin()).value(), Type::A) ? Type::A : Type::CNAME);
      const Octets right = sets.signatures.front();
      Octets wrong = right;  // costs as much as the right one, which comes last
      wrong.back() ^= 1;
      sets.signatures = {wrong, right};
    });
  }
  const CryptoCosts before = cryptoCosts();
  bench.ask("www.kept.net");
  const auto beside = bench.askBesideHits("www.evil0.com", Type::A, "www.kept.net");
  CHECK((cryptoCosts() - before).time <= CryptoBudget::maxTime + 2ms);  // with what the other name had cost
  CHECK(beside.ready == beside.hits);
  CHECK(bench.internet.count() <= Budget::maxSends);
}

TEST_CASE("attack: names of many labels below an NSEC3 chain") {
  AttackBench bench;
  Signing signing;
  signing.denial = Signing::Denial::nsec3;
  signing.iterations = 50;
  bench.evilZone().signedWith(signing);
  std::string name = "evil.com";
  for (int i = 0; i < 110; ++i) name.insert(0, "a.");
  bench.attack(name);
}

TEST_CASE("attack: iterations without end") {
  AttackBench bench;
  Signing signing;
  signing.denial = Signing::Denial::nsec3;
  signing.iterations = 65535;
  bench.evilZone().signedWith(signing);
  bench.world.zone("sub.evil.com").add("www A 192.0.2.3").servedBy("198.18.6.7");
  const CryptoCosts before = cryptoCosts();
  CHECK(bench.ask("www.sub.evil.com").rcode == Rcode::NOERROR);
  CHECK(bench.ask("missing.evil.com").rcode == Rcode::NXDOMAIN);
  CHECK((cryptoCosts() - before).nsec3Hashes <= CryptoBudget::maxNsec3Blocks);
}

TEST_CASE("attack: a denial with hundreds of proofs") {
  AttackBench bench;
  std::string lines;
  for (int i = 0; i < 300; ++i) lines += "n" + std::to_string(i) + " A 192.0.2.3\n";
  auto signedRecords = std::make_shared<std::optional<ZoneRecords>>();
  bench.evilZone().add(lines).signedWith().afterSigning(
      [signedRecords](ZoneRecords& records) { signedRecords->emplace(records); });
  bench.evilServer().alteration = [signedRecords](const Query& query, Answer& answer) {
    if (answer.rcode() != Rcode::NXDOMAIN || query.transport() == Transport::udp) {
      answer.setTruncated(query.transport() == Transport::udp);
      return;
    }
    answer.removeIf([](const Answer::Entry& entry) { return entry.rrset.type == Type::NSEC; });
    for (const auto& [name, sets] : (*signedRecords)->names()) {
      if (!sets.contains(Type::NSEC) || !name.firstLabelStartsWith("n")) continue;
      answer.addRRset(Section::authority, (*signedRecords)->rrset(name, Type::NSEC).rrset());
      answer.addRRset(Section::authority, (*signedRecords)->signatures(name, Type::NSEC).rrset());
    }
  };
  const CryptoCosts before = cryptoCosts();
  bench.attack("missing.evil.com");
  CHECK((cryptoCosts() - before).verifications < 60);
}

TEST_CASE("attack: keys that are none") {
  AttackBench bench;
  const Name origin("evil.com");
  auto& zone = bench.evilZone().add("www A 192.0.2.3").signedWith();
  zone.afterSigning([&](ZoneRecords& records) {
    Octets key = zone.key().dnskey();
    for (int i = 0; i < 50; ++i) {  // points that are on no curve
      key[5] = static_cast<std::uint8_t>(i);
      records.add(origin, Type::DNSKEY, 3600, key);
    }
    records.signAgain("@", Type::DNSKEY, zone.key(), valid);
    auto& www = records.at("www", Type::A);
    www.signatures.clear();
    const auto dnskeys = records.rrset(origin, Type::DNSKEY);
    for (const ByteSpan rdata : dnskeys.rrset())
      www.signatures.push_back(forgedSignature(Type::A, 3, DnskeyView::parse(rdata)->keyTag(), origin,
                                               DnssecAlgorithm::ECDSAP256SHA256, 64));
  });
  const CryptoCosts before = cryptoCosts();
  bench.attack("www.evil.com");
  CHECK((cryptoCosts() - before).verifications < 40);
}

TEST_CASE("attack: a signature that comes of above the zone") {
  AttackBench bench;
  auto& zone = bench.evilZone().add("www A 192.0.2.3").signedWith();
  zone.afterSigning([&](ZoneRecords& records) {
    SignatureOptions options = valid;
    options.labels = 1;  // of *.com
    records.signAgain("www", Type::A, zone.key(), options);
  });
  bench.attack("www.evil.com");
}

TEST_CASE("attack: a denial that spans other zones") {
  AttackBench bench;
  auto& zone = bench.evilZone().signedWith();
  Name next;
  SUBCASE("those after it") {
    next = Name("zzz.com");
  }
  SUBCASE("all others") {
    next = Name("com");
  }
  zone.afterSigning([&](ZoneRecords& records) {
    auto& nsec = records.at("@", Type::NSEC);
    const std::size_t before = records.origin().size() + 4;  // next is "ns1.evil.com"
    Octets rdata(next.data(), next.data() + next.size());
    rdata.insert(rdata.end(), nsec.rdata.front().begin() + static_cast<std::ptrdiff_t>(before),
                 nsec.rdata.front().end());
    nsec.rdata = {rdata};
    records.signAgain("@", Type::NSEC, zone.key(), valid);
  });
  CHECK(bench.ask("missing.evil.com").rcode == Rcode::SERVFAIL);
  CHECK(bench.ask("www.other.com").has(flag::AD));
  CHECK(bench.ask("www.kept.net").has(flag::AD));
}

}  // namespace taut::attack_test
