#include "taut/server/stream_connection.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "messages.hpp"
#include "stream_fixture.hpp"

namespace stream_connection_test {

using namespace std::chrono_literals;

namespace {

using namespace taut;

// A query of exactly `size` octets: with an OPT that has an unknown option.
Bytes queryOf(std::size_t size) {
  QueryShape shape;
  shape.payloadSize = 1232;
  Bytes message = makeQuery("www.example.com", Type::A, shape);
  const std::size_t option = size - message.size();
  storeU16(message.data() + message.size() - 2, static_cast<std::uint16_t>(option));
  putU16(message, 65001);
  putU16(message, option - 4);
  message.resize(size);
  return message;
}

class CountingFactory final : public ServerFactory {
 public:
  using ServerFactory::ServerFactory;
  void connectionMade(StreamConnection& connection) override {
    ++made;
    ServerFactory::connectionMade(connection);
  }
  void connectionLost(StreamConnection& connection) override {
    ++lost;
    ServerFactory::connectionLost(connection);
  }
  int made = 0;
  int lost = 0;
};

void setSocketOption(const TcpStream& stream, int option, int value) {
  REQUIRE(::setsockopt(stream.fd(), SOL_SOCKET, option, &value, sizeof value) == 0);
}

int socketError(const TcpStream& stream) {
  int error = 0;
  socklen_t size = sizeof error;
  REQUIRE(::getsockopt(stream.fd(), SOL_SOCKET, SO_ERROR, &error, &size) == 0);
  return error;
}

}  // namespace

TEST_CASE("a query over a stream is answered with its length before it") {
  StreamFixture fixture;
  fixture.run([](StreamFixture&, StreamClient& client) -> Task<> {
    const Bytes query = numbered("www.example.com", 7);
    co_await client.write(query);
    const auto reply = co_await client.read();
    REQUIRE(reply);
    const ParsedReply parsed(*reply);
    CHECK(parsed.id == 7);
    CHECK(parsed.counts[0] == 1);
    CHECK(parsed.whole);
  });
}

TEST_CASE("a stream that is cut in two anywhere is answered in full") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    Bytes stream = numbered("www.example.com", 1);
    stream += numbered("w.example.com", 2);
    for (std::size_t cut = 1; cut < stream.size(); ++cut) {
      const Bytes head(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(cut));
      const Bytes tail(stream.begin() + static_cast<std::ptrdiff_t>(cut), stream.end());
      co_await client.write(head);
      co_await f.someTurns();
      co_await client.write(tail);
      const auto first = co_await client.readId();
      const auto second = co_await client.readId();
      CHECK(first == 1);
      CHECK(second == 2);
    }
  });
}

TEST_CASE("a query that comes octet by octet is answered") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    for (const std::uint8_t octet : numbered("www.example.com", 9)) {
      const Bytes one{octet};
      co_await client.write(one);
      co_await f.someTurns();
    }
    const auto id = co_await client.readId();
    CHECK(id == 9);
  });
}

TEST_CASE("many queries in one segment are all answered, in order where nothing has to wait") {
  StreamFixture fixture;
  fixture.run([](StreamFixture&, StreamClient& client) -> Task<> {
    Bytes stream;
    for (std::uint16_t id = 0; id < 90; ++id) stream += numbered("www.example.com", id);
    co_await client.write(stream);
    for (std::uint16_t id = 0; id < 90; ++id) {
      const auto reply = co_await client.readId();
      CHECK(reply == id);
    }
  });
}

TEST_CASE("a slow answer does not hold up a quick one after it") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    Bytes stream = numbered("gate.example.com", 1);
    stream += numbered("www.example.com", 2);
    co_await client.write(stream);
    const auto quick = co_await client.readId();
    CHECK(quick == 2);
    f.resolver->gate.set();
    const auto slow = co_await client.readId();
    CHECK(slow == 1);
  });
}

TEST_CASE("frames that hold no query are ignored, and the connection goes on") {
  StreamFixture fixture;
  fixture.run([](StreamFixture&, StreamClient& client) -> Task<> {
    const LogCapture log;
    Bytes response = makeQuery("www.example.com", Type::A);
    response[2] |= 0x80;
    Bytes stream = framed({});
    stream += framed(Bytes(1));
    stream += framed(Bytes(5));
    stream += framed(response);
    stream += numbered("www.example.com", 3);
    co_await client.write(stream);
    const auto id = co_await client.readId();
    CHECK(id == 3);
    CHECK(log.lines().empty());
  });
}

TEST_CASE("a frame that has a header and does not parse is a format error") {
  StreamFixture fixture;
  fixture.run([](StreamFixture&, StreamClient& client) -> Task<> {
    Bytes cut = makeQuery("www.example.com", Type::A);
    cut.resize(20);
    const Bytes frame = framed(cut);
    co_await client.write(frame);
    const auto reply = co_await client.read();
    REQUIRE(reply);
    CHECK(ParsedReply(*reply).rcode == Rcode::FORMERR);
  });
}

TEST_CASE("a query of 65,535 octets is read, and a reply of 60,000 is written") {
  StreamFixture fixture;
  fixture.run([](StreamFixture&, StreamClient& client) -> Task<> {
    const Bytes largest = framed(queryOf(65535));
    co_await client.write(largest);
    const auto answered = co_await client.read();
    REQUIRE(answered);
    CHECK(ParsedReply(*answered).counts[0] == 1);
    const Bytes query = numbered("large.example.com", 1);
    co_await client.write(query);
    const auto large = co_await client.read();
    REQUIRE(large);
    CHECK(large->size() > 60000);
    CHECK(ParsedReply(*large).whole);
  });
}

TEST_CASE("a client that has finished writing still gets all its answers, and then the end of the stream") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    Bytes stream = numbered("gate.example.com", 1);
    stream += numbered("sleep.example.com", 2);
    co_await client.write(stream);
    client.stream().shutdownWrite();
    co_await f.settle();
    f.resolver->gate.set();
    const auto first = co_await client.readId();
    CHECK(first == 1);
    const auto second = co_await client.readId();
    CHECK(second == 2);
    const bool closed = co_await client.closedByServer();
    CHECK(closed);
    CHECK(f.allServed());
  });
}

TEST_CASE("a connection without a query is closed when its time is over") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    const TimePoint begin = f.shard.now();
    const bool closed = co_await client.closedByServer();
    CHECK(closed);
    CHECK(f.shard.now() - begin >= 10s);
    CHECK(f.shard.now() - begin < 11s);
    CHECK(f.connections() == 0);
  });
}

TEST_CASE("the idle time counts from the last answer") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    co_await sleepFor(f.shard, 6s);
    const Bytes query = numbered("www.example.com", 1);
    co_await client.write(query);
    const auto first = co_await client.readId();
    CHECK(first == 1);
    co_await sleepFor(f.shard, 6s);
    co_await client.write(query);
    const auto second = co_await client.readId();
    CHECK(second == 1);
    const TimePoint begin = f.shard.now();
    const bool closed = co_await client.closedByServer();
    CHECK(closed);
    CHECK(f.shard.now() - begin >= 10s);
    CHECK(f.shard.now() - begin < 11s);
  });
}

TEST_CASE("a connection whose place another client needs ends at once, and so does the work for its queries") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    const Bytes query = numbered("gate.example.com", 1);
    co_await client.write(query);
    co_await f.settle();
    CHECK(f.resolver->waiting == 1);
    const TimePoint begin = f.shard.now();
    f.factory->connections().front()->close();
    const bool closed = co_await client.closedByServer();
    CHECK(closed);
    CHECK(f.shard.now() - begin < 1s);
    CHECK(f.resolver->waiting == 0);
    CHECK(f.factory->waitingQueries().size() == 0);
  });
}

TEST_CASE(
    "the queries of a peer that has ended its stream get two seconds, and those that are answered by then a reply") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    const Bytes query = numbered("gate.example.com", 1);
    co_await client.write(query);
    client.stream().shutdownWrite();
    co_await sleepFor(f.shard, 1s);
    CHECK(f.resolver->waiting == 1);
    f.resolver->gate.set();
    const auto id = co_await client.readId();
    CHECK(id == 1);
    f.resolver->gate.reset();

    StreamClient other = co_await f.connect();
    const TimePoint begin = f.shard.now();
    co_await other.write(query);
    other.stream().shutdownWrite();
    co_await f.settle();
    CHECK(f.resolver->waiting == 1);
    const auto late = co_await other.read();
    REQUIRE(late);
    CHECK(ParsedReply(*late).rcode == Rcode::SERVFAIL);
    CHECK(f.shard.now() - begin >= 2s);
    CHECK(f.shard.now() - begin < 3s);
    const bool closed = co_await other.closedByServer();
    CHECK(closed);
  });
}

TEST_CASE("a connection that waits for an answer is not idle, and has its full time after it") {
  StreamFixture fixture;
  fixture.factory->setAnswerTimeout(60s);
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    const Bytes query = numbered("gate.example.com", 1);
    co_await client.write(query);
    co_await sleepFor(f.shard, 35s);
    f.resolver->gate.set();
    const auto id = co_await client.readId();
    CHECK(id == 1);
    const TimePoint begin = f.shard.now();
    const bool closed = co_await client.closedByServer();
    CHECK(closed);
    CHECK(f.shard.now() - begin >= 10s);
    CHECK(f.shard.now() - begin < 11s);
  });
}

TEST_CASE("a client that sends an octet now and then and never a whole query is closed like an idle one") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    const Bytes query = numbered("www.example.com", 1);
    const TimePoint begin = f.shard.now();
    for (std::size_t i = 0; i < 20 && f.connections() > 0; ++i) {
      const Bytes octet{query[i]};
      co_await client.write(octet);
      co_await sleepFor(f.shard, 1s);
    }
    CHECK(f.connections() == 0);
    CHECK(f.shard.now() - begin <= 12s);
  });
}

TEST_CASE("frames without a query do not keep a connection open") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    const Bytes nothing = framed({});
    for (int i = 0; i < 20 && f.connections() > 0; ++i) {
      co_await client.write(nothing);
      co_await sleepFor(f.shard, 1s);
      if (i == 5) CHECK(f.connections() == 1);
    }
    CHECK(f.connections() == 0);
  });
}

TEST_CASE("a client that sends without a pause what is no query is closed when its time is over") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    Bytes flood(40'000, 0);  // empty frames: more than what is read in a few turns of the loop
    flood += numbered("www.example.com", 1);
    co_await client.write(flood);
    f.clock.advance(11s);
    const bool closed = co_await client.closedByServer();
    CHECK(closed);
    CHECK(f.resolver->asked == 0);
  });
}

TEST_CASE("no more queries of a connection are in work than its limit, and all are answered in the end") {
  StreamFixture fixture;
  StreamLimits limits;
  limits.queriesInFlight = 3;
  fixture.setLimits(limits);
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    Bytes stream;
    for (std::uint16_t id = 0; id < 8; ++id) stream += numbered("gate.example.com", id);
    stream += numbered("www.example.com", 8);
    co_await client.write(stream);
    co_await f.settle();
    CHECK(f.resolver->waiting == 3);
    CHECK(f.resolver->asked == 3);
    // What waits for its turn holds no buffer of the pool.
    CHECK(f.buffers.leased() == 0);
    f.resolver->gate.set();
    for (std::uint16_t id = 0; id < 9; ++id) {
      const auto reply = co_await client.readId();
      CHECK(reply);
    }
    CHECK(f.resolver->asked == 9);
  });
}

TEST_CASE("a client that does not read its replies is read no further, and dropped when its time is over") {
  StreamFixture fixture;
  StreamLimits limits;
  limits.unreadReplies = 100000;
  fixture.setLimits(limits);
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    setSocketOption(client.stream(), SO_RCVBUF, 4096);
    Bytes stream;
    for (std::uint16_t id = 0; id < 1000; ++id) stream += numbered("large.example.com", id);
    co_await client.write(stream);
    co_await f.settle();
    const std::size_t asked = f.resolver->asked;
    // The kernel's own buffers take some of them.
    CHECK(asked < 900);
    co_await f.settle();
    CHECK(f.resolver->asked == asked);
    CHECK(f.connections() == 1);
    co_await sleepFor(f.shard, 11s);
    co_await f.settle();
    CHECK(f.resolver->asked == asked);
    CHECK(f.connections() == 0);
    CHECK(f.allServed());
  });
}

TEST_CASE("what a client that is dropped has not read is not kept for it") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    setSocketOption(client.stream(), SO_RCVBUF, 4096);
    Bytes stream;  // few enough to be read whole: what the server has not read would mean a reset anyway
    for (std::uint16_t id = 0; id < 100; ++id) stream += numbered("large.example.com", id);
    co_await client.write(stream);
    co_await f.settle();
    CHECK(f.connections() == 1);
    co_await sleepFor(f.shard, 11s);
    co_await f.settle();
    CHECK(f.connections() == 0);
    CHECK(socketError(client.stream()) == ECONNRESET);
  });
}

TEST_CASE("a client that reads its replies late gets all of them") {
  StreamFixture fixture;
  StreamLimits limits;
  limits.unreadReplies = 100000;
  fixture.setLimits(limits);
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    // Far more than the kernel's own buffers take.
    Bytes stream;
    for (std::uint16_t id = 0; id < 400; ++id) stream += numbered("large.example.com", id);
    co_await client.write(stream);
    co_await f.settle();
    CHECK(f.resolver->asked < 400);
    for (std::uint16_t id = 0; id < 400; ++id) {
      const auto reply = co_await client.readId();
      CHECK(reply == id);
    }
  });
}

TEST_CASE("a reset in the middle of a frame ends the connection") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    const Bytes beginning = {0, 40, 1, 2, 3};
    co_await client.write(beginning);
    co_await f.settle();
    CHECK(f.connections() == 1);
    client.stream().reset();
    co_await f.settle();
    CHECK(f.connections() == 0);
    CHECK(f.allServed());
  });
}

TEST_CASE("the end of the stream in the middle of a frame ends the connection") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    const Bytes beginning = {0, 40, 1, 2, 3};
    co_await client.write(beginning);
    client.stream().shutdownWrite();
    const bool closed = co_await client.closedByServer();
    CHECK(closed);
    CHECK(f.connections() == 0);
  });
}

TEST_CASE("a client that goes away stops the work for its queries") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    Bytes stream = numbered("gate.example.com", 1);
    stream += numbered("gate.example.com", 2);
    co_await client.write(stream);
    co_await f.settle();
    CHECK(f.resolver->waiting == 2);
    client.stream().reset();
    co_await f.settle();
    CHECK(f.resolver->waiting == 0);
    CHECK(f.resolver->stopped == 2);
    CHECK(f.allServed());
  });
}

TEST_CASE("a client that goes away is noticed while a query waits for its turn") {
  StreamFixture fixture;
  StreamLimits limits;
  limits.queriesInFlight = 1;
  fixture.setLimits(limits);
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    Bytes stream = numbered("sleep.example.com", 1);
    stream += numbered("gate.example.com", 2);
    stream += numbered("gate.example.com", 3);
    co_await client.write(stream);
    co_await f.settle();
    client.stream().reset();
    co_await sleepFor(f.shard, 2s);
    co_await f.settle();
    f.resolver->gate.set();
    co_await f.settle();
    CHECK(f.allServed());
  });
}

TEST_CASE("after a stop no query is read, and those in flight are answered before the connection closes") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    Bytes stream = numbered("gate.example.com", 1);
    stream += numbered("gate.example.com", 2);
    co_await client.write(stream);
    co_await f.settle();
    f.stop.requestStop();
    co_await f.settle();
    CHECK(f.connections() == 1);
    const Bytes late = numbered("www.example.com", 3);
    co_await client.write(late);
    co_await f.settle();
    CHECK(f.resolver->asked == 2);
    f.resolver->gate.set();
    const auto first = co_await client.readId();
    const auto second = co_await client.readId();
    CHECK(first == 1);
    CHECK(second == 2);
    co_await f.settle();
    CHECK(f.allServed());
  });
}

TEST_CASE("an idle connection is closed at once by a stop") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    co_await f.settle();
    const TimePoint begin = f.shard.now();
    f.stop.requestStop();
    const bool closed = co_await client.closedByServer();
    CHECK(closed);
    CHECK(f.shard.now() - begin < 1s);
  });
}

TEST_CASE("a question that has come when a stop comes is answered, and so is the rest of one that has begun to come") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    const Bytes first = numbered("www.example.com", 1);
    co_await client.write(first);
    const auto answered = co_await client.readId();
    CHECK(answered == 1);
    const Bytes second = numbered("www.example.com", 2);
    client.stream().sendNow(second);
    const Bytes third = numbered("www.example.com", 3);
    client.stream().sendNow(ByteSpan(third).first(7));
    f.stop.requestStop();
    const auto come = co_await client.readId();
    CHECK(come == 2);
    const ByteSpan rest = ByteSpan(third).subspan(7);
    client.stream().sendNow(rest);
    const auto completed = co_await client.readId();
    CHECK(completed == 3);
    const bool closed = co_await client.closedByServer();
    CHECK(closed);
    co_await f.settle();
    CHECK(f.allServed());
  });
}

TEST_CASE("the first question of a connection that was made just before a stop is answered") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    co_await f.settle();
    f.stop.requestStop();
    co_await f.settle();
    const Bytes query = numbered("www.example.com", 1);
    co_await client.write(query);
    const auto answered = co_await client.readId();
    CHECK(answered == 1);
    const bool closed = co_await client.closedByServer();
    CHECK(closed);
  });
}

TEST_CASE("an abort stops the queries in flight, whose clients still get an answer") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    const Bytes query = numbered("gate.example.com", 1);
    co_await client.write(query);
    co_await f.settle();
    f.stop.requestStop();
    f.abort.requestStop();
    const auto reply = co_await client.read();
    REQUIRE(reply);
    CHECK(ParsedReply(*reply).rcode == Rcode::SERVFAIL);
    CHECK(f.resolver->stopped == 1);
    co_await f.settle();
    CHECK(f.allServed());
  });
}

TEST_CASE("an abort ends a write that the client does not take") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    setSocketOption(client.stream(), SO_RCVBUF, 4096);
    Bytes stream;
    for (std::uint16_t id = 0; id < 1000; ++id) stream += numbered("large.example.com", id);
    co_await client.write(stream);
    co_await f.settle();
    CHECK(f.connections() == 1);
    const TimePoint begin = f.shard.now();
    f.stop.requestStop();
    f.abort.requestStop();
    co_await f.settle();
    CHECK(f.allServed());
    CHECK(f.shard.now() - begin < 1s);
  });
}

TEST_CASE("connections are counted in when made and out when lost, once each, however they end") {
  const auto factory = std::make_shared<CountingFactory>();
  StreamFixture fixture(factory);
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    auto& counting = dynamic_cast<CountingFactory&>(*f.factory);
    co_await f.settle();
    CHECK(f.connections() == 1);
    StreamClient second = co_await f.connect();
    StreamClient third = co_await f.connect();
    co_await f.settle();
    CHECK(f.connections() == 3);
    CHECK(counting.made == 3);
    CHECK(f.factory->connections().front()->peer() == client.stream().localAddress());
    CHECK(f.factory->connections().back()->peer() == third.stream().localAddress());
    second.stream().reset();
    co_await f.settle();
    CHECK(f.connections() == 2);
    client.stream().close();
    co_await f.settle();
    CHECK(f.connections() == 1);
    third.stream().shutdownWrite();
    co_await f.settle();
    CHECK(f.connections() == 0);
    CHECK(counting.made == 3);
    CHECK(counting.lost == 3);
  });
}

TEST_CASE("a peer for which no protocol is built is closed at once") {
  const auto factory = std::make_shared<CountingFactory>();
  StreamFixture fixture(factory);
  factory->setProtocol([](ServerFactory&, const Address&) { return nullptr; });
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    const TimePoint begin = f.shard.now();
    const bool closed = co_await client.closedByServer();
    CHECK(closed);
    CHECK(f.shard.now() - begin < 1s);
    CHECK(dynamic_cast<CountingFactory&>(*f.factory).made == 0);
  });
}

namespace {

// Throws after the default has kept the connection, or before it has forgotten it.
class ThrowingFactory final : public ServerFactory {
 public:
  explicit ThrowingFactory(bool whenMade)
      : ServerFactory({std::make_shared<TestResolver>()}, {}, {}), whenMade_(whenMade) {}
  void connectionMade(StreamConnection& connection) override {
    ServerFactory::connectionMade(connection);
    if (whenMade_) throw std::runtime_error("no connection today");
  }
  void connectionLost(StreamConnection& connection) override {
    if (!whenMade_) throw 42;
    ServerFactory::connectionLost(connection);
  }

 private:
  bool whenMade_;
};

}  // namespace

TEST_CASE("where connectionMade throws, the connection is closed and forgotten") {
  const LogCapture log;
  StreamFixture fixture(std::make_shared<ThrowingFactory>(true));
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    const bool closed = co_await client.closedByServer();
    CHECK(closed);
    CHECK(f.connections() == 0);
  });
  CHECK(log.lines() == std::vector<std::string>{"connectionMade: no connection today"});
}

TEST_CASE("where connectionLost throws, the connection is forgotten") {
  const LogCapture log;
  StreamFixture fixture(std::make_shared<ThrowingFactory>(false));
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    co_await client.write(numbered("www.example.com", 1));
    const auto id = co_await client.readId();
    CHECK(id == 1);
    CHECK(f.connections() == 1);
    client.stream().close();
    co_await f.settle();
    CHECK(f.connections() == 0);
  });
  CHECK(log.lines() == std::vector<std::string>{"connectionLost: an exception of an unknown type"});
}

TEST_CASE("an exception of a handler becomes one SERVFAIL, and the other queries of the connection go on") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    const LogCapture log;
    Bytes stream = numbered("throw.example.com", 1);
    stream += numbered("later.example.com", 2);
    stream += numbered("www.example.com", 3);
    co_await client.write(stream);
    const auto thrown = co_await client.read();
    REQUIRE(thrown);
    CHECK(ParsedReply(*thrown).rcode == Rcode::SERVFAIL);
    const auto good = co_await client.read();
    REQUIRE(good);
    CHECK(ParsedReply(*good).id == 3);
    f.resolver->gate.set();
    const auto later = co_await client.read();
    REQUIRE(later);
    CHECK(ParsedReply(*later).id == 2);
    CHECK(ParsedReply(*later).rcode == Rcode::SERVFAIL);
    CHECK(log.errors() == 2);
    CHECK(log.lines().size() == 2);
  });
}

TEST_CASE("ten thousand queries over one connection leave no buffer in use") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    for (int round = 0; round < 200; ++round) {
      Bytes stream;
      for (std::uint16_t id = 0; id < 50; ++id) stream += numbered("www.example.com", id);
      co_await client.write(stream);
      for (std::uint16_t id = 0; id < 50; ++id) {
        const auto reply = co_await client.readId();
        if (reply != id) FAIL("a reply is missing");
      }
    }
    CHECK(f.resolver->asked == 10000);
    CHECK(f.buffers.leased() == 0);
  });
}

TEST_CASE("a query whose handler does not end gets SERVFAIL, and holds neither its connection nor its server") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    const LogCapture log;
    const TimePoint begin = f.shard.now();
    Bytes stream = numbered("deaf.example.com", 1);
    stream += numbered("www.example.com", 2);
    co_await client.write(stream);
    const auto quick = co_await client.readId();
    CHECK(quick == 2);
    const auto late = co_await client.read();
    REQUIRE(late);
    CHECK(ParsedReply(*late).id == 1);
    CHECK(ParsedReply(*late).rcode == Rcode::SERVFAIL);
    CHECK(f.shard.now() - begin >= 10s);
    CHECK(log.has("deaf.example.com. A"));
    const auto closed = co_await client.closedByServer();
    CHECK(closed);
    CHECK(f.shard.now() - begin < 25s);
    co_await f.settle();
    CHECK(f.allServed());
    CHECK(f.factory->waitingQueries().givenUp() == 1);
    f.resolver->gate.set();
    CHECK(f.factory->waitingQueries().givenUp() == 0);
  });
}

TEST_CASE("a peer that goes away frees its connection within a second or two, whatever its handler does") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    const LogCapture log;
    const Bytes query = numbered("deaf.example.com", 1);
    co_await client.write(query);
    co_await f.settle();
    client.stream().reset();
    co_await sleepFor(f.shard, 2s);
    CHECK(f.allServed());
    f.resolver->gate.set();
  });
}

namespace {

// Writes a message every six seconds, five of them, and then waits for ever or ends.
class Transferring final : public ServerFactory {
 public:
  Task<std::optional<Answer>> handleQuery(const Query& query, ReplyChannel& channel) override {
    for (int i = 0; i < 5; ++i) {
      co_await sleepFor(*shard, 6s);
      const std::size_t size = responseFromMessage(query, Answer::nameError(), channel.replyBuffer());
      co_await channel.write(size);
    }
    if (NameView(query.name()).firstLabel() == "stuck") co_await gate.wait(neverStopped.token());
    co_return Answer::noReply();
  }

  Shard* shard = nullptr;
  Event gate;
  StopSource neverStopped;
};

Task<int> countReplies(StreamClient& client) {
  int count = 0;
  while (const auto id = co_await client.readId()) ++count;
  co_return count;
}

}  // namespace

TEST_CASE("a transfer may last as long as its messages follow each other, and one that stops ends its connection") {
  const auto factory = std::make_shared<Transferring>();
  StreamFixture fixture(factory);
  factory->shard = &fixture.shard;
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    const LogCapture log;
    const Bytes whole = numbered("www.example.com", 1);
    co_await client.write(whole);
    const int messages = co_await countReplies(client);
    CHECK(messages == 5);
    CHECK(log.lines().empty());
    StreamClient other = co_await f.connect();
    const Bytes stuck = numbered("stuck.example.com", 2);
    const TimePoint begin = f.shard.now();
    co_await other.write(stuck);
    const int before = co_await countReplies(other);
    CHECK(before == 5);
    CHECK_FALSE(other.gaveUp);
    CHECK(f.shard.now() - begin < 60s);
    CHECK(log.has("stuck.example.com. A"));
    dynamic_cast<Transferring&>(*f.factory).gate.set();
  });
}

TEST_CASE("a frame that holds no query has its line in the log of queries") {
  StreamFixture fixture;
  QueryLogSettings settings;
  settings.errors = true;
  fixture.factory->setQueryLog(settings);
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    const LogCapture log;
    const Bytes frame = framed(Bytes(11));
    co_await client.write(frame);
    co_await f.settle();
    CHECK(log.lines().size() == 1);
    CHECK(log.has("protocol=tcp name=- type=- rcode=- flags=- size=0 us=0 outcome=unparsable"));
    CHECK(f.factory->counters().dropped[static_cast<std::size_t>(DropReason::unparsable)] == 1);
  });
}

}  // namespace stream_connection_test
