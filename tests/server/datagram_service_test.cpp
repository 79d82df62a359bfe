#include "taut/server/datagram_service.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "messages.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/tsig.hpp"
#include "taut/io/deadline.hpp"
#include "taut/io/shard.hpp"
#include "taut/io/sleep.hpp"
#include "taut/net/datagram.hpp"
#include "taut/net/udp_socket.hpp"
#include "taut/server/server_factory.hpp"
#include "taut/server/server_statistics.hpp"
#include "test_resolver.hpp"

namespace datagram_service_test {

using namespace std::chrono_literals;

namespace {

using namespace taut;

class UdpClient {
 public:
  UdpClient(Shard& shard, const Address& server) : shard_(shard), socket_(connect(shard, server)) {}

  Task<> send(const Bytes& message) {
    const IoResult sent = co_await socket_.send(message);
    CHECK(sent.value() == message.size());
  }

  // Nothing when none comes.
  Task<std::optional<Bytes>> receive() {
    Bytes message(65535);
    Deadline deadline(shard_, 1h);
    const IoResult received = co_await socket_.receive(message, deadline.token());
    if (!received.ok()) co_return std::nullopt;
    message.resize(received.value());
    co_return message;
  }

  Task<std::optional<ParsedReply>> ask(const Bytes& message) {
    co_await send(message);
    const auto reply = co_await receive();
    if (!reply) co_return std::nullopt;
    co_return ParsedReply(*reply);
  }

 private:
  static UdpSocket connect(Shard& shard, const Address& server) {
    auto socket = UdpSocket::connect(shard, server);
    if (!socket) throw std::runtime_error("connect: " + socket.error().message());
    return std::move(*socket);
  }

  Shard& shard_;
  UdpSocket socket_;
};

// Where nothing can happen any more the clock jumps to the next deadline: a reply that never comes costs no time.
class Fixture {
 public:
  using Body = Task<> (*)(Fixture& fixture, UdpClient& client);

  explicit Fixture(const Address& address = Address::loopbackV4(), std::size_t count = 64, std::size_t maxWaiting = 48,
                   std::shared_ptr<ServerFactory> given = {})
      : shard(options()),
        resolver(std::make_shared<TestResolver>(&shard)),
        factory(given ? std::move(given)
                      : std::make_shared<ServerFactory>(ServerFactory::Resolvers{resolver}, ServerFactory::Caches{},
                                                        ServerFactory::Resolvers{})),
        buffers(shard, count, 2048),
        socket(UdpSocket::bind(shard, address)),
        protocol(shard, *factory, socket, buffers) {
    factory->setClock(clock);
    factory->waitingQueries().setLimit(maxWaiting);
    clock.skipIdle(30ms);
  }

  Address server() const {
    const Address local = socket.localAddress();
    if (!local.isWildcard()) return local;
    return (local.isV4() ? Address::loopbackV4() : Address::loopbackV6()).withPort(local.port());
  }
  void run(Body body) { run(body, server()); }
  void run(Body body, const Address& asked) {
    shard.run(runBody(body, asked));
    CHECK(buffers.leased() == 0);
  }
  // Until nothing can happen any more but by a deadline.
  Task<> settle() { co_await sleepFor(shard, 1ns); }

  ManualClock clock;
  Shard shard;
  std::shared_ptr<TestResolver> resolver;
  std::shared_ptr<ServerFactory> factory;
  DatagramBuffers buffers;
  UdpSocket socket;
  DatagramService protocol;
  StopSource stop;
  StopSource abort;
  bool ended = false;

 private:
  ShardOptions options() {
    ShardOptions options;
    options.clock = &clock;
    return options;
  }
  Task<> serve() {
    co_await protocol.serve(stop.token(), abort.token());
    ended = true;
  }
  Task<> runBody(Body body, Address asked) {
    TaskScope scope;
    scope.spawn(serve());
    std::exception_ptr failure;
    try {
      UdpClient client(shard, asked);
      co_await body(*this, client);
    } catch (...) {
      failure = std::current_exception();
    }
    stop.requestStop();
    abort.requestStop();
    co_await scope.join();
    co_await settle();
    if (failure) std::rethrow_exception(failure);
  }
};

Bytes numbered(std::string_view name, std::uint16_t id) {
  QueryShape shape;
  shape.id = id;
  return makeQuery(name, Type::A, shape);
}

}  // namespace

TEST_CASE("a query in a datagram is answered, over IPv4 and IPv6") {
  for (const Address& address : {Address::loopbackV4(), Address::loopbackV6()}) {
    Fixture fixture(address);
    fixture.run([](Fixture&, UdpClient& client) -> Task<> {
      const Bytes query = numbered("www.example.com", 7);
      const auto reply = co_await client.ask(query);
      REQUIRE(reply);
      CHECK(reply->id == 7);
      CHECK(reply->counts[0] == 1);
      CHECK(reply->whole);
    });
  }
}

TEST_CASE("on a wildcard address a query is answered from the address that was asked") {
  // The client's socket is connected, so it hears nothing that comes from another address.
  const auto ask = [](Fixture&, UdpClient& client) -> Task<> {
    const Bytes query = numbered("www.example.com", 7);
    const auto reply = co_await client.ask(query);
    CHECK(reply);
  };
  Fixture(Address::anyV4()).run(ask);
  Fixture(Address::anyV6()).run(ask);
  Fixture other(Address::anyV4());
  other.run(ask, Address::v4({127, 0, 0, 2}, other.server().port()));
}

TEST_CASE("what holds no query is met with silence") {
  Fixture fixture;
  fixture.run([](Fixture& f, UdpClient& client) -> Task<> {
    const LogCapture log;
    Bytes response = makeQuery("www.example.com", Type::A);
    response[2] |= 0x80;
    for (const Bytes& message : {Bytes{}, Bytes(1), Bytes(11), response}) co_await client.send(message);
    const Bytes query = numbered("www.example.com", 1);
    const auto reply = co_await client.ask(query);
    REQUIRE(reply);
    CHECK(reply->id == 1);
    const auto another = co_await client.receive();
    CHECK_FALSE(another);
    CHECK(f.resolver->asked == 1);
    CHECK(log.lines().empty());
  });
}

namespace {

// Notes what it is shown of the queries that are about to come, and then throws, if it is to.
class PrefetchingResolver final : public Resolver {
 public:
  explicit PrefetchingResolver(bool throws) : throws_(throws) {}

  Task<std::optional<Answer>> resolve(const Query& query) override {
    asked.insert(query.name().toString());
    return Task<std::optional<Answer>>::ready(Answer::nameError());
  }
  void prefetch(std::span<const Query* const> queries) const override {
    calls.push_back(queries.size());
    for (const Query* query : queries) {
      const std::string name = query->name().toString();
      CHECK(asked.count(name) == 0);
      CHECK(shown.insert(name).second);
    }
    if (throws_) throw std::runtime_error("nothing to fetch");
  }

  mutable std::vector<std::size_t> calls;
  mutable std::set<std::string> shown;
  std::set<std::string> asked;

 private:
  bool throws_;
};

// Forty queries, the third of them cut to six octets, at once: without a turn of the loop in between.
std::shared_ptr<PrefetchingResolver> answerTogether(bool throws = false) {
  auto resolver = std::make_shared<PrefetchingResolver>(throws);
  Fixture fixture(Address::loopbackV4(), 64, 48,
                  std::make_shared<ServerFactory>(ServerFactory::Resolvers{resolver}, ServerFactory::Caches{},
                                                  ServerFactory::Resolvers{}));
  fixture.run([](Fixture& f, UdpClient&) -> Task<> {
    co_await f.settle();
    sockaddr_storage name{};
    const socklen_t length = f.server().toSockaddr(name);
    const UniqueFd client(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    for (std::uint16_t i = 0; i < 40; ++i) {
      Bytes query = numbered(fmt::format("n{}.example", i), i);
      if (i == 2) query.resize(6);
      CHECK(::sendto(client.get(), query.data(), query.size(), 0, reinterpret_cast<const sockaddr*>(&name), length) >
            0);
    }
    co_await f.settle();
  });
  return resolver;
}

}  // namespace

TEST_CASE("a resolver is shown the queries that came together before it is asked the first of them") {
  const auto resolver = answerTogether();
  CHECK(resolver->asked.size() == 39);
  // How many come together is for the kernel to say; most of them do.
  CHECK(resolver->shown.size() > 20);
  for (const std::size_t count : resolver->calls) CHECK((count >= 2 && count <= 32));
}

TEST_CASE("a prefetch that throws leaves lines in the log, and every query is answered") {
  const LogCapture log;
  const auto resolver = answerTogether(true);
  CHECK(resolver->asked.size() == 39);
  CHECK(log.lines().size() == resolver->calls.size());
  CHECK(log.count("nothing to fetch") == resolver->calls.size());
}

TEST_CASE("a header without the rest is a format error") {
  Fixture fixture;
  fixture.run([](Fixture&, UdpClient& client) -> Task<> {
    Bytes header = numbered("www.example.com", 9);
    header.resize(12);
    const auto reply = co_await client.ask(header);
    REQUIRE(reply);
    CHECK(reply->id == 9);
    CHECK(reply->rcode == Rcode::FORMERR);
  });
}

TEST_CASE("a compression loop in the question is a format error, at once") {
  Fixture fixture;
  fixture.run([](Fixture& f, UdpClient& client) -> Task<> {
    Bytes loop = numbered("www.example.com", 9);
    loop.resize(12);
    loop += Bytes{0xc0, 0x0c, 0, 1, 0, 1};
    const auto reply = co_await client.ask(loop);
    REQUIRE(reply);
    CHECK(reply->rcode == Rcode::FORMERR);
    CHECK(f.resolver->asked == 0);
  });
}

TEST_CASE("a datagram larger than a buffer is judged by what there is of it") {
  Fixture fixture;
  fixture.run([](Fixture&, UdpClient& client) -> Task<> {
    QueryShape shape;
    shape.payloadSize = 1232;
    Bytes cut = makeQuery("www.example.com", Type::A, shape);
    storeU16(cut.data() + cut.size() - 2, 3000);
    cut.resize(cut.size() + 3000);
    const auto cutReply = co_await client.ask(cut);
    REQUIRE(cutReply);
    CHECK(cutReply->rcode == Rcode::FORMERR);
    Bytes trailing = makeQuery("www.example.com", Type::A);
    trailing.resize(3000);
    const auto wholeReply = co_await client.ask(trailing);
    REQUIRE(wholeReply);
    CHECK(wholeReply->counts[0] == 1);
  });
}

TEST_CASE("an answer that waits does not hold up later ones") {
  Fixture fixture;
  fixture.run([](Fixture& f, UdpClient& client) -> Task<> {
    const Bytes slow = numbered("gate.example.com", 1);
    const Bytes quick = numbered("www.example.com", 2);
    co_await client.send(slow);
    const auto first = co_await client.ask(quick);
    REQUIRE(first);
    CHECK(first->id == 2);
    f.resolver->gate.set();
    const auto second = co_await client.receive();
    REQUIRE(second);
    CHECK(ParsedReply(*second).id == 1);
  });
}

TEST_CASE("a handler may wait for a timer") {
  Fixture fixture;
  fixture.run([](Fixture& f, UdpClient& client) -> Task<> {
    const TimePoint begin = f.shard.now();
    const Bytes query = numbered("sleep.example.com", 1);
    const auto reply = co_await client.ask(query);
    REQUIRE(reply);
    CHECK(reply->counts[0] == 1);
    CHECK(f.shard.now() - begin >= 1s);
  });
}

TEST_CASE("a handler may ask another resolver") {
  class Asking final : public Resolver {
   public:
    Task<std::optional<Answer>> resolve(const Query& query) override {
      const Query other = query.withQuestion(Name("sleep.example.com"), Type::A);
      auto answer = co_await target->resolve(other);
      co_return answer;
    }
    TestResolver* target = nullptr;
  };
  const auto asking = std::make_shared<Asking>();
  const auto factory = std::make_shared<ServerFactory>(ServerFactory::Resolvers{asking});
  Fixture fixture(Address::loopbackV4(), 64, 48, factory);
  asking->target = fixture.resolver.get();
  fixture.run([](Fixture& f, UdpClient& client) -> Task<> {
    const Bytes query = numbered("www.example.com", 1);
    const auto reply = co_await client.ask(query);
    REQUIRE(reply);
    CHECK(reply->counts[0] == 1);
    CHECK(f.resolver->asked == 1);
  });
}

TEST_CASE("an exception of a handler becomes SERVFAIL, thrown at once or after a wait") {
  Fixture fixture;
  fixture.run([](Fixture& f, UdpClient& client) -> Task<> {
    const LogCapture log;
    const Bytes atOnce = numbered("throw.example.com", 1);
    const auto first = co_await client.ask(atOnce);
    REQUIRE(first);
    CHECK(first->rcode == Rcode::SERVFAIL);
    f.resolver->gate.set();
    const Bytes afterWait = numbered("later.example.com", 2);
    const auto second = co_await client.ask(afterWait);
    REQUIRE(second);
    CHECK(second->rcode == Rcode::SERVFAIL);
    const auto third = co_await client.receive();
    CHECK_FALSE(third);
    CHECK(log.lines().size() == 2);
  });
}

TEST_CASE("a query that the factory drops gives its buffer back") {
  class Dropping final : public ServerFactory {
   public:
    Task<Admission> allowQuery(const Query&, const ReplyChannel&) override {
      return Task<Admission>::ready(Admission::drop);
    }
  };
  Fixture fixture(Address::loopbackV4(), 4, 2, std::make_shared<Dropping>());
  fixture.run([](Fixture& f, UdpClient& client) -> Task<> {
    const Bytes query = numbered("www.example.com", 1);
    for (int i = 0; i < 20; ++i) co_await client.send(query);
    const auto reply = co_await client.receive();
    CHECK_FALSE(reply);
    CHECK(f.buffers.leased() == 0);
  });
}

TEST_CASE("when too many queries wait, the one that has waited longest is stopped, and quick ones go on") {
  Fixture fixture(Address::loopbackV4(), 4, 3);
  fixture.run([](Fixture& f, UdpClient& client) -> Task<> {
    for (std::uint16_t id = 1; id <= 5; ++id) {
      const Bytes slow = numbered("gate.example.com", id);
      co_await client.send(slow);
      co_await f.settle();
    }
    CHECK(f.resolver->waiting == 3);
    for (const int id : {1, 2}) {
      const auto stopped = co_await client.receive();
      REQUIRE(stopped);
      CHECK(ParsedReply(*stopped).id == id);
      CHECK(ParsedReply(*stopped).rcode == Rcode::SERVFAIL);
    }
    const Bytes quick = numbered("www.example.com", 9);
    const auto reply = co_await client.ask(quick);
    REQUIRE(reply);
    CHECK(reply->id == 9);
    f.resolver->gate.set();
    for (const int id : {3, 4, 5}) {
      const auto answered = co_await client.receive();
      REQUIRE(answered);
      CHECK(ParsedReply(*answered).id == id);
      CHECK(ParsedReply(*answered).counts[0] == 1);
    }
  });
}

TEST_CASE("after a stop nothing is received, and what is in flight is answered") {
  Fixture fixture;
  fixture.run([](Fixture& f, UdpClient& client) -> Task<> {
    const Bytes slow = numbered("gate.example.com", 1);
    co_await client.send(slow);
    co_await f.settle();
    f.stop.requestStop();
    co_await f.settle();
    CHECK_FALSE(f.ended);
    const Bytes late = numbered("www.example.com", 2);
    co_await client.send(late);
    co_await f.settle();
    CHECK(f.resolver->asked == 1);
    f.resolver->gate.set();
    const auto reply = co_await client.receive();
    REQUIRE(reply);
    CHECK(ParsedReply(*reply).counts[0] == 1);
    co_await f.settle();
    CHECK(f.ended);
  });
}

TEST_CASE("an abort stops what is in flight, whose clients get SERVFAIL") {
  Fixture fixture;
  fixture.run([](Fixture& f, UdpClient& client) -> Task<> {
    const Bytes slow = numbered("gate.example.com", 1);
    co_await client.send(slow);
    co_await f.settle();
    f.stop.requestStop();
    f.abort.requestStop();
    const auto reply = co_await client.receive();
    REQUIRE(reply);
    CHECK(ParsedReply(*reply).rcode == Rcode::SERVFAIL);
    CHECK(f.resolver->stopped == 1);
    co_await f.settle();
    CHECK(f.ended);
  });
}

TEST_CASE("a hundred thousand queries leave no buffer in use") {
  Fixture fixture;
  fixture.run([](Fixture& f, UdpClient& client) -> Task<> {
    const Bytes query = numbered("www.example.com", 1);
    for (int round = 0; round < 2500; ++round) {
      for (int i = 0; i < 40; ++i) co_await client.send(query);
      for (int i = 0; i < 40; ++i) {
        const auto reply = co_await client.receive();
        if (!reply) throw std::runtime_error("a reply is missing");
      }
    }
    CHECK(f.resolver->asked == 100000);
    co_await f.settle();
    CHECK(f.buffers.leased() == 0);
    CHECK(f.buffers.counters().sendFailures == 0);
  });
}

TEST_CASE("a signed query whose handler does not end gets a SERVFAIL that is signed, and nothing later") {
  Fixture fixture;
  fixture.run([](Fixture& f, UdpClient& client) -> Task<> {
    const LogCapture log;
    const std::vector<TsigKey> keys{{Name("transfer.example"), TsigAlgorithm::hmacSha256, {1, 2, 3}}};
    f.factory->setKeys(std::make_shared<const KeyRing>(keys));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(f.clock.wallTime().time_since_epoch());
    const auto now = static_cast<std::uint64_t>(seconds.count());
    Bytes query = makeQuery("deaf.example.com", Type::A);
    const std::size_t size = query.size();
    TsigSigner signer(keys.front());
    query.resize(size + signer.room());
    signer.sign(query, size, now);
    co_await client.send(query);
    const auto reply = co_await client.receive();
    REQUIRE(reply);
    CHECK(ParsedReply(*reply).rcode == Rcode::SERVFAIL);
    TsigVerifier verifier(keys.front(), signer.mac());
    CHECK(verifier.add(*reply, now).ok());
    CHECK(f.factory->waitingQueries().givenUp() == 1);
    f.resolver->gate.set();
    CHECK(f.factory->waitingQueries().givenUp() == 0);
    const auto another = co_await client.receive();
    CHECK_FALSE(another);
  });
}

TEST_CASE(
    "a query whose handler does not end gets SERVFAIL after ten seconds, and nothing that its handler gives later") {
  Fixture fixture;
  fixture.run([](Fixture& f, UdpClient& client) -> Task<> {
    const LogCapture log;
    const TimePoint begin = f.shard.now();
    QueryShape shape;
    shape.payloadSize = 1232;
    const Bytes query = makeQuery("deaf.example.com", Type::A, shape);
    const auto reply = co_await client.ask(query);
    REQUIRE(reply);
    CHECK(reply->rcode == Rcode::SERVFAIL);
    CHECK(reply->option(EdnsOption::EDE));
    CHECK(f.shard.now() - begin >= 10s);
    CHECK(f.shard.now() - begin < 11s);
    CHECK(f.buffers.leased() == 0);
    CHECK(f.factory->waitingQueries().size() == 0);
    CHECK(f.factory->waitingQueries().givenUp() == 1);
    CHECK(log.lines().size() == 1);
    CHECK(log.has("deaf.example.com. A"));
    f.resolver->gate.set();
    CHECK(f.resolver->waiting == 0);
    CHECK(f.factory->waitingQueries().givenUp() == 0);
    const auto another = co_await client.receive();
    CHECK_FALSE(another);
  });
}

TEST_CASE("a handler that obeys the stop token ends with the time of its query, whose client gets one SERVFAIL") {
  Fixture fixture;
  fixture.factory->setAnswerTimeout(300ms);
  fixture.run([](Fixture& f, UdpClient& client) -> Task<> {
    const TimePoint begin = f.shard.now();
    const Bytes query = numbered("gate.example.com", 1);
    const auto reply = co_await client.ask(query);
    REQUIRE(reply);
    CHECK(reply->rcode == Rcode::SERVFAIL);
    CHECK(f.shard.now() - begin < 1s);
    CHECK(f.resolver->stopped == 1);
    const auto another = co_await client.receive();
    CHECK_FALSE(another);
  });
}

TEST_CASE("a handler that passes the token to no wait ends with its query all the same") {
  Fixture fixture;
  fixture.run([](Fixture& f, UdpClient& client) -> Task<> {
    const LogCapture log;
    const Bytes query = numbered("careless.example.com", 1);
    co_await client.send(query);
    co_await f.settle();
    CHECK(f.resolver->waiting == 1);
    const auto first = co_await client.receive();  // after ten seconds
    REQUIRE(first);
    CHECK(ParsedReply(*first).rcode == Rcode::SERVFAIL);
    CHECK(f.resolver->waiting == 0);
    f.resolver->gate.set();
    const auto second = co_await client.ask(query);
    REQUIRE(second);
    CHECK(second->rcode == Rcode::SERVFAIL);
    co_await f.settle();
    CHECK(f.resolver->waiting == 0);
    CHECK(f.factory->waitingQueries().givenUp() == 0);
  });
}

TEST_CASE("queries whose handlers never end keep no buffer from others, however many they are") {
  Fixture fixture(Address::loopbackV4(), 64, 48);
  fixture.run([](Fixture& f, UdpClient& client) -> Task<> {
    const LogCapture log;
    for (std::uint16_t id = 0; id < 400; ++id) {
      const Bytes query = numbered("deaf.example.com", id);
      co_await client.send(query);
      co_await f.settle();
    }
    CHECK(f.resolver->waiting == 400);
    UdpClient other(f.shard, f.server());
    const Bytes query = numbered("www.example.com", 1000);
    const auto reply = co_await other.ask(query);
    REQUIRE(reply);
    CHECK(reply->counts[0] == 1);
    CHECK(f.buffers.leased() <= 64);
    f.resolver->gate.set();
    co_await f.settle();
    CHECK(f.buffers.leased() == 0);
  });
}

TEST_CASE("after an abort the service ends within a second of it, though a handler does not") {
  Fixture fixture;
  fixture.run([](Fixture& f, UdpClient& client) -> Task<> {
    const LogCapture log;
    const Bytes query = numbered("deaf.example.com", 1);
    co_await client.send(query);
    co_await f.settle();
    f.stop.requestStop();
    f.abort.requestStop();
    const auto reply = co_await client.receive();
    REQUIRE(reply);
    CHECK(ParsedReply(*reply).rcode == Rcode::SERVFAIL);
    co_await f.settle();
    CHECK(f.ended);
    f.resolver->gate.set();
  });
}

namespace {

// Answers a datagram itself, and then gives another answer.
class AnswersTwice final : public ServerFactory {
 public:
  Task<std::optional<Answer>> handleQuery(const Query& query, ReplyChannel& channel) override {
    const std::size_t size = responseFromMessage(query, Answer::nameError(), channel.replyBuffer());
    co_await channel.write(size);
    co_return Answer::refused();
  }
};

}  // namespace

TEST_CASE("a handler that writes a datagram and returns an answer too has sent the first") {
  Fixture fixture(Address::loopbackV4(), 64, 48, std::make_shared<AnswersTwice>());
  fixture.run([](Fixture&, UdpClient& client) -> Task<> {
    const Bytes query = numbered("www.example.com", 1);
    const auto reply = co_await client.ask(query);
    REQUIRE(reply);
    CHECK(reply->rcode == Rcode::NXDOMAIN);
    const auto another = co_await client.receive();
    CHECK_FALSE(another);
  });
}

TEST_CASE("queries over UDP are counted by family and type, and what is no query as dropped") {
  for (const bool v6 : {false, true}) {
    Fixture fixture(v6 ? Address::loopbackV6() : Address::loopbackV4());
    fixture.run([](Fixture& f, UdpClient& client) -> Task<> {
      for (const Bytes& message :
           {Bytes(11), makeQuery("a.example.com", Type::A), makeQuery("b.example.com", Type::MX)})
        co_await client.send(message);
      co_await f.settle();
    });
    ServerStatistics statistics;
    statistics.add(fixture.factory->counters());
    const auto& types = statistics.requests[static_cast<std::size_t>(Transport::udp)][v6 ? 1 : 0];
    CHECK(types[typeSlot(Type::A)] == 1);
    CHECK(types[typeSlot(Type::MX)] == 1);
    CHECK(statistics.requestCount() == 2);
    CHECK(statistics.requestSizes.sum == 2 * 31);
    CHECK(statistics.dropped[static_cast<std::size_t>(DropReason::unparsable)] == 1);
  }
}

TEST_CASE("queries that wait are counted, and timed from the turn in which they came to that in which they end") {
  Fixture fixture;
  fixture.run([](Fixture& f, UdpClient& client) -> Task<> {
    const Bytes quick = numbered("www.example.com", 1);
    co_await client.ask(quick);
    const Bytes slow = numbered("gate.example.com", 2);
    co_await client.send(slow);
    co_await f.settle();
    ServerStatistics statistics;
    statistics.add(f.factory->counters());
    CHECK(statistics.waiting == 1);
    CHECK(statistics.durations.total() == 1);
    f.clock.advance(20ms);
    co_await f.settle();
    f.resolver->gate.set();
    co_await client.receive();
    statistics = {};
    statistics.add(f.factory->counters());
    CHECK(statistics.waiting == 0);
    CHECK(statistics.durations.counts[0] == 1);
    CHECK(statistics.durations.total() == 2);
    CHECK(statistics.durations.sum >= 0.02);
    CHECK(statistics.durations.sum < 0.021);
  });
}

TEST_CASE("queries that are displaced or given up are counted, and wait no more") {
  Fixture fixture(Address::loopbackV4(), 64, 2);
  fixture.run([](Fixture& f, UdpClient& client) -> Task<> {
    const LogCapture log;
    for (std::uint16_t id = 0; id < 3; ++id) {
      const Bytes query = numbered("gate.example.com", id);
      co_await client.send(query);
      co_await f.settle();
    }
    co_await client.receive();
    CHECK(f.factory->counters().displaced == 1);
    f.resolver->gate.set();
    for (int i = 0; i < 2; ++i) co_await client.receive();
    f.resolver->gate.reset();
    const Bytes query = numbered("deaf.example.com", 4);
    co_await client.ask(query);
    ServerStatistics statistics;
    statistics.add(f.factory->counters());
    CHECK(statistics.givenUp == 1);
    CHECK(statistics.displaced == 1);
    CHECK(statistics.waiting == 0);
    CHECK(statistics.durations.total() == 4);
    f.resolver->gate.set();
  });
}

TEST_CASE("a query that was given up has one line in the log of queries, also where its handler throws later") {
  Fixture fixture;
  QueryLogSettings settings;
  settings.oneIn = 1;
  fixture.factory->setQueryLog(settings);
  fixture.run([](Fixture& f, UdpClient& client) -> Task<> {
    const LogCapture log;
    const Bytes query = numbered("stubborn.example.com", 1);
    co_await client.ask(query);
    f.resolver->gate.set();
    CHECK(f.factory->waitingQueries().givenUp() == 0);
    CHECK(log.count("query client=") == 1);
    CHECK(log.has("outcome=given-up"));
  });
}

TEST_CASE("a query that is given up, and a datagram that is no query, have their lines in the log of queries") {
  Fixture fixture;
  QueryLogSettings settings;
  settings.errors = true;
  fixture.factory->setQueryLog(settings);
  fixture.run([](Fixture& f, UdpClient& client) -> Task<> {
    const LogCapture log;
    const Bytes none(11);
    co_await client.send(none);
    const Bytes query = numbered("deaf.example.com", 1);
    co_await client.ask(query);
    CHECK(log.count("query client=") == 2);
    CHECK(log.has("protocol=udp name=- type=- rcode=- flags=- size=0 us=0 outcome=unparsable"));
    CHECK(log.has("name=deaf.example.com. type=A rcode=SERVFAIL flags=qr,rd"));
    CHECK(log.has("outcome=given-up"));
    f.resolver->gate.set();
  });
}

}  // namespace datagram_service_test
