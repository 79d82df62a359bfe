// Services of one's own beside DNS: their listeners, and what holds for their connections as for streams of DNS.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "answer_each.hpp"
#include "blocking_client.hpp"
#include "messages.hpp"
#include "support/proxy_octets.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/server/server.hpp"
#include "test_resolver.hpp"

namespace stream_service_test {

namespace {

using namespace taut;

ServerOptions optionsFor(StreamService service, unsigned threads = 1) {
  ServerOptions options;
  options.listen = {Address::loopbackV4()};
  options.threads = threads;
  options.datagramBuffers = 64;
  options.services.push_back(std::move(service));
  return options;
}

StreamService onLoopback(StreamSession::Serve serve = answerEach) {
  StreamService service;
  service.listen = Address::loopbackV4();
  service.serve = std::move(serve);
  return service;
}

// A server of one thread or more whose resolver is known.
class Served {
 public:
  explicit Served(ServerOptions options, std::string_view proxies = {})
      : server(std::move(options), [this, proxies](Shard& shard) {
          auto made = std::make_shared<TestResolver>(&shard);
          resolver = made.get();
          auto factory = std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::move(made)});
          if (!proxies.empty()) factory->setProxies(AddressPolicy(AddressPolicy::Action::refuse).allow(proxies));
          return factory;
        }) {
    server.start();
  }

  BlockingClient client() { return BlockingClient(SOCK_STREAM, server.serviceAddresses().at(0)); }
  // What the function says, asked on the thread of the first shard.
  template <typename Function>
  auto ask(Function function) {
    std::promise<decltype(function(std::declval<ServerFactory&>()))> promise;
    server.post([&](std::size_t shard, ServerFactory& factory) {
      if (shard == 0) promise.set_value(function(factory));
    });
    return promise.get_future().get();
  }
  void waitForQuery() {
    while (!ask([this](ServerFactory&) { return resolver->waiting > 0; })) std::this_thread::yield();
  }

  TestResolver* resolver = nullptr;  // of the last shard
  Server server;
};

std::string startFailure(ServerOptions options) {
  Server server(std::move(options), [](Shard&) { return std::make_unique<ServerFactory>(); });
  try {
    server.start();
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

const Bytes question = makeQuery("www.example.com", Type::A);

// A connection to a socket file; none where there is no file.
UniqueFd connectTo(const std::filesystem::path& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path.string().copy(name.sun_path, sizeof name.sun_path - 1);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) fd.reset();
  return fd;
}

}  // namespace

TEST_CASE("a service is served by all shards on an address of its own, beside DNS") {
  Served served(optionsFor(onLoopback(), 2));
  const Address address = served.server.serviceAddresses().at(0);
  CHECK(address.port() != 0);
  CHECK(address != served.server.addresses().at(0));
  for (int i = 0; i < 20; ++i) {
    BlockingClient client = served.client();
    for (int j = 0; j < 2; ++j) CHECK(client.ask(question));
  }
  CHECK(BlockingClient(SOCK_STREAM, served.server.addresses().at(0)).ask(question));
}

TEST_CASE("a port of a service that is in use keeps the server from starting, and the text says which") {
  Served other(optionsFor(onLoopback()));
  StreamService service = onLoopback();
  service.listen = other.server.serviceAddresses().at(0);
  const std::string failure = startFailure(optionsFor(service));
  CHECK(failure.starts_with(fmt::format("cannot listen on {} (TCP): Address already in use", service.listen)));
}

TEST_CASE("a service needs a function, and an address or else a path") {
  const std::string text = "a service has an address, or else a path";
  StreamService service = onLoopback();
  service.path = "/tmp/both";
  CHECK(startFailure(optionsFor(service)) == text);
  service.listen = Address();
  service.path.clear();
  CHECK(startFailure(optionsFor(service)) == text);
  CHECK(startFailure(optionsFor(onLoopback(nullptr))) == "a service has no function that serves");
  service = onLoopback();
  service.limits.queriesInFlight = 0;
  CHECK(startFailure(optionsFor(service)) == "queries in flight: expected at least 1");
}

TEST_CASE("a service listens on a socket file, with DNS messages as they are, and takes the file away at the end") {
  const auto path = std::filesystem::temp_directory_path() / fmt::format("taut-service-{}", ::getpid());
  StreamService service;
  service.path = path.string();
  service.serve = [](StreamSession& session) { return session.serveMessages(session.stream()); };
  Served served(optionsFor(service, 2));
  CHECK(served.server.serviceAddresses().at(0) == Address());
  for (int i = 0; i < 10; ++i) {
    const UniqueFd fd = connectTo(path);
    REQUIRE(fd);
    const Bytes octets = framed(question);
    REQUIRE(::send(fd.get(), octets.data(), octets.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(octets.size()));
    Bytes head(2);
    REQUIRE(::recv(fd.get(), head.data(), head.size(), MSG_WAITALL) == 2);
    Bytes reply(loadU16(head.data()));
    REQUIRE(::recv(fd.get(), reply.data(), reply.size(), MSG_WAITALL) == static_cast<ssize_t>(reply.size()));
    CHECK(ParsedReply(reply).counts[0] == 1);
  }
  served.server.stop();
  served.server.wait();
  CHECK_FALSE(connectTo(path));
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a query in flight over a service is answered after a stop, and its connection then ends") {
  Served served(optionsFor(onLoopback()));
  BlockingClient client = served.client();
  client.send(makeQuery("gate.example.com", Type::A));
  served.waitForQuery();
  const Address address = served.server.serviceAddresses().at(0);
  served.server.stop();
  served.server.post([&](std::size_t, ServerFactory&) { served.resolver->gate.set(); });
  CHECK(client.receive());
  CHECK_FALSE(client.receive());
  served.server.wait();
  CHECK(served.server.endedInOrder());
  CHECK_THROWS_AS(BlockingClient(SOCK_STREAM, address), std::system_error);
}

TEST_CASE("connections of a service count among all, and one too many costs its client the oldest") {
  ServerOptions options = optionsFor(onLoopback());
  options.maxConnections = 2;
  Served served(std::move(options));
  BlockingClient first = served.client();
  CHECK(first.ask(question));
  BlockingClient dns(SOCK_STREAM, served.server.addresses().at(0));
  CHECK(dns.ask(question));
  BlockingClient third = served.client();
  CHECK(third.ask(question));
  CHECK_FALSE(first.receive());
  CHECK(dns.ask(question));
  CHECK(served.ask([](ServerFactory& factory) { return std::size_t{factory.counters().connectionsDisplaced}; }) == 1);
}

TEST_CASE("the peer of a session behind a balancer is the client in its header") {
  std::mutex mutex;
  std::vector<std::string> peers;
  auto serve = [&](StreamSession& session) {
    {
      const std::scoped_lock lock(mutex);
      peers.push_back(session.peer().hostText());
    }
    return answerEach(session);
  };
  Served served(optionsFor(onLoopback(serve)), "127.0.0.1");
  BlockingClient client = served.client();
  Bytes header(proxyoctets::signature.begin(), proxyoctets::signature.end());
  header.push_back(0x21);
  header.push_back(0x11);
  putU16(header, proxyoctets::v4.size());
  header.insert(header.end(), proxyoctets::v4.begin(), proxyoctets::v4.end());
  client.sendOctets(header);
  CHECK(client.ask(question));
  const std::scoped_lock lock(mutex);
  CHECK(peers == std::vector<std::string>{"192.0.2.7"});
}

TEST_CASE("what a service throws ends its connection, and the others go on") {
  LogCapture log;
  auto serve = [](StreamSession& session) -> Task<> {
    co_await answerEach(session);
    throw std::runtime_error("broken off");
  };
  Served served(optionsFor(onLoopback(serve)));
  BlockingClient one = served.client();
  BlockingClient other = served.client();
  CHECK(one.ask(question));
  one.send(Bytes{1, 2, 3});
  CHECK_FALSE(one.receive());
  CHECK(other.ask(question));
  CHECK(log.count("broken off") == 1);
}

}  // namespace stream_service_test
