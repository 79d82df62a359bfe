#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "datagram_service.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/net/udp_socket.hpp"

namespace reply_batch_test {

using taut::Address;
using taut::Client;
using taut::Datagram;
using taut::DatagramBuffers;
using taut::hasV6;
using taut::keepSome;
using taut::Service;
using taut::Shard;
using taut::StopSource;
using taut::Task;
using taut::textOf;
using taut::UdpSocket;
using taut::writeText;

namespace {

// A socket whose datagrams wait until a test answers them all in one turn.
class Server {
 public:
  explicit Server(const Address& address) : socket_(UdpSocket::bind(shard_, address, largeBuffer())), service_(shard_) {
    service_.start(keepSome(socket_, buffers_, maxKept, kept_, service_.token()));
  }

  Shard& shard() { return shard_; }
  UdpSocket& socket() { return socket_; }
  Service& service() { return service_; }
  const DatagramBuffers& buffers() const { return buffers_; }
  Address address() const { return socket_.localAddress(); }

  // Waits until so many datagrams are there.
  std::vector<Datagram>& kept(std::size_t count) {
    for (int turn = 0; turn < 1000 && kept_.size() < count; ++turn) shard_.poll();
    REQUIRE(kept_.size() == count);
    return kept_;
  }
  // Answers what is kept with itself, padded to what `sizeOf` says of it.
  template <typename SizeOf>
  void answerAll(SizeOf sizeOf) {
    for (Datagram& datagram : kept_) {
      const std::string reply = padded(textOf(datagram), sizeOf(textOf(datagram)));
      const std::size_t size = writeText(datagram, reply);
      std::move(datagram).reply(size);
    }
    kept_.clear();
  }

  // All that the client gets, which is to be `count` datagrams.
  std::multiset<std::string> receive(const Client& client, std::size_t count) {
    std::multiset<std::string> texts;
    while (texts.size() < count) {
      const auto text = service_.receive(client);
      REQUIRE(text);
      texts.insert(*text);
    }
    service_.turns(3);
    CHECK_FALSE(client.receive());
    return texts;
  }
  void checkAllBack() {
    service_.turns(3);
    CHECK(buffers_.leased() == 0);
  }

  static std::string padded(std::string text, std::size_t size) {
    text.resize(size, '.');
    return text;
  }

 private:
  static constexpr std::size_t maxKept = 400;
  static taut::UdpOptions largeBuffer() {
    taut::UdpOptions options;
    options.receiveBuffer = 1 << 20;
    return options;
  }

  Shard shard_;
  UdpSocket socket_;
  DatagramBuffers buffers_{shard_, 512};
  std::vector<Datagram> kept_;
  Service service_;
};

std::size_t small(const std::string&) {
  return 40;
}

// Asks `count` times, each question different, and says what answers are to come.
std::multiset<std::string> ask(const Client& client, const Address& to, int count, std::size_t size) {
  std::multiset<std::string> expected;
  for (int i = 0; i < count; ++i) {
    client.send(to, std::to_string(i) + '/');
    expected.insert(Server::padded(std::to_string(i) + '/', size));
  }
  return expected;
}

// Echoes `count` datagrams and ends.
Task<> echoSome(UdpSocket& socket, DatagramBuffers& buffers, int count) {
  StopSource stop;
  auto datagrams = socket.receiveMany(buffers, stop.token());
  while (auto datagram = co_await datagrams.next()) {
    const std::size_t length = datagram->payload().size();
    std::move(*datagram).reply(length);
    if (--count == 0) stop.requestStop();
  }
}

// `count` queries of `size` octets are answered in one turn: every reply arrives, in the expected number of runs.
template <typename Answer>
void checkRuns(Server& server, const Client& client, int count, std::size_t size, Answer answer, std::uint64_t runs) {
  const auto expected = ask(client, server.address(), count, size);
  server.kept(count);
  server.answerAll(answer);
  CHECK(server.receive(client, count) == expected);
  CHECK(server.buffers().counters().runs == runs);
  CHECK(server.buffers().counters().sendFailures == 0);
  server.checkAllBack();
}

}  // namespace

TEST_CASE("replies of one size to one peer leave in one send and arrive whole and unmixed") {
  Server server(Address::loopbackV4());
  checkRuns(server, Client(), 20, 40, small, 1);
}

TEST_CASE("IPv6 replies of one size to one peer leave in one send and arrive whole and unmixed") {
  if (!hasV6()) return;
  Server server(Address::loopbackV6());
  checkRuns(server, Client(AF_INET6), 20, 40, small, 1);
}

TEST_CASE("a client that takes several datagrams at once sees them as they were sent, cut at the size of the first") {
  Server server(Address::loopbackV4());
  const Client client;
  client.option(IPPROTO_UDP, UDP_GRO, 1);
  for (const char* text : {"a", "b", "c"}) client.send(server.address(), text);
  server.kept(3);
  server.answerAll([](const std::string& text) -> std::size_t { return text == "b" ? 10 : 30; });
  const auto whole = server.service().receive(client);
  REQUIRE(whole);
  CHECK(whole->size() == 70);
  CHECK(whole->substr(60) == "b.........");
}

TEST_CASE("a lone reply leaves in the turn in which it was made, as it is") {
  Server server(Address::loopbackV4());
  const Client client;
  client.send(server.address(), "one");
  server.kept(1);
  server.answerAll(small);
  server.shard().poll();
  CHECK(client.receive() == Server::padded("one", 40));
  CHECK(server.buffers().counters().runs == 0);
  server.checkAllBack();
}

TEST_CASE("replies of different sizes form runs that end with a shorter one") {
  Server server(Address::loopbackV4());
  const Client client;
  const std::map<std::string, std::size_t> sizes{{"a", 30}, {"b", 20}, {"c", 10}};
  std::multiset<std::string> expected;
  for (int i = 0; i < 4; ++i) {
    for (const auto& [text, size] : sizes) {
      client.send(server.address(), text);
      expected.insert(Server::padded(text, size));
    }
  }
  server.kept(12);
  server.answerAll([&](const std::string& text) { return sizes.at(text); });
  CHECK(server.receive(client, 12) == expected);
  CHECK(server.buffers().counters().runs == 3);
  server.checkAllBack();
}

TEST_CASE("replies to several peers that asked in turn reach each its own") {
  Server server(Address::loopbackV4());
  const std::array<Client, 5> clients;
  for (int i = 0; i < 10; ++i) {
    for (std::size_t peer = 0; peer < clients.size(); ++peer) {
      clients[peer].send(server.address(), std::to_string(peer) + ':' + std::to_string(i));
    }
  }
  server.kept(50);
  server.answerAll(small);
  for (std::size_t peer = 0; peer < clients.size(); ++peer) {
    std::multiset<std::string> expected;
    for (int i = 0; i < 10; ++i) {
      expected.insert(Server::padded(std::to_string(peer) + ':' + std::to_string(i), 40));
    }
    CHECK(server.receive(clients[peer], 10) == expected);
  }
  CHECK(server.buffers().counters().runs == 5);
  server.checkAllBack();
}

TEST_CASE("a wildcard socket answers runs from the addresses that were asked") {
  Server server(Address::anyV4());
  const Client client;
  const auto port = server.address().port();
  for (int i = 0; i < 8; ++i) {
    for (const std::uint8_t last : std::array<std::uint8_t, 3>{1, 2, 77}) {
      client.send(Address::v4({127, 0, 0, last}, port), std::to_string(last));
    }
  }
  server.kept(24);
  server.answerAll(small);
  for (int i = 0; i < 24; ++i) {
    Address from;
    const auto text = server.service().receive(client, &from);
    REQUIRE(text);
    CHECK(*text == Server::padded(std::to_string(from.bytes()[3]), 40));
    CHECK(from.port() == port);
  }
  CHECK(server.buffers().counters().runs == 3);
  server.checkAllBack();
}

TEST_CASE("a wildcard IPv6 socket answers runs from the address that was asked") {
  if (!hasV6()) return;
  Server server(Address::anyV6());
  const Client client(AF_INET6);
  const Address asked = Address::loopbackV6(server.address().port());
  ask(client, asked, 10, 40);
  server.kept(10);
  server.answerAll(small);
  for (int i = 0; i < 10; ++i) {
    Address from;
    CHECK(server.service().receive(client, &from));
    CHECK(from == asked);
  }
  CHECK(server.buffers().counters().runs == 1);
  server.checkAllBack();
}

TEST_CASE("a run is no longer than the kernel cuts") {
  Server server(Address::loopbackV4());
  checkRuns(server, Client(), 130, 40, small, 3);  // 64, 64 and 2
}

TEST_CASE("a run of long replies is no longer than a datagram may be") {
  Server server(Address::loopbackV4());
  checkRuns(
      server, Client(), 60, 1232, [](const std::string&) -> std::size_t { return 1232; }, 2);
}

TEST_CASE("replies that a network may have to fragment and empty ones leave alone") {
  Server server(Address::loopbackV4());
  const Client client;
  for (const std::size_t size : std::array<std::size_t, 3>{1233, 2048, 0}) {
    CAPTURE(size);
    for (int i = 0; i < 4; ++i) client.send(server.address(), "x");
    server.kept(4);
    server.answerAll([&](const std::string&) { return size; });
    const auto texts = server.receive(client, 4);
    CHECK(texts.count(Server::padded(size > 0 ? "x" : "", size)) == 4);
  }
  CHECK(server.buffers().counters().runs == 0);
  server.checkAllBack();
}

TEST_CASE("where the kernel refuses to cut no reply is lost and it is not asked again") {
  // Without checksums it cannot cut.
  for (const bool v6 : {false, true}) {
    if (v6 && !hasV6()) continue;
    CAPTURE(v6);
    Server server(v6 ? Address::loopbackV6() : Address::loopbackV4());
    const Client client(v6 ? AF_INET6 : AF_INET);
    if (v6) client.option(IPPROTO_UDP, UDP_NO_CHECK6_RX, 1);
    const int one = 1;
    const int set = v6 ? ::setsockopt(server.socket().fd(), IPPROTO_UDP, UDP_NO_CHECK6_TX, &one, sizeof one)
                       : ::setsockopt(server.socket().fd(), SOL_SOCKET, SO_NO_CHECK, &one, sizeof one);
    REQUIRE(set == 0);
    const auto expected = ask(client, server.address(), 20, 40);
    server.kept(20);
    server.answerAll(small);
    CHECK(server.receive(client, 20) == expected);
    CHECK(server.buffers().counters().runs == 1);
    server.checkAllBack();
    ask(client, server.address(), 20, 40);
    server.kept(20);
    server.answerAll(small);
    CHECK(server.receive(client, 20) == expected);
    CHECK(server.buffers().counters().runs == 1);
    CHECK(server.buffers().counters().sendFailures == 0);
    server.checkAllBack();
  }
}

namespace {

// Sends a datagram that says that it comes from port 0, which no socket but a raw one can. False where that is not
// permitted.
bool sendFromPort0(const Address& to, std::string_view text) {
  const taut::UniqueFd fd(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP));
  if (!fd) return false;
  std::string datagram(8, '\0');  // source port, port, length, no checksum
  datagram += text;
  datagram[2] = static_cast<char>(to.port() >> 8);
  datagram[3] = static_cast<char>(to.port());
  datagram[5] = static_cast<char>(datagram.size());
  sockaddr_storage name{};
  const socklen_t length = to.withPort(0).toSockaddr(name);
  return ::sendto(fd.get(), datagram.data(), datagram.size(), 0, reinterpret_cast<sockaddr*>(&name), length) ==
         static_cast<ssize_t>(datagram.size());
}

}  // namespace

TEST_CASE("a peer that nothing can be sent to does not keep others' replies from leaving in one send") {
  Server server(Address::loopbackV4());
  for (int i = 0; i < 3; ++i) {
    if (sendFromPort0(server.address(), "x")) continue;
    MESSAGE("not tested: raw sockets are not permitted");
    return;
  }
  server.kept(3);
  server.answerAll(small);
  server.checkAllBack();
  CHECK(server.buffers().counters().runs == 1);
  CHECK(server.buffers().counters().sendFailures == 3);
  const Client client;
  const auto expected = ask(client, server.address(), 20, 40);
  server.kept(20);
  server.answerAll(small);
  CHECK(server.receive(client, 20) == expected);
  CHECK(server.buffers().counters().runs == 2);
  server.checkAllBack();
}

TEST_CASE("more replies in one turn than a batch holds all arrive") {
  Server server(Address::loopbackV4());
  const std::array<Client, 40> clients;
  std::vector<std::multiset<std::string>> expected;
  for (const Client& client : clients) expected.push_back(ask(client, server.address(), 10, 40));
  server.kept(400);
  server.answerAll(small);
  for (std::size_t peer = 0; peer < clients.size(); ++peer) {
    CHECK(server.receive(clients[peer], 10) == expected[peer]);
  }
  server.checkAllBack();
}

TEST_CASE("replies that are flushed leave at once, and their socket may close before the loop goes on") {
  Shard shard;
  auto socket = std::make_unique<UdpSocket>(UdpSocket::bind(shard, Address::loopbackV4()));
  DatagramBuffers buffers(shard, 4);
  const Client client;
  client.send(socket->localAddress(), "last");
  shard.run(echoSome(*socket, buffers, 1));
  socket->flushReplies();
  CHECK(client.receive() == "last");
  CHECK(buffers.leased() == 0);
  socket.reset();
  shard.poll();
}

TEST_CASE("where replies have all buffers the loop does not sleep before they have come back") {
  Shard shard;
  auto socket = UdpSocket::bind(shard, Address::loopbackV4());
  DatagramBuffers buffers(shard, 2);
  const Client client;
  ask(client, socket.localAddress(), 40, 0);
  shard.run(echoSome(socket, buffers, 40));
  for (int i = 0; i < 40; ++i) CHECK(client.receive() == std::to_string(i) + '/');
  shard.poll();
  // With epoll the replies of a turn have left before more is received.
  if (taut::automaticEngine().kind == taut::EngineKind::ioUring) CHECK(buffers.counters().starved > 0);
  CHECK(buffers.leased() == 0);
}

}  // namespace reply_batch_test
