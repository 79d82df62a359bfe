// That a query costs no heap allocation where the answer is there: from the datagram's arrival to the reply's leaving,
// over real sockets, and the same over a connection. And how much a connection holds.
#include <malloc.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "malloc_counter.hpp"
#include "messages.hpp"
#include "stream_fixture.hpp"
#include "support/heap_counter.hpp"
#include "taut/base/local_pool.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/sleep.hpp"
#include "taut/net/datagram.hpp"
#include "taut/net/udp_socket.hpp"
#include "taut/resolver/authority.hpp"
#include "taut/resolver/cache.hpp"
#include "taut/server/datagram_service.hpp"
#include "taut/server/server_factory.hpp"
#include "taut/zone/zone_file.hpp"
#include "taut/zone/zone_set.hpp"
#include "test_resolver.hpp"

namespace allocation_test {

namespace {

using namespace taut;

constexpr std::string_view zoneText =
    "$ORIGIN example.com.\n"
    "$TTL 1h\n"
    "@    SOA ns hostmaster 1 1h 15m 1w 5m\n"
    "@    NS  ns\n"
    "@    MX  10 www\n"
    "ns   A   192.0.2.53\n"
    "www  A   192.0.2.1\n"
    "     AAAA 2001:db8::1\n"
    "alias CNAME www\n"
    "*.wild A 192.0.2.9\n"
    "sub  NS  ns.sub\n"
    "ns.sub A 192.0.2.54\n";

std::shared_ptr<Authority> makeAuthority() {
  const ZoneLoad load = parseZone(zoneText);
  if (!load.ok()) throw std::runtime_error(load.firstError());
  const std::vector<std::shared_ptr<const Zone>> zones = {load.zone};
  return std::make_shared<Authority>(std::make_shared<const ZoneSet>(zones));
}

// A hit of every kind: address, alias, additional data, no data, no name, wildcard, delegation; with and without EDNS.
std::vector<Bytes> zoneQueries() {
  std::vector<Bytes> queries;
  QueryShape edns;
  edns.payloadSize = 1232;
  for (const QueryShape& shape : {QueryShape{}, edns}) {
    queries.push_back(makeQuery("www.example.com", Type::A, shape));
    queries.push_back(makeQuery("alias.example.com", Type::AAAA, shape));
    queries.push_back(makeQuery("example.com", Type::MX, shape));
    queries.push_back(makeQuery("www.example.com", Type::TXT, shape));
    queries.push_back(makeQuery("missing.example.com", Type::A, shape));
    queries.push_back(makeQuery("x.wild.example.com", Type::A, shape));
    queries.push_back(makeQuery("www.sub.example.com", Type::A, shape));
    queries.push_back(makeQuery("outside.example.net", Type::A, shape));
  }
  return queries;
}

struct Allocations {
  std::size_t heap = HeapCounter::allocations();
  std::size_t malloc = MallocCounter::allocations();

  friend bool operator==(const Allocations&, const Allocations&) = default;
};

class UdpLoad {
 public:
  UdpLoad(ServerFactory& factory, const std::vector<Bytes>& queries)
      : factory_(factory),
        queries_(queries),
        buffers_(shard_, 16, 2048),
        socket_(UdpSocket::bind(shard_, Address::loopbackV4())),
        protocol_(shard_, factory_, socket_, buffers_) {
    factory_.waitingQueries().setLimit(12);
  }

  // What asking all queries `rounds` times costs, after some rounds to warm up.
  void run(int rounds) { shard_.run(runAll(rounds)); }

  Allocations before;
  Allocations after;

 private:
  Task<> runAll(int rounds) {
    TaskScope scope;
    StopSource stop;
    scope.spawn(protocol_.serve(stop.token(), stop.token()));
    auto client = UdpSocket::connect(shard_, socket_.localAddress());
    co_await askAll(*client, 10);
    before = Allocations();
    co_await askAll(*client, rounds);
    after = Allocations();
    stop.requestStop();
    co_await scope.join();
  }

  Task<> askAll(UdpSocket& client, int rounds) {
    std::array<std::uint8_t, 2048> reply;
    for (int round = 0; round < rounds; ++round) {
      for (const Bytes& query : queries_) {
        const IoResult sent = co_await client.send(query);
        const IoResult received = co_await client.receive(reply);
        if (!sent || received.value() < 12 || (reply[2] & 0x80) == 0) throw std::runtime_error("no reply");
      }
    }
  }

  ServerFactory& factory_;
  const std::vector<Bytes>& queries_;
  Shard shard_;
  DatagramBuffers buffers_;
  UdpSocket socket_;
  DatagramService protocol_;
};

void requireNoAllocation(ServerFactory& factory, const std::vector<Bytes>& queries) {
  UdpLoad load(factory, queries);
  load.run(200);
  CHECK(load.after == load.before);
}

Task<> exchange(StreamClient& client, const Bytes& query, MutableByteSpan reply) {
  const IoResult written = co_await client.stream().writeAll(query);
  const IoResult length = co_await client.stream().readExactly(reply.first(2));
  if (!written || length.value() != 2) throw std::runtime_error("no reply");
  const IoResult body = co_await client.stream().readExactly(reply.first(loadU16(reply.data())));
  if (body.value() < 12) throw std::runtime_error("no reply");
}

}  // namespace

TEST_CASE("the counters count") {
  const Allocations before;
  const std::function<std::size_t(std::size_t)> allocate = [](std::size_t size) { return Bytes(size).size(); };
  CHECK(allocate(100) == 100);
  const Allocations after;
  CHECK(after.heap > before.heap);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
  CHECK(after.malloc > before.malloc);
#endif
}

TEST_CASE("a query that a zone answers allocates nothing") {
  ServerFactory factory({makeAuthority()});
  requireNoAllocation(factory, zoneQueries());
}

TEST_CASE("a query that is counted for the rate limit allocates nothing") {
  ServerFactory factory({makeAuthority()});
  RateLimit limit;
  limit.responsesPerSecond = 1'000'000;
  factory.setRateLimit(limit);
  requireNoAllocation(factory, zoneQueries());
}

TEST_CASE("a query that the cache answers allocates nothing") {
  const auto upstream = std::make_shared<TestResolver>();
  ServerFactory factory({}, {std::make_shared<Cache>(65536)}, {upstream});
  requireNoAllocation(factory, {makeQuery("www.example.com", Type::A), makeQuery("missing.example.net", Type::A)});
  CHECK(upstream->asked > 0);
}

TEST_CASE("a query that a handler answers allocates nothing") {
  ServerFactory factory({std::make_shared<TestResolver>()});
  requireNoAllocation(factory, {makeQuery("www.example.com", Type::A), makeQuery("three.example.com", Type::A)});
}

TEST_CASE("a query that is refused, malformed or not implemented allocates nothing") {
  ServerFactory factory;
  QueryShape status;
  status.opcode = Opcode::STATUS;
  QueryShape unassigned;
  unassigned.opcode = static_cast<Opcode>(15);
  Bytes malformed = makeQuery("www.example.com", Type::A);
  malformed.resize(20);
  requireNoAllocation(factory, {makeQuery("www.example.com", Type::A), makeQuery("example.com", Type::SOA, status),
                                makeQuery("example.com", Type::SOA, unassigned), malformed});
}

TEST_CASE("a query over a connection allocates nothing either, in one segment or with its length by itself") {
  StreamFixture fixture(std::make_shared<ServerFactory>(ServerFactory::Resolvers{makeAuthority()}));
  fixture.run([](StreamFixture& f, StreamClient& client) -> Task<> {
    const Bytes query = framed(makeQuery("www.example.com", Type::A));
    const Bytes length(query.begin(), query.begin() + 2);
    const Bytes message(query.begin() + 2, query.end());
    Bytes reply(65535);
    Allocations before;
    for (int round = 0; round < 300; ++round) {
      if (round == 100) before = Allocations();
      co_await exchange(client, query, reply);
      const IoResult written = co_await client.stream().writeAll(length);
      CHECK(written.ok());
      co_await f.someTurns();
      co_await exchange(client, message, reply);
    }
    const Allocations after;
    CHECK(after == before);
  });
}

TEST_CASE("a connection that rests holds at most 400 octets of the heap") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient& first) -> Task<> {
    constexpr std::size_t count = 250;
    const Bytes query = framed(makeQuery("www.example.com", Type::A));
    Bytes reply(65535);
    co_await exchange(first, query, reply);
    std::vector<StreamClient> clients;
    clients.reserve(count);
    const std::size_t before = ::mallinfo2().uordblks;
    for (std::size_t i = 0; i < count; ++i) {
      StreamClient client = co_await f.connect();
      clients.push_back(std::move(client));
      co_await exchange(clients.back(), query, reply);
    }
    co_await f.settle();
    CHECK(f.connections() == count + 1);
    const std::size_t each = (::mallinfo2().uordblks - before) / count;
    MESSAGE("octets of the heap for each connection: " << each);
    CHECK(each <= 400);
  });
}

TEST_CASE("a connection whose query had to wait gives back what that took within two seconds of the answer") {
  StreamFixture fixture;
  fixture.run([](StreamFixture& f, StreamClient&) -> Task<> {
    constexpr std::size_t count = 100;
    const Bytes query = framed(makeQuery("gate.example.com", Type::A));
    std::vector<StreamClient> clients;
    clients.reserve(count);
    const std::size_t before = ::mallinfo2().uordblks;
    for (std::size_t i = 0; i < count; ++i) {
      StreamClient client = co_await f.connect();
      clients.push_back(std::move(client));
      co_await clients.back().write(query);
    }
    co_await f.settle();
    CHECK(f.resolver->waiting == count);
    f.resolver->gate.set();
    for (StreamClient& client : clients) {
      const auto id = co_await client.readId();
      CHECK(id);
    }
    co_await sleepFor(f.shard, std::chrono::seconds(2));
    CHECK(f.connections() == count + 1);
    LocalPool::trim();
    const std::size_t after = ::mallinfo2().uordblks;
    CHECK(after < before + 500 * count);
  });
}

}  // namespace allocation_test
