#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "blocking_client.hpp"
#include "messages.hpp"
#include "taut/base/clock.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/resolver/cache.hpp"
#include "taut/resolver/forwarder.hpp"
#include "taut/resolver/hosts.hpp"
#include "taut/resolver/hosts_client.hpp"
#include "taut/resolver/hosts_table.hpp"
#include "taut/resolver/rebinding_filter.hpp"
#include "taut/server/server.hpp"
#include "taut/server/server_factory.hpp"
#include "taut/server/server_statistics.hpp"
#include "taut/server/stream_connection.hpp"
#include "test_resolver.hpp"

namespace statistics_test {

using namespace std::chrono_literals;

namespace {

using namespace taut;

const Address client = Address::v4({192, 0, 2, 100}, 53);

ServerStatistics statisticsOf(const ServerFactory& factory) {
  ServerStatistics statistics;
  statistics.add(factory.counters());
  return statistics;
}

std::uint64_t responses(const ServerStatistics& statistics, Transport transport, Rcode rcode) {
  return statistics.responses[rcodeSlot(rcode)][static_cast<std::size_t>(transport)];
}

std::uint64_t requests(const ServerStatistics& statistics, Transport transport, bool v6, Type type) {
  return statistics.requests[static_cast<std::size_t>(transport)][v6 ? 1 : 0][typeSlot(type)];
}

std::uint64_t dropped(const ServerStatistics& statistics, DropReason reason) {
  return statistics.dropped[static_cast<std::size_t>(reason)];
}

// Returns the size of the reply, 0 where there is none.
std::size_t ask(ServerFactory& factory, const Bytes& message, Transport transport = Transport::udp) {
  const Query query = Query::parse(message, {client, transport, factory.clock().now()}).value();
  TestChannel channel(transport);
  syncWait(factory.serve(query, channel));
  return channel.reply.size();
}

std::size_t ask(ServerFactory& factory, std::string_view name, Transport transport = Transport::udp) {
  return ask(factory, makeQuery(name, Type::A), transport);
}

ServerFactory::Resolvers testResolvers() {
  return {std::make_shared<TestResolver>()};
}

}  // namespace

TEST_CASE("each type has one slot, and the types without one share the first") {
  for (std::size_t slot = 1; slot < typeSlots; ++slot) CHECK(typeSlot(typeOfSlot(slot).value()) == slot);
  CHECK_FALSE(typeOfSlot(0));
  CHECK(typeSlot(Type{}) == 0);
  CHECK(typeSlot(Type::DLV) == 0);
  CHECK(typeSlot(static_cast<Type>(65535)) == 0);
  CHECK(typeSlot(Type::CAA) == typeSlots - 1);
  CHECK(rcodeSlot(Rcode::BADCOOKIE) == 23);
  CHECK(rcodeSlot(static_cast<Rcode>(4095)) == rcodeSlots - 1);
}

TEST_CASE("responses are counted by transport and RCODE, with their sizes and whether they are truncated") {
  ServerFactory factory(testResolvers());
  std::size_t octets = ask(factory, "www.example.com");
  octets += ask(factory, "missing.example.com");
  octets += ask(factory, "many.example.com");
  octets += ask(factory, "missing.example.com", Transport::tcp);
  QueryShape shape;
  shape.payloadSize = 1232;
  shape.ednsVersion = 1;
  octets += ask(factory, makeQuery("www.example.com", Type::A, shape));
  const ServerStatistics statistics = statisticsOf(factory);
  CHECK(responses(statistics, Transport::udp, Rcode::NOERROR) == 2);
  CHECK(responses(statistics, Transport::udp, Rcode::NXDOMAIN) == 1);
  CHECK(responses(statistics, Transport::udp, Rcode::BADVERS) == 1);
  CHECK(responses(statistics, Transport::tcp, Rcode::NXDOMAIN) == 1);
  CHECK(responses(statistics, Transport::tcp, Rcode::NOERROR) == 0);
  CHECK(statistics.truncated == 1);
  CHECK(statistics.responseSizes.total() == 5);
  CHECK(statistics.responseSizes.sum == static_cast<double>(octets));
}

TEST_CASE("each message that a handler writes itself is a response") {
  class Writer final : public ServerFactory {
    Task<std::optional<Answer>> handleQuery(const Query& query, ReplyChannel& channel) override {
      for (int i = 0; i < 3; ++i) {
        const std::size_t size = responseFromMessage(query, Answer(), channel.replyBuffer());
        co_await channel.write(size);
      }
      co_return Answer::noReply();
    }
  } factory;
  ask(factory, "www.example.com", Transport::tcp);
  const ServerStatistics statistics = statisticsOf(factory);
  CHECK(responses(statistics, Transport::tcp, Rcode::NOERROR) == 3);
  CHECK(dropped(statistics, DropReason::handler) == 0);
}

TEST_CASE("what is left without a reply is counted by its reason") {
  class Dropping final : public ServerFactory {
   public:
    bool refuses = false;
    Task<Admission> allowQuery(const Query&, const ReplyChannel&) override {
      return Task<Admission>::ready(refuses ? Admission::drop : Admission::allow);
    }
    Task<std::optional<Answer>> handleQuery(const Query&, ReplyChannel&) override {
      return Task<std::optional<Answer>>::ready(Answer::noReply());
    }
  } factory;
  CHECK(ask(factory, "www.example.com") == 0);
  CHECK(dropped(statisticsOf(factory), DropReason::handler) == 1);
  factory.refuses = true;
  for (int i = 0; i < 2; ++i) CHECK(ask(factory, "www.example.com") == 0);
  const ServerStatistics statistics = statisticsOf(factory);
  CHECK(dropped(statistics, DropReason::policy) == 2);
  CHECK(dropped(statistics, DropReason::handler) == 1);
  CHECK(statistics.responseSizes.total() == 0);
}

TEST_CASE("responses above the rate limit are counted by what became of them") {
  const LogCapture log;
  ServerFactory factory(testResolvers());
  const ManualClock clock;
  factory.setClock(clock);
  RateLimit limit;
  limit.responsesPerSecond = 10;
  limit.slip = 3;
  factory.setRateLimit(limit);
  for (int i = 0; i < 100; ++i) ask(factory, "www.example.com");
  const ServerStatistics statistics = statisticsOf(factory);
  CHECK(statistics.rateLimitTruncated == 30);
  CHECK(statistics.rateLimitDropped == 60);
  CHECK(dropped(statistics, DropReason::rateLimit) == 60);
  CHECK(statistics.truncated == 30);
  CHECK(responses(statistics, Transport::udp, Rcode::NOERROR) == 40);
}

TEST_CASE("an exception of a handler counts as a failure, and its reply as a response") {
  const LogCapture log;
  ServerFactory factory(testResolvers());
  ask(factory, "throw.example.com");
  ask(factory, "www.example.com");
  const ServerStatistics statistics = statisticsOf(factory);
  CHECK(statistics.failures == 1);
  CHECK(responses(statistics, Transport::udp, Rcode::SERVFAIL) == 1);
}

TEST_CASE("cookies are counted by state, and not where there are none") {
  const Bytes clientCookie{1, 2, 3, 4, 5, 6, 7, 8};
  ServerFactory factory(testResolvers());
  ManualClock clock;
  factory.setClock(clock);
  QueryShape shape;
  shape.payloadSize = 1232;
  const auto askWith = [&](const Bytes& cookie) {
    shape.options = ednsOption(EdnsOption::COOKIE, cookie);
    ask(factory, makeQuery("www.example.com", Type::A, shape));
  };
  askWith(clientCookie);
  CHECK(statisticsOf(factory).cookiesClientOnly == 0);

  EdnsSettings settings;
  const auto old = ServerCookies::randomSecret();
  settings.cookies = std::make_shared<ServerCookies>(std::vector{ServerCookies::randomSecret(), old});
  factory.setEdns(settings);
  askWith(clientCookie);
  Cookie asked;
  asked.size = 8;
  std::ranges::copy(clientCookie, asked.octets.begin());
  const auto now = ServerCookies::timestamp(clock.wallTime());
  const auto young = settings.cookies->makeOption(asked, client, now);
  askWith(Bytes(young.begin(), young.end()));
  const auto ofOldSecret = ServerCookies({old}).makeOption(asked, client, now);
  askWith(Bytes(ofOldSecret.begin(), ofOldSecret.end()));
  clock.advance(45min);  // valid still, and renewed
  askWith(Bytes(young.begin(), young.end()));
  clock.advance(1h);
  askWith(Bytes(young.begin(), young.end()));
  ask(factory, "www.example.com");
  const ServerStatistics statistics = statisticsOf(factory);
  CHECK(statistics.cookiesClientOnly == 1);
  CHECK(statistics.cookiesValid == 3);
  CHECK(statistics.cookiesInvalid == 1);
}

namespace {

ServerOptions options(unsigned threads = 1) {
  ServerOptions options;
  options.listen = {Address::loopbackV4(), Address::loopbackV6()};
  options.threads = threads;
  options.datagramBuffers = 64;
  return options;
}

Server::MakeFactory makeFactory() {
  return [](Shard& shard) {
    return std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::make_shared<TestResolver>(&shard)});
  };
}

}  // namespace

TEST_CASE("a server collects what all its shards have counted") {
  Server server(options(3), makeFactory());
  CHECK(server.collect().shards == 0);
  server.start();
  const Bytes query = makeQuery("www.example.com", Type::AAAA);
  for (int i = 0; i < 10; ++i) {
    for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
      CHECK(BlockingClient(type, server.addresses()[0]).ask(query));
      CHECK(BlockingClient(type, server.addresses()[1]).ask(query));
    }
  }
  BlockingClient(SOCK_DGRAM, server.addresses()[0]).send(Bytes(5));
  CHECK(BlockingClient(SOCK_DGRAM, server.addresses()[0]).ask(makeQuery("x.example.com", Type::DLV)));
  server.stop();
  server.wait();
  const ServerStatistics statistics = server.collect();
  CHECK(statistics.shards == 3);
  for (const Transport transport : {Transport::udp, Transport::tcp})
    for (const bool v6 : {false, true}) CHECK(requests(statistics, transport, v6, Type::AAAA) == 10);
  CHECK(requests(statistics, Transport::udp, false, Type::DLV) == 1);
  CHECK(statistics.requestCount() == 41);
  CHECK(statistics.requestSizes.sum ==
        static_cast<double>(40 * query.size() + makeQuery("x.example.com", Type::A).size()));
  CHECK(responses(statistics, Transport::udp, Rcode::NOERROR) == 21);
  CHECK(responses(statistics, Transport::tcp, Rcode::NOERROR) == 20);
  CHECK(statistics.durations.total() == 41);
  CHECK(statistics.durations.counts[0] == 41);
  CHECK(statistics.waiting == 0);
  CHECK(dropped(statistics, DropReason::unparsable) == 1);
  CHECK(statistics.connectionsMade == 20);
  CHECK(statistics.connections == 0);
  CHECK(statistics.completions.total() > 3);
  CHECK(statistics.completions.sum > 41);
}

TEST_CASE("statistics are collected while the shards work, and never go back") {
  Server server(options(2), makeFactory());
  server.start();
  std::atomic<bool> done = false;
  std::thread load([&] {
    BlockingClient udp(SOCK_DGRAM, server.addresses()[0]);
    BlockingClient tcp(SOCK_STREAM, server.addresses()[1]);
    for (int i = 0; i < 200; ++i) {
      udp.ask(makeQuery("www.example.com", Type::A));
      tcp.ask(makeQuery("www.example.com", Type::A));
    }
    done = true;
  });
  std::uint64_t before = 0;
  while (!done) {
    const std::uint64_t now = server.collect().requestCount();
    CHECK(now >= before);
    before = now;
  }
  load.join();
  CHECK(server.collect().requestCount() == 400);
}

TEST_CASE("the number of queries that were answered at once never goes back, though some of them wait after all") {
  ServerCounters counters;
  const auto atOnce = [&counters] {
    ServerStatistics statistics;
    statistics.add(counters);
    return statistics.durations.counts[0];
  };
  ServerCounters::Types& types = counters.requestsOf(Transport::udp, false);
  for (int i = 0; i < 3; ++i) counters.countRequest(types, Type::A, 40);
  CHECK(atOnce() == 3);
  ++counters.waited;
  CHECK(atOnce() == 3);
  counters.countRequest(types, Type::A, 40);
  CHECK(atOnce() == 3);
  counters.countRequest(types, Type::A, 40);
  CHECK(atOnce() == 4);
}

TEST_CASE("connections are counted that are open, displaced and declined") {
  ServerOptions few = options();
  few.maxConnections = 2;
  std::atomic<bool> declines = false;
  Server server(few, [&](Shard&) {
    auto factory = std::make_unique<ServerFactory>(testResolvers());
    factory->setProtocol([&](ServerFactory& owner, const Address& peer) {
      return declines ? nullptr : std::make_unique<StreamConnection>(owner, peer);
    });
    return factory;
  });
  server.start();
  const Bytes query = makeQuery("www.example.com", Type::A);
  BlockingClient first(SOCK_STREAM, server.addresses()[0]);
  CHECK(first.ask(query));
  CHECK(server.collect().connections == 1);
  BlockingClient second(SOCK_STREAM, server.addresses()[0]);
  CHECK(second.ask(query));
  BlockingClient third(SOCK_STREAM, server.addresses()[0]);
  CHECK(third.ask(query));
  CHECK_FALSE(first.receive());
  declines = true;
  BlockingClient fourth(SOCK_STREAM, server.addresses()[0]);
  CHECK_FALSE(fourth.receive());
  const ServerStatistics statistics = server.collect();
  CHECK(statistics.connectionsMade == 3);
  CHECK(statistics.connectionsDisplaced == 1);
  CHECK(statistics.connectionsDeclined == 1);
}

TEST_CASE("what resolvers count is found behind whatever stands before them") {
  Shard shard;
  const Address server = Address::loopbackV4(5300);
  ForwarderOptions forwarding;
  forwarding.servers = {server};
  forwarding.maxInFlight = 0;  // each question is one too many
  std::shared_ptr<Resolver> forwarder = std::make_shared<Forwarder>(shard, forwarding);
  auto filter = std::make_shared<RebindingFilter>(forwarder, std::vector<Name>{});
  const auto hosts = std::make_shared<Hosts>(HostsTable::parse("", 1h));
  auto behindHosts = std::make_shared<HostsClient>(hosts, std::move(filter));
  const auto cache = std::make_shared<Cache>(65536);
  ServerFactory factory({}, {cache}, {std::move(behindHosts)});
  ask(factory, "www.example.com");
  ResolverStatistics statistics;
  factory.resolver().addTo(statistics);
  CHECK(statistics.caches.misses == 1);
  CHECK(statistics.caches.bytes == cache->statistics().bytes);
  CHECK(statistics.forwarding.questions == 1);
  CHECK(statistics.forwarding.overload == 1);
}

TEST_CASE("caches and servers of several shards add up, each server once") {
  ResolverStatistics statistics;
  for (int shard = 0; shard < 2; ++shard) {
    CacheStatistics cache;
    cache.hits = cache.misses = cache.stored = cache.expired = cache.evicted = cache.entries = cache.bytes = 3;
    statistics.caches += cache;
    for (const std::uint8_t last : {std::uint8_t{1}, std::uint8_t{2}})
      ++statistics.upstream(Address::v4({192, 0, 2, last}, 53)).shards;
  }
  ++statistics.upstreams.front().impairedShards;
  statistics.upstreams.back().impairedShards = 2;
  CHECK(statistics.caches.hits == 6);
  CHECK(statistics.caches.bytes == 6);
  REQUIRE(statistics.upstreams.size() == 2);
  CHECK(statistics.upstreams.front().healthy());
  CHECK_FALSE(statistics.upstreams.back().healthy());
}

}  // namespace statistics_test
