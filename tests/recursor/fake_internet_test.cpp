#include "fake_internet.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "crypto_costs.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dnssec/denial_records.hpp"
#include "taut/dnssec/zone_keys.hpp"
#include "taut/recursor/budget.hpp"
#include "taut/testing/reply.hpp"
#include "world.hpp"

namespace taut::fake_internet_test {

namespace {

using namespace std::chrono_literals;
using test::FakeInternet;
using test::FakeServer;
using test::MemoryShard;
using test::Signing;
using test::World;
using testing::ParsedReply;
using Kind = Exchange::Attempt::Kind;

constexpr std::uint32_t present = 1'790'000'000;  // between the inception and the expiration of signatures

// Asks servers without a recursor.
struct Asker {
  ServerReply ask(std::string_view server, std::string_view name, Type type, bool edns = true) {
    UpstreamQuestion question;
    question.name = Name(name);
    question.type = type;
    question.recursionDesired = false;
    ExchangeServer asked;
    asked.address = Address::parse(server, 53).value();
    asked.timeout = 400ms;
    asked.edns = edns;
    std::optional<ServerReply> reply;
    shard.run(run(*this, question, asked, reply));
    return std::move(*reply);
  }
  ParsedReply reply(std::string_view server, std::string_view name, Type type) {
    const ServerReply reply = ask(server, name, type);
    REQUIRE(reply.last.kind == Kind::replied);
    return ParsedReply(reply.last.message);
  }

  static Task<> run(Asker& asker, const UpstreamQuestion& question, const ExchangeServer& server,
                    std::optional<ServerReply>& reply) {
    FetchBudget fetch(asker.budget);
    StopSource stop;
    ServerReply got = co_await asker.transport->ask(question, server, fetch, stop.token());
    reply.emplace(std::move(got));
  }

  MemoryShard shard;
  FakeInternet internet{shard};
  std::unique_ptr<ServerTransport> transport = internet.transport();
  Budget budget{shard.now()};
  World world{internet};
};

void makeExample(World& world) {
  world.zone("com").signedWith().servedBy("198.18.1.1");
  world.zone("example.com").add("www A 192.0.2.1\n*.wild A 192.0.2.2").signedWith().servedBy("198.18.2.1");
  world.publish();
}

bool isReferral(const ParsedReply& reply) {
  return !reply.has(flag::AA) && reply.records().empty() && !reply.all<rdata::NS>(Section::authority).empty();
}

}  // namespace

TEST_CASE("each zone is delegated from the one above it, with glue and the digest of its key") {
  Asker asker;
  makeExample(asker.world);
  const ParsedReply fromRoot = asker.reply("198.18.0.1", "www.example.com", Type::A);
  CHECK(isReferral(fromRoot));
  CHECK(fromRoot.records(Section::authority).front().owner == Name("com"));
  CHECK(fromRoot.texts(Section::additional) == std::vector<std::string>{"ns1.com. 86400 A 198.18.1.1"});
  CHECK(fromRoot.all<rdata::DS>(Section::authority).size() == 1);
  CHECK(isReferral(asker.reply("198.18.1.1", "www.example.com", Type::A)));
  const ParsedReply answer = asker.reply("198.18.2.1", "www.example.com", Type::A);
  CHECK(answer.has(flag::AA));
  CHECK(answer.texts().front() == "www.example.com. 3600 A 192.0.2.1");
  CHECK(answer.records().size() == 2);  // with the signature
  CHECK(asker.internet.log().back() == "198.18.2.1 www.example.com. A");
}

TEST_CASE("a server takes its round-trip time, silence the whole time-out, and TCP two round trips more") {
  Asker asker;
  makeExample(asker.world);
  FakeServer& server = asker.internet.server("198.18.2.1");
  server.roundTrip = 30ms;
  ServerReply reply = asker.ask("198.18.2.1", "www.example.com", Type::A);
  CHECK(reply.roundTrip == 30ms);
  CHECK(asker.shard.elapsed() == 30ms);
  server.manner = FakeServer::Manner::truncating;
  reply = asker.ask("198.18.2.1", "www.example.com", Type::A);
  CHECK(reply.last.kind == Kind::replied);
  CHECK(reply.last.transport == Transport::tcp);
  CHECK(asker.shard.elapsed() == 120ms);
  server.manner = FakeServer::Manner::dead;
  reply = asker.ask("198.18.2.1", "www.example.com", Type::A);
  CHECK(reply.last.kind == Kind::silent);
  CHECK(reply.timedOut);
  CHECK(asker.shard.elapsed() == 520ms);
  CHECK(asker.ask("198.18.99.1", ".", Type::NS).timedOut);  // nobody is there
}

TEST_CASE("servers refuse, fail, know no EDNS, and lose what is sent to them") {
  Asker asker;
  makeExample(asker.world);
  FakeServer& server = asker.internet.server("198.18.2.1");
  server.manner = FakeServer::Manner::refusing;
  CHECK(asker.reply("198.18.2.1", "www.example.com", Type::A).rcode == Rcode::REFUSED);
  server.manner = FakeServer::Manner::failing;
  CHECK(asker.reply("198.18.2.1", "www.example.com", Type::A).rcode == Rcode::SERVFAIL);
  server.manner = FakeServer::Manner::withoutEdns;
  const ServerReply reply = asker.ask("198.18.2.1", "www.example.com", Type::A);
  CHECK_FALSE(reply.edns);
  CHECK(ParsedReply(reply.last.message).texts().size() == 1);
  server.manner = FakeServer::Manner::unsignedData;
  CHECK(asker.reply("198.18.2.1", "www.example.com", Type::A).texts().size() == 1);
  server.manner = FakeServer::Manner::serving;
  server.loss = 0.5;
  int lost = 0;
  for (int i = 0; i < 100; ++i) {
    if (asker.ask("198.18.2.1", "www.example.com", Type::A).timedOut) ++lost;
  }
  CHECK(lost > 50);  // either datagram may be lost: three of four
  CHECK(lost < 95);
}

TEST_CASE("what a script or an alteration says is what a server replies") {
  Asker asker;
  makeExample(asker.world);
  FakeServer& server = asker.internet.server("198.18.2.1");
  server.alteration = [](const Query&, Answer& answer) { answer.setRcode(Rcode::NXDOMAIN); };
  CHECK(asker.reply("198.18.2.1", "www.example.com", Type::A).rcode == Rcode::NXDOMAIN);
  server.script = [](const Query&) { return test::Octets(); };
  CHECK(asker.ask("198.18.2.1", "www.example.com", Type::A).last.kind == Kind::silent);
}

TEST_CASE("signed zones validate, and their proofs prove what they deny") {
  Signing signing;
  SUBCASE("NSEC") {}
  SUBCASE("NSEC3") {
    signing.denial = Signing::Denial::nsec3;
  }
  SUBCASE("NSEC3 with salt and iterations") {
    signing.denial = Signing::Denial::nsec3;
    signing.iterations = 5;
    signing.salt = {1, 2, 3};
  }
  SUBCASE("NSEC3 with opt-out") {
    signing.denial = Signing::Denial::optOut;
  }
  SUBCASE("Ed25519") {
    signing.algorithm = DnssecAlgorithm::ED25519;
  }

  test::WorldZone zone{Name("example.com")};
  test::ZoneRecords records{Name("example.com")};
  records.add(
      "@ SOA ns1 mail 1 1 1 1 300\n@ NS ns1\nns1 A 198.18.2.1\nwww A 192.0.2.1\na.b A 192.0.2.2\n"
      "*.wild A 192.0.2.3\ninsecure NS ns.insecure\nns.insecure A 198.18.2.2",
      3600);
  const test::SigningKey key(Name("example.com"), signing.algorithm);
  records.sign(key, signing);
  const AlgorithmPolicy policy;
  CryptoBudget budget;
  const auto dnskeys = records.rrset(Name("example.com"), Type::DNSKEY);
  const auto dnskeySignatures = records.signatures(Name("example.com"), Type::DNSKEY);
  test::OwnRRset ds(Name("example.com"), Type::DS, 3600);
  ds.add(zone.dsOf(key));
  const test::CryptoCosts before = test::cryptoCosts();
  KeysVerdict verdict = authenticateKeys(Name("example.com"), dnskeys.rrset(), dnskeySignatures.rrset(), ds.rrset(),
                                         policy, present, budget);
  REQUIRE(verdict.security == KeysVerdict::Security::secure);

  std::vector<test::OwnRRset> kept;
  kept.reserve(64);
  const Name zoneName("example.com");
  DenialRecords denial(zoneName);
  std::size_t verified = 0;
  for (const auto& [name, sets] : records.names()) {
    for (const auto& [type, set] : sets) {
      if (set.signatures.empty()) continue;
      const test::OwnRRset& rrset = kept.emplace_back(records.rrset(name, type));
      const auto signatures = records.signatures(name, type);
      CryptoBudget own;
      const auto signature = verifyRRset(rrset.rrset(), signatures.rrset(), *verdict.keys, policy, present, own);
      REQUIRE(signature);
      ++verified;
      if (type == Type::NSEC || type == Type::NSEC3) denial.add(rrset.rrset(), *signature);
    }
  }
  CHECK((test::cryptoCosts() - before).verifications == verified + 1);
  CHECK((test::cryptoCosts() - before).time == static_cast<int>(verified + 1) * priceOfVerification(signing.algorithm));
  const bool optsOut = signing.denial == Signing::Denial::optOut;
  CHECK(denial.nameError(Name("missing.example.com"), budget) == (optsOut ? DenialProof::optOut : DenialProof::proven));
  CHECK(denial.noData(Name("www.example.com"), Type::TXT, budget) == DenialProof::proven);
  CHECK(denial.noData(Name("b.example.com"), Type::A, budget) == DenialProof::proven);  // an empty non-terminal
  CHECK(denial.delegation(Name("insecure.example.com"), budget) ==
        (optsOut ? DelegationProof::optOut : DelegationProof::insecure));
  const bool hashes = signing.denial != Signing::Denial::nsec;
  CHECK(((test::cryptoCosts() - before).nsec3Hashes > 0) == hashes);
}

}  // namespace taut::fake_internet_test
