// A server that is given sockets which were open before it.
#include <fcntl.h>
#include <sys/socket.h>

#include <cstddef>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "blocking_client.hpp"
#include "messages.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/given_sockets.hpp"
#include "taut/net/listen_error.hpp"
#include "taut/net/tcp_listener.hpp"
#include "taut/net/udp_socket.hpp"
#include "taut/server/server.hpp"
#include "test_resolver.hpp"

namespace given_sockets_test {

namespace {

using namespace taut;

UniqueFd copyOf(int fd) {
  return UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

// Sockets of a port, opened by another than the server, and what clients send there before it starts.
struct Waiting {
  explicit Waiting(std::size_t count, bool reusePort = true) {
    while (!open(count, reusePort)) close();
  }

  // False where the port that was picked for UDP is taken for TCP.
  bool open(std::size_t count, bool reusePort) {
    UdpOptions udp;
    TcpOptions tcp;
    udp.reusePort = tcp.reusePort = reusePort;
    datagrams.push_back(UdpSocket::bind(shard, Address::loopbackV4(), udp));
    address = datagrams.front().localAddress();
    while (datagrams.size() < count) datagrams.push_back(UdpSocket::bind(shard, address, udp));
    try {
      while (streams.size() < count) streams.push_back(TcpListener::bind(shard, address, tcp));
    } catch (const ListenError&) {
      return false;
    }
    return true;
  }

  void ask(int type, int count) {
    for (int i = 0; i < count; ++i) {
      clients.push_back(std::make_unique<BlockingClient>(type, address));
      clients.back()->send(makeQuery("www.example.com", Type::A));
    }
  }
  bool allAnswered() {
    for (const auto& client : clients)
      if (!client->receive()) return false;
    return true;
  }
  std::shared_ptr<GivenSockets> given() const {
    auto all = std::make_shared<GivenSockets>();
    for (const UdpSocket& socket : datagrams) all->add(copyOf(socket.fd()));
    for (const TcpListener& socket : streams) all->add(copyOf(socket.fd()));
    return all;
  }
  // The server's copies are the only ones then.
  void close() {
    datagrams.clear();
    streams.clear();
  }

  Shard shard;
  std::vector<UdpSocket> datagrams;
  std::vector<TcpListener> streams;
  Address address;
  std::vector<std::unique_ptr<BlockingClient>> clients;
};

Server makeServer(const Address& address, std::shared_ptr<GivenSockets> given, unsigned threads) {
  ServerOptions options;
  options.listen = {address};
  options.threads = threads;
  options.datagramBuffers = 64;
  options.given = std::move(given);
  return Server(options, [](Shard& shard) {
    return std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::make_shared<TestResolver>(&shard)},
                                           ServerFactory::Caches{}, ServerFactory::Resolvers{});
  });
}

std::size_t socketsOf(Server& server) {
  std::promise<std::vector<ServedSocket>> promise;
  server.collectSockets([&](std::vector<ServedSocket> sockets) { promise.set_value(std::move(sockets)); });
  GivenSockets distinct;
  for (ServedSocket& socket : promise.get_future().get()) distinct.add(std::move(socket.fd));
  return distinct.size();
}

}  // namespace

TEST_CASE("what waits at given sockets is answered, over UDP and TCP") {
  Waiting waiting(2);
  waiting.ask(SOCK_DGRAM, 20);
  waiting.ask(SOCK_STREAM, 20);
  Server server = makeServer(waiting.address, waiting.given(), 2);
  waiting.close();
  server.start();
  CHECK(waiting.allAnswered());
  CHECK(socketsOf(server) == 4);
}

TEST_CASE("of given sockets that are more than threads, those of TCP are served; those of UDP are emptied and closed") {
  Waiting waiting(3);
  waiting.ask(SOCK_DGRAM, 30);
  waiting.ask(SOCK_STREAM, 30);
  Server server = makeServer(waiting.address, waiting.given(), 1);
  waiting.close();
  server.start();
  server.drainGiven();
  CHECK(waiting.allAnswered());
  CHECK(socketsOf(server) == 4);
  waiting.clients.clear();
  waiting.ask(SOCK_DGRAM, 30);
  waiting.ask(SOCK_STREAM, 30);
  CHECK(waiting.allAnswered());
}

TEST_CASE("a listener that ends closes all sockets that it was given") {
  Waiting waiting(3);
  Server server = makeServer(waiting.address, waiting.given(), 1);
  waiting.close();
  server.start();
  server.drainGiven();
  server.replaceListeners({Address::loopbackV4()});
  CHECK(socketsOf(server) == 2);
}

TEST_CASE("threads that are more than given sockets open theirs beside them") {
  Waiting waiting(1);
  waiting.ask(SOCK_DGRAM, 10);
  Server server = makeServer(waiting.address, waiting.given(), 3);
  waiting.close();
  server.start();
  CHECK(waiting.allAnswered());
  CHECK(socketsOf(server) == 6);
}

TEST_CASE("a given socket of an address that is not listened on is answered and closed") {
  Waiting other(1);
  Waiting wanted(1);
  other.ask(SOCK_DGRAM, 10);
  other.ask(SOCK_STREAM, 10);
  Server server = makeServer(wanted.address, other.given(), 1);
  other.close();
  wanted.close();
  server.start();
  server.drainGiven();
  CHECK(other.allAnswered());
  CHECK(socketsOf(server) == 2);
}

TEST_CASE("the port of a given socket is taken where one is to be picked") {
  Waiting waiting(1);
  Server server = makeServer(Address::loopbackV4(), waiting.given(), 1);
  waiting.close();
  server.start();
  CHECK(server.addresses() == std::vector{waiting.address});
}

}  // namespace given_sockets_test
