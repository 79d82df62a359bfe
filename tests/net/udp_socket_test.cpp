#include "taut/net/udp_socket.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "datagram_service.hpp"
#include "io/io_uring_engine.hpp"
#include "support/heap_counter.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/local_pool.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/deadline.hpp"
#include "taut/io/shard.hpp"

namespace udp_socket_test {

using namespace std::chrono_literals;
using taut::Address;
using taut::Client;
using taut::Datagram;
using taut::DatagramBuffers;
using taut::hasV6;
using taut::IoResult;
using taut::keepSome;
using taut::Service;
using taut::Shard;
using taut::StopSource;
using taut::StopToken;
using taut::Task;
using taut::TaskScope;
using taut::textOf;
using taut::UdpSocket;
using taut::writeText;

namespace {

// Answers each datagram with itself in brackets.
Task<> answer(Datagram datagram) {
  const std::string reply = '[' + textOf(datagram) + ']';
  const std::size_t length = writeText(datagram, reply);
  std::move(datagram).reply(length);
  co_return;
}

Task<> echo(UdpSocket& socket, DatagramBuffers& buffers, StopToken stop) {
  TaskScope answers;
  auto datagrams = socket.receiveMany(buffers, stop);
  while (auto datagram = co_await datagrams.next()) answers.spawn(answer(std::move(*datagram)));
  co_await answers.join();
}

// The same without brackets and without a coroutine for each datagram.
Task<> echoPlainly(UdpSocket& socket, DatagramBuffers& buffers, StopToken stop) {
  auto datagrams = socket.receiveMany(buffers, stop);
  while (auto datagram = co_await datagrams.next()) {
    const std::size_t length = datagram->payload().size();
    std::move(*datagram).reply(length);
  }
}

Task<> stopAtFirst(UdpSocket& socket, DatagramBuffers& buffers, std::vector<std::string>& seen, StopSource& stop) {
  auto datagrams = socket.receiveMany(buffers, stop.token());
  while (auto datagram = co_await datagrams.next()) {
    seen.push_back(textOf(*datagram));
    stop.requestStop();
  }
}

}  // namespace

TEST_CASE("a datagram is answered from its own buffer") {
  Shard shard;
  auto socket = UdpSocket::bind(shard, Address::loopbackV4());
  DatagramBuffers buffers(shard, 8);
  Service service(shard);
  service.start(echo(socket, buffers, service.token()));
  const Client client;
  client.send(socket.localAddress(), "query");
  Address from;
  CHECK(service.receive(client, &from) == "[query]");
  CHECK(from == socket.localAddress());
  service.turns(2);
  CHECK(buffers.leased() == 0);
  CHECK(buffers.counters().received == 1);
}

TEST_CASE("a datagram knows its peer and, on a wildcard address, the address that was asked") {
  Shard shard;
  auto socket = UdpSocket::bind(shard, Address::anyV4());
  DatagramBuffers buffers(shard, 8);
  std::vector<Datagram> kept;
  Service service(shard);
  service.start(keepSome(socket, buffers, 1, kept, service.token()));
  auto client = UdpSocket::bind(shard, Address::loopbackV4());
  const std::array<std::uint8_t, 2> text{'h', 'i'};
  const auto port = socket.localAddress().port();
  const auto sent = shard.run([](UdpSocket& from, std::span<const std::uint8_t> bytes, Address to) -> Task<IoResult> {
    const IoResult result = co_await from.sendTo(bytes, to);
    co_return result;
  }(client, text, Address::v4({127, 0, 0, 3}, port)));
  CHECK(sent.value() == 2);
  service.turns(5);
  REQUIRE(kept.size() == 1);
  CHECK(textOf(kept.front()) == "hi");
  CHECK(kept.front().peer() == client.localAddress());
  CHECK(kept.front().local() == Address::v4({127, 0, 0, 3}));
  CHECK_FALSE(kept.front().truncated());
  kept.clear();
}

TEST_CASE("a wildcard IPv4 socket answers from the address that was asked") {
  Shard shard;
  auto socket = UdpSocket::bind(shard, Address::anyV4());
  DatagramBuffers buffers(shard, 8);
  Service service(shard);
  service.start(echo(socket, buffers, service.token()));
  const auto port = socket.localAddress().port();
  for (const std::uint8_t last : std::array<std::uint8_t, 3>{1, 2, 77}) {
    const Client client;
    const auto asked = Address::v4({127, 0, 0, last}, port);
    client.send(asked, "who");
    Address from;
    CHECK(service.receive(client, &from) == "[who]");
    CHECK(from == asked);
  }
}

TEST_CASE("a wildcard IPv6 socket answers from the address that was asked and leaves IPv4 alone") {
  if (!hasV6()) return;
  Shard shard;
  auto socket = UdpSocket::bind(shard, Address::anyV6());
  DatagramBuffers buffers(shard, 8);
  Service service(shard);
  service.start(echo(socket, buffers, service.token()));
  const auto port = socket.localAddress().port();
  const Client client(AF_INET6);
  client.send(Address::loopbackV6(port), "who");
  Address from;
  CHECK(service.receive(client, &from) == "[who]");
  CHECK(from == Address::loopbackV6(port));
  CHECK_NOTHROW(UdpSocket::bind(shard, Address::anyV4(port)));
}

TEST_CASE("a reply may be larger than the query, up to the whole payload area") {
  Shard shard;
  auto socket = UdpSocket::bind(shard, Address::loopbackV4());
  DatagramBuffers buffers(shard, 4, 5000);
  std::vector<Datagram> kept;
  Service service(shard);
  service.start(keepSome(socket, buffers, 1, kept, service.token()));
  const Client client;
  client.send(socket.localAddress(), "?");
  service.turns(3);
  REQUIRE(kept.size() == 1);
  CHECK(kept.front().buffer().size() == 5000);
  CHECK(kept.front().buffer().data() == kept.front().payload().data());
  const std::string reply(5000, 'x');
  std::move(kept.front()).reply(writeText(kept.front(), reply));
  CHECK(service.receive(client) == reply);
  service.turns(2);
  kept.clear();
  CHECK(buffers.leased() == 0);
}

TEST_CASE("a datagram that does not fit its buffer is cut and says so") {
  Shard shard;
  auto socket = UdpSocket::bind(shard, Address::loopbackV4());
  DatagramBuffers buffers(shard, 4, 512);
  std::vector<Datagram> kept;
  Service service(shard);
  service.start(keepSome(socket, buffers, 2, kept, service.token()));
  const Client client;
  client.send(socket.localAddress(), std::string(512, 'a'));
  client.send(socket.localAddress(), std::string(3000, 'b'));
  service.turns(3);
  REQUIRE(kept.size() == 2);
  CHECK(textOf(kept[0]) == std::string(512, 'a'));
  CHECK_FALSE(kept[0].truncated());
  CHECK(kept[1].truncated());
  // The buffer is rounded up to whole cache lines.
  CHECK(kept[1].payload().size() >= 512);
  CHECK(kept[1].payload().size() < 640);
  CHECK(buffers.counters().truncated == 1);
  kept.clear();
}

TEST_CASE("an empty datagram is a datagram") {
  Shard shard;
  auto socket = UdpSocket::bind(shard, Address::loopbackV4());
  DatagramBuffers buffers(shard, 4);
  Service service(shard);
  service.start(echo(socket, buffers, service.token()));
  const Client client;
  client.send(socket.localAddress(), "");
  CHECK(service.receive(client) == "[]");
}

TEST_CASE("when all buffers are in use receiving waits, and goes on when one comes back") {
  Shard shard;
  auto socket = UdpSocket::bind(shard, Address::loopbackV4());
  DatagramBuffers buffers(shard, 4);
  std::vector<Datagram> kept;
  Service service(shard);
  service.start(keepSome(socket, buffers, 4, kept, service.token()));
  const Client client;
  for (int i = 0; i < 10; ++i) client.send(socket.localAddress(), "text" + std::to_string(i));
  service.turns(20);
  CHECK(kept.size() == 4);
  CHECK(buffers.leased() == 4);
  CHECK(buffers.counters().starved == 1);
  CHECK_FALSE(client.receive());
  kept.pop_back();
  for (int i = 4; i < 10; ++i) CHECK(service.receive(client) == "text" + std::to_string(i));
  // Idle again with all but three buffers free, and no request to the kernel that would fail.
  const std::uint64_t starved = buffers.counters().starved;
  service.turns(20);
  CHECK(buffers.counters().starved == starved);
  kept.clear();
  client.send(socket.localAddress(), "more");
  CHECK(service.receive(client) == "more");
}

TEST_CASE("a stop while all buffers are in use ends the stream") {
  Shard shard;
  auto socket = UdpSocket::bind(shard, Address::loopbackV4());
  DatagramBuffers buffers(shard, 1);
  std::vector<Datagram> kept;
  Service service(shard);
  service.start(keepSome(socket, buffers, 1, kept, service.token()));
  const Client client;
  client.send(socket.localAddress(), "one");
  client.send(socket.localAddress(), "two");
  service.turns(5);
  CHECK(kept.size() == 1);
  service.stop().requestStop();
  service.turns(3);
  CHECK(service.ended());
  kept.clear();
}

TEST_CASE("a stop ends a pending receive, and what had arrived is still handed out") {
  Shard shard;
  auto socket = UdpSocket::bind(shard, Address::loopbackV4());
  DatagramBuffers buffers(shard, 8);
  const Client client;
  {
    Service service(shard);
    service.start(echo(socket, buffers, service.token()));
    service.stop().requestStop();
    service.turns(3);
    CHECK(service.ended());
  }
  {
    Service service(shard);
    std::vector<std::string> seen;
    service.start(stopAtFirst(socket, buffers, seen, service.stop()));
    client.send(socket.localAddress(), "first");
    client.send(socket.localAddress(), "last");
    service.turns(3);
    CHECK(service.ended());
    CHECK(seen == std::vector<std::string>{"first", "last"});
  }
  CHECK(buffers.leased() == 0);
}

TEST_CASE("a stream whose token is stopped already receives nothing") {
  Shard shard;
  auto socket = UdpSocket::bind(shard, Address::loopbackV4());
  DatagramBuffers buffers(shard, 2);
  StopSource stop;
  stop.requestStop();
  shard.run(echo(socket, buffers, stop.token()));
  CHECK(buffers.leased() == 0);
}

TEST_CASE("a completion queue that overflows loses no datagram and no reply" * doctest::test_suite("io_uring")) {
  taut::ShardOptions options;
  options.engine.kind = taut::EngineKind::ioUring;
  options.engine.submissionEntries = 2;
  options.engine.completionEntries = 4;
  Shard shard(options);
  auto socket = UdpSocket::bind(shard, Address::loopbackV4());
  DatagramBuffers buffers(shard, 64);
  Service service(shard);
  service.start(echo(socket, buffers, service.token()));
  const Client client;
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 40; ++i) client.send(socket.localAddress(), std::to_string(i));
    for (int i = 0; i < 40; ++i) CHECK(service.receive(client).has_value());
  }
  CHECK(static_cast<const taut::IoUringEngine&>(shard.engine()).overflowCount() > 0);
  service.turns(10);
  CHECK(buffers.leased() == 0);
}

TEST_CASE("a datagram is received and answered without heap allocation") {
  Shard shard;
  auto socket = UdpSocket::bind(shard, Address::loopbackV4());
  DatagramBuffers buffers(shard, 64);
  Service service(shard);
  service.start(echoPlainly(socket, buffers, service.token()));
  const Client client;
  auto exchange = [&] {
    for (int i = 0; i < 32; ++i) client.send(socket.localAddress(), "text");
    service.turns(4);
    for (int i = 0; i < 32; ++i) REQUIRE(client.receive());
    service.turns(4);
  };
  exchange();
  const auto before = taut::HeapCounter::allocations();
  service.turns(1);
  for (int i = 0; i < 8; ++i) client.send(socket.localAddress(), "text");
  service.turns(4);
  CHECK(taut::HeapCounter::allocations() == before);
  CHECK(buffers.counters().received == 40);
}

TEST_CASE("a connected socket exchanges datagrams with its peer alone") {
  Shard shard;
  auto server = UdpSocket::bind(shard, Address::loopbackV4());
  DatagramBuffers buffers(shard, 8);
  Service service(shard);
  service.start(echo(server, buffers, service.token()));
  auto connected = UdpSocket::connect(shard, server.localAddress());
  REQUIRE(connected.ok());
  const Client stranger;
  stranger.send(connected->localAddress(), "forged");
  const auto reply = shard.run([](UdpSocket& socket) -> Task<std::string> {
    const std::string text = "ask";
    const std::span<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    const IoResult sent = co_await socket.send(bytes);
    CHECK(sent.value() == 3);
    std::array<std::uint8_t, 100> buffer{};
    const IoResult received = co_await socket.receive(buffer);
    co_return std::string(buffer.begin(), buffer.begin() + static_cast<int>(received.value()));
  }(*connected));
  CHECK(reply == "[ask]");
}

TEST_CASE("a pending receive is ended by its deadline") {
  taut::ManualClock clock;
  clock.skipIdle(1ms);
  taut::ShardOptions options;
  options.clock = &clock;
  Shard shard(options);
  auto silent = UdpSocket::bind(shard, Address::loopbackV4());
  auto connected = UdpSocket::connect(shard, silent.localAddress());
  REQUIRE(connected.ok());
  const auto start = shard.now();
  const auto received = shard.run([](Shard& here, UdpSocket& socket) -> Task<IoResult> {
    std::array<std::uint8_t, 100> buffer{};
    taut::Deadline deadline(here, 60s);
    const IoResult result = co_await socket.receive(buffer, deadline.token());
    CHECK(deadline.expired());
    co_return result;
  }(shard, *connected));
  CHECK(received.stopped());
  CHECK(shard.now() - start == 60s);
}

TEST_CASE("a peer that does not listen is an error and no exception") {
  Shard shard;
  Address unused;
  { unused = UdpSocket::bind(shard, Address::loopbackV4()).localAddress(); }
  auto connected = UdpSocket::connect(shard, unused);
  REQUIRE(connected.ok());
  const auto received = shard.run([](UdpSocket& socket) -> Task<IoResult> {
    std::array<std::uint8_t, 10> bytes{};
    co_await socket.send(bytes);
    const IoResult result = co_await socket.receive(bytes);
    co_return result;
  }(*connected));
  CHECK(received.error() == ECONNREFUSED);
}

TEST_CASE("a failed send is counted, ends its lease, and the stream goes on") {
  Shard shard;
  auto socket = UdpSocket::bind(shard, Address::loopbackV4());
  DatagramBuffers buffers(shard, 4, 65'000 + 2'000);
  std::vector<Datagram> kept;
  Service service(shard);
  service.start(keepSome(socket, buffers, 1, kept, service.token()));
  const Client client;
  client.send(socket.localAddress(), "?");
  service.turns(3);
  REQUIRE(kept.size() == 1);
  // Larger than any UDP datagram.
  std::move(kept.front()).reply(67'000);
  service.turns(3);
  CHECK(buffers.counters().sendFailures == 1);
  CHECK(buffers.leased() == 0);
  client.send(socket.localAddress(), "again");
  CHECK(service.receive(client) == "again");
  kept.clear();
}

TEST_CASE("shards share an address, and a port that is taken is an error that names the address and who has it") {
  Shard shard;
  auto first = UdpSocket::bind(shard, Address::loopbackV4());
  CHECK_NOTHROW(UdpSocket::bind(shard, first.localAddress()));
  taut::UdpOptions alone;
  alone.mustBeFree = true;
  const auto text = "cannot listen on " + first.localAddress().toText() +
                    " (UDP): Address already in use by taut-net-tests (process " + std::to_string(::getpid()) +
                    "); stop it, or choose another address or port";
  CHECK_THROWS_WITH_AS(UdpSocket::bind(shard, first.localAddress(), alone), text.c_str(), std::system_error);
  alone.mustBeFree = false;
  alone.reusePort = false;
  CHECK_THROWS_WITH_AS(UdpSocket::bind(shard, first.localAddress(), alone), text.c_str(), std::system_error);
}

TEST_CASE("what the kernel drops because a socket is full is counted, also when the socket has closed") {
  Shard shard;
  DatagramBuffers buffers(shard, 8);
  std::uint64_t dropped = 0;
  {
    taut::UdpOptions options;
    options.receiveBuffer = 4096;
    auto socket = UdpSocket::bind(shard, Address::loopbackV4(), options);
    StopSource stop;
    auto datagrams = socket.receiveMany(buffers, stop.token());
    CHECK(buffers.receiveDrops() == 0);
    const Client client;
    for (int i = 0; i < 100; ++i) client.send(socket.localAddress(), std::string(500, 'a'));
    dropped = buffers.receiveDrops();
    CHECK(dropped > 50);
    CHECK(dropped < 100);
  }
  CHECK(buffers.receiveDrops() == dropped);
}

}  // namespace udp_socket_test
