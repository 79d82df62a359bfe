// Queries that come by a balancer, which says for which client each of them is.
#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "blocking_client.hpp"
#include "messages.hpp"
#include "server/proxied_start.hpp"
#include "support/proxy_octets.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/log.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/tcp_listener.hpp"
#include "taut/net/tcp_stream.hpp"
#include "taut/server/server.hpp"
#include "taut/server/stream_connection.hpp"
#include "test_resolver.hpp"

namespace proxy_test {

namespace {

using namespace taut;
using proxyoctets::signature;

Bytes header(std::uint8_t command, std::uint8_t family, std::string_view rest) {
  Bytes octets(signature.begin(), signature.end());
  octets.push_back(command);
  octets.push_back(family);
  putU16(octets, rest.size());
  octets.insert(octets.end(), rest.begin(), rest.end());
  return octets;
}
const Bytes fromV4 = header(0x21, 0x12, proxyoctets::v4);
const Bytes fromV6 = header(0x21, 0x21, proxyoctets::v6);
const Bytes fromItself = header(0x20, 0x00, "");

Bytes joined(Bytes left, const Bytes& right) {
  left += right;
  return left;
}

// Remembers who has asked.
class WitnessFactory final : public ServerFactory {
 public:
  explicit WitnessFactory(std::shared_ptr<TestResolver> resolver) : ServerFactory({std::move(resolver)}) {}

  Task<Admission> allowQuery(const Query& query, const ReplyChannel& channel) override {
    clients.push_back(query.peer().hostText());
    return ServerFactory::allowQuery(query, channel);
  }
  void connectionMade(StreamConnection& connection) override {
    connected.push_back(connection.peer().hostText());
    ServerFactory::connectionMade(connection);
  }

  std::vector<std::string> clients;
  std::vector<std::string> connected;
};

AddressPolicy only(std::string_view network) {
  return AddressPolicy(AddressPolicy::Action::refuse).allow(network);
}

// A server behind a balancer on 127.0.0.1.
class Proxied {
 public:
  explicit Proxied(std::string_view proxies = "127.0.0.1", std::size_t maxConnections = 16)
      : server_(options(maxConnections), [proxies](Shard& shard) {
          auto factory = std::make_unique<WitnessFactory>(std::make_shared<TestResolver>(&shard));
          factory->setProxies(only(proxies));
          return factory;
        }) {
    server_.start();
  }

  BlockingClient client(int type) { return BlockingClient(type, server_.addresses()[0]); }
  // What the function says of the factory, asked on its thread.
  template <typename Function>
  auto ask(Function function) {
    std::promise<decltype(function(std::declval<WitnessFactory&>()))> promise;
    server_.post([&](std::size_t, ServerFactory& factory) {
      promise.set_value(function(dynamic_cast<WitnessFactory&>(factory)));
    });
    return promise.get_future().get();
  }
  std::vector<std::string> clients() {
    return ask([](WitnessFactory& factory) { return factory.clients; });
  }
  std::size_t rejected() {
    return ask([](WitnessFactory& factory) {
      return std::size_t{factory.counters().dropped[static_cast<std::size_t>(DropReason::proxy)]};
    });
  }

 private:
  static ServerOptions options(std::size_t maxConnections) {
    ServerOptions options;
    options.listen = {Address::loopbackV4()};
    options.threads = 1;
    options.datagramBuffers = 64;
    options.maxConnections = maxConnections;
    return options;
  }

  Server server_;
};

using Hosts = std::vector<std::string>;

const Bytes question = makeQuery("www.example.com", Type::A);

}  // namespace

TEST_CASE("over UDP each query is that of the client in its header, and the reply goes to the balancer") {
  Proxied server;
  BlockingClient balancer = server.client(SOCK_DGRAM);
  for (const Bytes& head : {fromV4, fromV6, fromItself}) {
    const auto reply = balancer.ask(joined(head, question));
    REQUIRE(reply);
    CHECK(reply->whole);
    CHECK(reply->counts[0] == 1);
  }
  CHECK(server.clients() == Hosts{"192.0.2.7", "2001:db8::7", "127.0.0.1"});
  CHECK(server.rejected() == 0);
}

TEST_CASE("over UDP requests are counted by the family of the client in the header") {
  Proxied server;
  BlockingClient balancer = server.client(SOCK_DGRAM);
  CHECK(balancer.ask(joined(fromV6, question)));
  const auto count = server.ask([](WitnessFactory& factory) {
    return std::size_t{factory.counters().requestsOf(Transport::udp, true)[typeSlot(Type::A)]};
  });
  CHECK(count == 1);
}

TEST_CASE("over TCP the header at the beginning holds for all queries of the connection, whatever its pieces") {
  Proxied server;
  BlockingClient balancer = server.client(SOCK_STREAM);
  for (const std::uint8_t octet : fromV6) balancer.sendOctets({octet});
  for (int i = 0; i < 2; ++i) CHECK(balancer.ask(question));
  BlockingClient another = server.client(SOCK_STREAM);
  another.sendOctets(joined(joined(fromV4, framed(question)), framed(question)));
  for (int i = 0; i < 2; ++i) CHECK(another.receive());
  BlockingClient check = server.client(SOCK_STREAM);
  check.sendOctets(fromItself);
  CHECK(check.ask(question));
  CHECK(server.clients() == Hosts{"2001:db8::7", "2001:db8::7", "192.0.2.7", "192.0.2.7", "127.0.0.1"});
  CHECK(server.ask([](WitnessFactory& factory) { return factory.connected; }) ==
        Hosts{"2001:db8::7", "192.0.2.7", "127.0.0.1"});
}

TEST_CASE("what a balancer sends over UDP without a header, or with a broken one, is dropped and counted") {
  Proxied server;
  BlockingClient balancer = server.client(SOCK_DGRAM);
  balancer.send(question);
  balancer.send(Bytes(signature.begin(), signature.end()));
  balancer.send(joined(header(0x21, 0x31, std::string(216, 'x')), question));
  balancer.send(joined(header(0x21, 0x12, std::string(600, 'x')), question));
  CHECK(balancer.ask(joined(fromV4, question)));
  CHECK(server.clients() == Hosts{"192.0.2.7"});
  CHECK(server.rejected() == 4);
}

TEST_CASE("a connection of a balancer that does not begin with a header ends, and is counted") {
  Proxied server;
  for (const Bytes& begin : {framed(question), header(0x21, 0x31, std::string(216, 'x')),
                             header(0x21, 0x11, std::string(600, 'x')), header(0x2f, 0x11, proxyoctets::v4)}) {
    BlockingClient balancer = server.client(SOCK_STREAM);
    balancer.sendOctets(begin);
    CHECK_FALSE(balancer.receive());
  }
  { BlockingClient silent = server.client(SOCK_STREAM); }
  BlockingClient balancer = server.client(SOCK_STREAM);
  balancer.sendOctets(fromV4);
  CHECK(balancer.ask(question));
  CHECK(server.clients() == Hosts{"192.0.2.7"});
  CHECK(server.rejected() == 4);
}

TEST_CASE("what is dropped for want of a header has a line in the log of queries, with the balancer's address") {
  const LogCapture log;
  Proxied server;
  server.ask([](WitnessFactory& factory) {
    QueryLogSettings settings;
    settings.errors = true;
    factory.setQueryLog(settings);
    return true;
  });
  BlockingClient balancer = server.client(SOCK_DGRAM);
  balancer.send(question);
  CHECK(balancer.ask(joined(fromV4, question)));
  CHECK(log.count("query client=127.0.0.1") == 1);
  CHECK(log.has("outcome=proxy"));
}

TEST_CASE("a header from elsewhere is no header: its octets are a message, and nobody's address is believed") {
  Proxied server("192.0.2.0/24");
  BlockingClient client = server.client(SOCK_DGRAM);
  const auto reply = client.ask(joined(fromV4, question));
  REQUIRE(reply);
  CHECK(reply->rcode != Rcode::NOERROR);
  CHECK(client.ask(question));
  CHECK(server.clients() == Hosts{"127.0.0.1", "127.0.0.1"});
  CHECK(server.rejected() == 0);
}

TEST_CASE("who is a balancer changes while the server serves") {
  Proxied server;
  BlockingClient client = server.client(SOCK_DGRAM);
  CHECK(client.ask(joined(fromV4, question)));
  server.ask([](WitnessFactory& factory) {
    factory.setProxies(std::nullopt);
    return true;
  });
  CHECK(client.ask(question));
  CHECK(server.clients() == Hosts{"192.0.2.7", "127.0.0.1"});
}

TEST_CASE("connections that have not said for whom they are take places, and the oldest of them makes room") {
  Proxied server("127.0.0.1", 2);
  BlockingClient oldest = server.client(SOCK_STREAM);
  oldest.sendOctets({signature.begin(), signature.end()});
  BlockingClient other = server.client(SOCK_STREAM);
  other.sendOctets({signature.begin(), signature.end()});
  BlockingClient balancer = server.client(SOCK_STREAM);
  CHECK_FALSE(oldest.receive());
  balancer.sendOctets(fromV4);
  CHECK(balancer.ask(question));
}

TEST_CASE("a connection that does not say for long for whom it is ends, and is counted") {
  ManualClock clock;
  clock.skipIdle(std::chrono::milliseconds(30));
  ShardOptions options;
  options.clock = &clock;
  Shard shard(options);
  ServerFactory factory;
  TcpListener listener = TcpListener::bind(shard, Address::loopbackV4());
  const auto body = [](Shard& on, ServerFactory& counting, TcpListener& listening) -> Task<> {
    auto client = co_await TcpStream::connect(on, listening.localAddress());
    REQUIRE(client);
    auto accepting = listening.acceptMany({});
    auto stream = co_await accepting.next();
    REQUIRE(stream);
    ProxiedStart start(counting, *stream);
    const TimePoint before = on.now();
    const StopToken never;
    const bool known = co_await start.learnClient(never);
    CHECK_FALSE(known);
    CHECK(on.now() - before >= ProxiedStart::patience);
  };
  shard.run(body(shard, factory, listener));
  CHECK(factory.counters().dropped[static_cast<std::size_t>(DropReason::proxy)] == 1);
}

}  // namespace proxy_test
