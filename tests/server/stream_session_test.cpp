// Connections that a function of one's own serves: by its own protocol, or with DNS messages over a stream of its own.
#include "taut/server/stream_session.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

#include "answer_each.hpp"
#include "messages.hpp"
#include "stream_fixture.hpp"
#include "taut/coro/event.hpp"
#include "taut/net/buffered_stream.hpp"
#include "taut/net/byte_stream.hpp"
#include "taut/resolver/authority.hpp"
#include "taut/server/transfer_settings.hpp"
#include "taut/zone/zone_file.hpp"

namespace stream_session_test {

using namespace std::chrono_literals;

namespace {

using namespace taut;

Bytes inverted(Bytes octets) {
  for (std::uint8_t& octet : octets) octet ^= 0xff;
  return octets;
}

// What a cipher is: a stream that is made of another one.
class Inverted final : public ByteStream {
 public:
  explicit Inverted(ByteStream& under) : under_(under) {}

  Task<IoResult> readSome(MutableByteSpan buffer, StopToken stop) override {
    const IoResult read = co_await under_.readSome(buffer, stop);
    for (std::uint8_t& octet : buffer.first(read.value())) octet ^= 0xff;
    co_return read;
  }
  Task<IoResult> writeAll(ByteSpan octets, StopToken stop) override {
    const Bytes written = inverted(Bytes(octets.begin(), octets.end()));
    const IoResult result = co_await under_.writeAll(written, stop);
    co_return result;
  }

 private:
  ByteStream& under_;
};

Task<> serveInverted(StreamSession& session) {
  Inverted stream(session.stream());
  co_await session.serveMessages(stream);
}

Task<> ask(StreamClient& client, std::string_view name, std::uint16_t id) {
  const Bytes octets = inverted(numbered(name, id));
  const bool written = co_await client.write(octets);
  CHECK(written);
}

// The ID of the next reply; nothing where there is none.
Task<std::optional<std::uint16_t>> readInverted(StreamClient& client) {
  Bytes length(2);
  const IoResult head = co_await client.stream().readExactly(length);
  if (head.value() < length.size()) co_return std::nullopt;
  length = inverted(std::move(length));
  Bytes message(loadU16(length.data()));
  const IoResult body = co_await client.stream().readExactly(message);
  if (body.value() < message.size()) co_return std::nullopt;
  message = inverted(std::move(message));
  co_return ParsedReply(message).id;
}

struct SessionFixture : StreamFixture {
  explicit SessionFixture(StreamSession::Serve serve, const StreamLimits& given = {},
                          std::shared_ptr<ServerFactory> served = {})
      : StreamFixture(std::move(served)), limits(given) {
    factory->setProtocol([this, serve = std::move(serve)](ServerFactory& server, const Address& peer) {
      return std::make_unique<StreamSession>(server, peer, serve, limits);
    });
  }

  StreamLimits limits;
};

std::size_t requestsOverTcp(ServerFactory& factory) {
  return factory.counters().requestsOf(Transport::tcp, false)[typeSlot(Type::A)];
}

}  // namespace

TEST_CASE("a session's queries are answered and counted as those over TCP, one after the other") {
  SessionFixture fixture(answerEach);
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    for (std::uint16_t id = 1; id <= 3; ++id) {
      const Bytes query = numbered(id == 2 ? "many.example.com" : "sleep.example.com", id);
      co_await client.write(query);
      const auto reply = co_await client.read();
      REQUIRE(reply);
      const ParsedReply parsed(*reply);
      CHECK(parsed.id == id);
      CHECK(parsed.counts[0] == (id == 2 ? 100 : 1));  // more than a datagram holds
      CHECK(parsed.whole);
    }
    CHECK(requestsOverTcp(*f.factory) == 3);
    CHECK(f.connections() == 1);
  });
  CHECK(fixture.connections() == 0);
}

TEST_CASE("what is no query has an empty reply") {
  SessionFixture fixture(answerEach);
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    const Bytes octets{0, 3, 1, 2, 3};
    co_await client.write(octets);
    const bool closed = co_await client.closedByServer();
    CHECK(closed);
    CHECK(f.factory->counters().dropped[static_cast<std::size_t>(DropReason::unparsable)] == 1);
  });
}

TEST_CASE("a session's answers are one message, so a zone transfer is answered as over UDP") {
  const ZoneLoad zone =
      parseZone("example. 300 SOA ns.other. mail.other. 7 3600 600 86400 60\nexample. 300 NS ns.other.\n");
  REQUIRE_MESSAGE(zone.ok(), zone.firstError());
  auto authority = std::make_shared<Authority>(std::make_shared<const ZoneSet>(std::vector{zone.zone}));
  SessionFixture fixture(answerEach, {}, std::make_shared<ServerFactory>(ServerFactory::Resolvers{authority}));
  auto settings = std::make_shared<TransferSettings>();
  settings->allow(Name("example."), AddressPolicy());
  fixture.factory->setTransfers(fixture.shard, settings);
  fixture.run([](StreamFixture&, StreamClient& client) -> Task<> {
    const Bytes query = framed(makeQuery("example.", Type::AXFR));
    co_await client.write(query);
    const auto reply = co_await client.read();
    REQUIRE(reply);
    CHECK(ParsedReply(*reply).rcode == Rcode::NOTIMP);
  });
  CHECK(fixture.factory->counters().transfers.begun == 0);
}

TEST_CASE("a session whose peer gets no answer for the idle time reads the end of the stream") {
  SessionFixture fixture(answerEach);
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    const Bytes query = numbered("www.example.com", 1);
    co_await client.write(query);
    co_await client.readId();
    const TimePoint answered = f.clock.now();
    const Bytes part(query.begin(), query.begin() + 5);  // which does not count
    co_await client.write(part);
    const bool closed = co_await client.closedByServer();
    CHECK(closed);
    CHECK(f.clock.now() - answered >= 10s);
    CHECK(f.clock.now() - answered < 11s);
  });
}

TEST_CASE("a query in flight is answered when the drain begins, and then the session's reads end") {
  SessionFixture fixture(answerEach);
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    const Bytes query = numbered("gate.example.com", 5);
    co_await client.write(query);
    co_await f.settle();
    CHECK(f.resolver->waiting == 1);
    f.stop.requestStop();
    co_await f.settle();
    CHECK(f.resolver->waiting == 1);
    f.resolver->gate.set();
    const auto id = co_await client.readId();
    CHECK(id == 5);
    const bool closed = co_await client.closedByServer();
    CHECK(closed);
  });
}

TEST_CASE("a session that has just begun when the drain does is waited for a little") {
  SessionFixture fixture(answerEach);
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    co_await f.settle();
    f.stop.requestStop();
    const Bytes query = numbered("www.example.com", 6);
    co_await client.write(query);
    const auto id = co_await client.readId();
    CHECK(id == 6);
    const bool closed = co_await client.closedByServer();
    CHECK(closed);
  });
}

TEST_CASE("the end of the drain stops a session, its query and its waits") {
  SessionFixture fixture([](StreamSession& session) -> Task<> {
    co_await answerEach(session);
    Event never;
    co_await never.wait();
  });
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    const Bytes query = numbered("gate.example.com", 5);
    co_await client.write(query);
    co_await f.settle();
    f.stop.requestStop();
    f.abort.requestStop();
    co_await f.settle();
    CHECK(f.resolver->stopped == 1);
    const bool closed = co_await client.closedByServer();
    CHECK(closed);
    CHECK(f.connections() == 0);
  });
}

TEST_CASE("a peer that goes stops the query of its session") {
  SessionFixture fixture(answerEach);
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    const Bytes query = numbered("gate.example.com", 5);
    co_await client.write(query);
    co_await f.settle();
    CHECK(f.resolver->waiting == 1);
    client.stream().reset();
    co_await f.settle();
    CHECK(f.resolver->stopped == 1);
    CHECK(f.connections() == 0);
  });
}

TEST_CASE("a peer that sends nothing more has its answer within the time for that") {
  SessionFixture fixture(answerEach);
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    Bytes query = numbered("sleep.example.com", 5);
    co_await client.write(query);
    client.stream().shutdownWrite();
    const auto id = co_await client.readId();
    CHECK(id == 5);
    StreamClient other = co_await f.connect();
    query = numbered("gate.example.com", 6);
    co_await other.write(query);
    other.stream().shutdownWrite();
    const TimePoint before = f.clock.now();
    const bool closed = co_await other.closedByServer();
    CHECK(closed);
    CHECK(f.clock.now() - before >= 2s);
    CHECK(f.clock.now() - before < 3s);
  });
}

TEST_CASE("a session that has to go is closed, and its query is stopped") {
  SessionFixture fixture(answerEach);
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    const Bytes query = numbered("gate.example.com", 5);
    co_await client.write(query);
    co_await f.settle();
    StreamConnection& connection = *f.factory->connections().at(0);
    CHECK(connection.hasQueryInFlight());
    connection.close();
    const bool closed = co_await client.closedByServer();
    CHECK(closed);
    CHECK(f.resolver->stopped == 1);
  });
}

TEST_CASE("a session goes on after a query whose handler does not end") {
  SessionFixture fixture(answerEach);
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    Bytes query = numbered("deaf.example.com", 5);
    co_await client.write(query);
    const auto reply = co_await client.read();
    REQUIRE(reply);
    CHECK(ParsedReply(*reply).rcode == Rcode::SERVFAIL);
    query = numbered("www.example.com", 6);
    co_await client.write(query);
    const auto id = co_await client.readId();
    CHECK(id == 6);
    f.resolver->gate.set();
  });
}

TEST_CASE("what a session throws is one line of the log and ends its connection alone") {
  LogCapture log;
  SessionFixture fixture([](StreamSession& session) -> Task<> {
    BufferedStream peer(session.stream());
    const auto octet = co_await peer.readExactly(1);
    if (!octet) co_return;
    if (*octet == "!") throw std::runtime_error("no protocol of ours");
    co_await peer.write(*octet);
  });
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    StreamClient other = co_await f.connect();
    const Bytes wrong{'!'};
    co_await client.write(wrong);
    const bool closed = co_await client.closedByServer();
    CHECK(closed);
    const Bytes right{'a'};
    co_await other.write(right);
    Bytes echo(1);
    const IoResult read = co_await other.stream().readExactly(echo);
    CHECK(read.value() == 1);
    CHECK(echo == right);
  });
  CHECK(log.errors() == 1);
  CHECK(log.has("no protocol of ours"));
}

TEST_CASE("messages over a stream of one's own are answered as each one finishes") {
  SessionFixture fixture(serveInverted);
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    Bytes octets = numbered("gate.example.com", 1);
    octets += numbered("www.example.com", 2);
    octets += numbered("sleep.example.com", 3);
    octets = inverted(std::move(octets));
    co_await client.write(octets);
    for (const int id : {2, 3}) {
      const auto reply = co_await readInverted(client);
      CHECK(reply == id);
    }
    f.resolver->gate.set();
    const auto last = co_await readInverted(client);
    CHECK(last == 1);
    CHECK(requestsOverTcp(*f.factory) == 3);
  });
}

TEST_CASE("no more messages than allowed are in flight over a stream of one's own") {
  StreamLimits limits;
  limits.queriesInFlight = 1;
  SessionFixture fixture(serveInverted, limits);
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    co_await ask(client, "gate.example.com", 1);
    co_await ask(client, "www.example.com", 2);
    co_await f.settle();
    CHECK(f.resolver->asked == 1);
    f.resolver->gate.set();
    for (const int id : {1, 2}) {
      const auto reply = co_await readInverted(client);
      CHECK(reply == id);
    }
  });
}

TEST_CASE("messages over a stream of one's own that are in flight are answered when the drain begins") {
  SessionFixture fixture(serveInverted);
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    co_await ask(client, "gate.example.com", 1);
    co_await f.settle();
    f.stop.requestStop();
    co_await f.settle();
    f.resolver->gate.set();
    const auto reply = co_await readInverted(client);
    CHECK(reply == 1);
    const bool closed = co_await client.closedByServer();
    CHECK(closed);
  });
}

TEST_CASE("a stream of one's own that has just begun when the drain does is waited for a little") {
  SessionFixture fixture(serveInverted);
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    co_await f.settle();
    f.stop.requestStop();
    const TimePoint stopped = f.clock.now();
    co_await ask(client, "www.example.com", 1);
    const auto reply = co_await readInverted(client);
    CHECK(reply == 1);
    const bool closed = co_await client.closedByServer();
    CHECK(closed);
    CHECK(f.clock.now() - stopped < 1s);
  });
}

TEST_CASE("messages over a stream of one's own end after the idle time") {
  SessionFixture fixture(serveInverted);
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    co_await ask(client, "www.example.com", 1);
    const auto reply = co_await readInverted(client);
    CHECK(reply == 1);
    const TimePoint answered = f.clock.now();
    const bool closed = co_await client.closedByServer();
    CHECK(closed);
    CHECK(f.clock.now() - answered >= 10s);
    CHECK(f.clock.now() - answered < 11s);
  });
}

TEST_CASE("a peer that goes stops its queries over a stream of one's own") {
  SessionFixture fixture(serveInverted);
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    co_await ask(client, "gate.example.com", 1);
    co_await ask(client, "gate.example.com", 2);
    co_await f.settle();
    CHECK(f.resolver->waiting == 2);
    client.stream().reset();
    co_await f.settle();
    CHECK(f.resolver->stopped == 2);
    CHECK(f.connections() == 0);
  });
}

TEST_CASE("what a stream of one's own throws is one line of the log and ends its connection") {
  class Broken final : public ByteStream {
   public:
    explicit Broken(ByteStream& under) : under_(under) {}
    Task<IoResult> readSome(MutableByteSpan buffer, StopToken stop) override { return under_.readSome(buffer, stop); }
    Task<IoResult> writeAll(ByteSpan, StopToken) override { throw std::runtime_error("the cipher is broken"); }

   private:
    ByteStream& under_;
  };
  LogCapture log;
  SessionFixture fixture([](StreamSession& session) -> Task<> {
    Broken stream(session.stream());
    co_await session.serveMessages(stream);
  });
  fixture.run([](StreamFixture&, StreamClient& client) -> Task<> {
    const Bytes query = numbered("www.example.com", 1);
    co_await client.write(query);
    const bool closed = co_await client.closedByServer();
    CHECK(closed);
  });
  CHECK(log.errors() == 1);
  CHECK(log.has("the cipher is broken"));
}

}  // namespace stream_session_test
