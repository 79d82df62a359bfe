// Dynamic updates, from the message to the reply; what is done about one is told by a function of the test.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "messages.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/tsig.hpp"
#include "taut/resolver/authority.hpp"
#include "taut/server/server_factory.hpp"
#include "taut/testing/manual_shard.hpp"
#include "taut/testing/recording_channel.hpp"
#include "taut/zone/zone_file.hpp"

namespace updates_test {

namespace {

using namespace taut;

const Address client = Address::v4({192, 0, 2, 53}, 4000);

std::shared_ptr<const Zone> exampleZone() {
  const ZoneLoad loaded = parseZone(
      "$ORIGIN example.\n$TTL 300\n@ SOA ns1 hostmaster 7 1 1 1 1\n@ NS ns1\nns1 A 192.0.2.1\n", Name("example."));
  REQUIRE(loaded.ok());
  return loaded.zone;
}

Bytes update(std::string_view zone = "example.", Type type = Type::SOA) {
  QueryShape shape;
  shape.opcode = Opcode::UPDATE;
  return makeQuery(zone, type, shape);
}

struct Fixture {
  Fixture() : authority(std::make_shared<Authority>(std::make_shared<const ZoneSet>(std::vector{exampleZone()}))) {
    factory.resolver().add(authority);
    factory.setClock(shard.clock());
  }

  void answerWith(Rcode rcode) {
    factory.setOnUpdate([this, rcode](const Query& query, ServedZone zone) {
      octets = query.message().size();
      serial = zone.zone->serial();
      key = query.key() ? query.key()->name.toString() : "";
      return Task<Rcode>::ready(rcode);
    });
  }

  Rcode ask(const Bytes& message, Transport transport = Transport::tcp) {
    channel = std::make_unique<testing::RecordingChannel>(transport, client);
    const Query query = Query::parse(message, {client, transport, shard.now()}, factory.udpPayloadSize()).value();
    syncWait(factory.serve(query, *channel));
    REQUIRE(channel->messages.size() == 1);
    return ParsedReply(channel->messages.front()).rcode;
  }

  testing::ManualShard shard;
  std::shared_ptr<Authority> authority;
  ServerFactory factory;
  std::unique_ptr<testing::RecordingChannel> channel;
  std::size_t octets = 0;
  std::uint32_t serial = 0;
  std::string key;
};

TEST_CASE_FIXTURE(Fixture, "without a function for them, updates are NOTIMP") {
  CHECK(ask(update()) == Rcode::NOTIMP);
}

TEST_CASE_FIXTURE(Fixture, "an update is answered with the RCODE of the function, over UDP and TCP") {
  for (const Transport transport : {Transport::udp, Transport::tcp})
    for (const Rcode rcode : {Rcode::NOERROR, Rcode::YXRRSET, Rcode::REFUSED, Rcode::SERVFAIL, Rcode::NOTZONE}) {
      answerWith(rcode);
      CHECK(ask(update(), transport) == rcode);
      CHECK(octets == update().size());
      CHECK(serial == 7);
      const ParsedReply reply(channel->messages.front());
      CHECK((reply.flags & (flag::QR | flag::opcodeMask)) == (flag::QR | 5 << 11));
    }
  CHECK(factory.counters().updates.done == 2);
  CHECK(factory.counters().updates.notMet == 2);
  CHECK(factory.counters().updates.refused == 2);
  CHECK(factory.counters().updates.failed == 2);
  CHECK(factory.counters().updates.malformed == 2);
}

TEST_CASE_FIXTURE(Fixture, "an update of a zone that is not served is NOTAUTH, and one without a zone FORMERR") {
  answerWith(Rcode::NOERROR);
  CHECK(ask(update("www.example.")) == Rcode::NOTAUTH);
  CHECK(ask(update("other.")) == Rcode::NOTAUTH);
  CHECK(ask(update("example.", Type::A)) == Rcode::FORMERR);
  Bytes none = update();
  none[5] = 0;
  none.resize(12);
  CHECK(ask(none) == Rcode::FORMERR);
  Bytes cut = update();
  cut[9] = 1;  // an update that does not follow
  CHECK(ask(cut) == Rcode::FORMERR);
  CHECK(octets == 0);
}

TEST_CASE_FIXTURE(Fixture, "the reply to a signed update is signed, and a wrong signature is NOTAUTH") {
  const ByteSpan secret = asBytes("a secret of the two");
  TsigKey signer{Name("ddns."), TsigAlgorithm::hmacSha256, {secret.begin(), secret.end()}};
  factory.setKeys(std::make_shared<const KeyRing>(std::vector{signer}));
  answerWith(Rcode::NOERROR);
  const auto now = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(shard.clock().wallTime().time_since_epoch()).count());
  for (const bool isWrong : {false, true}) {
    octets = 0;
    if (isWrong) signer.secret.front() ^= 1;
    TsigSigner made(signer);
    Bytes message = update();
    const std::size_t size = message.size();
    message.resize(size + made.room());
    made.sign(message, size, now);
    CHECK(ask(message) == (isWrong ? Rcode::NOTAUTH : Rcode::NOERROR));
    CHECK((octets == 0) == isWrong);
    if (isWrong) continue;
    CHECK(key == "ddns.");
    TsigVerifier verifier(signer, made.mac());
    CHECK(verifier.add(channel->messages.front(), now));
    CHECK(verifier.complete());
  }
}

TEST_CASE_FIXTURE(Fixture, "an update may wait before it is answered") {
  Event done;
  struct Waiting {
    static Task<Rcode> wait(Event& event) {
      co_await event.wait();
      co_return Rcode::NOERROR;
    }
  };
  factory.setOnUpdate([&done](const Query&, ServedZone) { return Waiting::wait(done); });
  channel = std::make_unique<testing::RecordingChannel>(Transport::tcp, client);
  const Bytes message = update();
  const Query query = Query::parse(message, {client, Transport::tcp, shard.now()}).value();
  TaskScope scope;
  scope.spawn(factory.serve(query, *channel));
  CHECK(channel->messages.empty());
  factory.setOnUpdate({});
  done.set();
  REQUIRE(channel->messages.size() == 1);
  CHECK(ParsedReply(channel->messages.front()).rcode == Rcode::NOERROR);
}

}  // namespace

}  // namespace updates_test
