#include "taut/net/udp_socket_pool.hpp"

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

#include "taut/base/address.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/udp_socket.hpp"

namespace taut::udp_socket_pool_test {

namespace {

class Peer {
 public:
  explicit Peer(Shard& shard) : socket_(UdpSocket::bind(shard, Address::loopbackV4())) {}

  Address address() const { return socket_.localAddress(); }
  void send(const Address& to, std::string_view text) const {
    sockaddr_storage name{};
    const socklen_t length = to.toSockaddr(name);
    CHECK(::sendto(socket_.fd(), text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&name), length) ==
          static_cast<ssize_t>(text.size()));
  }

 private:
  UdpSocket socket_;
};

// With a pool in which so many sockets rest as may: the next one that is given back lets the first one be used again.
struct PoolFixture {
  PoolFixture() { fill(UdpSocketPool::resting); }

  void fill(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      auto socket = UdpSocket::connect(shard, before.address());
      REQUIRE(socket.ok());
      pool.giveBack(std::move(*socket), before.address());
    }
  }
  Result<UdpSocket, IoResult> connect() { return pool.connect(peer.address()); }

  // What the socket hears, which has arrived already.
  std::string heard(UdpSocket& socket) {
    std::array<char, 100> text{};
    const auto size = ::recv(socket.fd(), text.data(), text.size(), MSG_DONTWAIT);
    return size < 0 ? std::string() : std::string(text.data(), static_cast<std::size_t>(size));
  }

  Shard shard;
  UdpSocketPool pool{shard};
  Peer before{shard};
  Peer peer{shard};
};

}  // namespace

TEST_CASE_FIXTURE(PoolFixture, "a socket that is used again has another port, and hears its new peer alone") {
  auto first = pool.connect(before.address());
  REQUIRE(first.ok());
  const int fd = first->fd();
  const Address left = first->localAddress();
  pool.giveBack(std::move(*first), before.address());
  before.send(left, "late");
  std::set<std::uint16_t> ports{left.port()};
  for (std::size_t i = 0; i <= UdpSocketPool::resting; ++i) {
    auto socket = connect();
    REQUIRE(socket.ok());
    ports.insert(socket->localAddress().port());
    before.send(socket->localAddress(), "stranger");
    CHECK(heard(*socket).empty());
    peer.send(socket->localAddress(), "reply");
    CHECK(heard(*socket) == "reply");
    if (i == UdpSocketPool::resting) CHECK(socket->fd() == fd);
    pool.giveBack(std::move(*socket), peer.address());
  }
  // At random some may be alike.
  CHECK(ports.size() > 3);
}

TEST_CASE_FIXTURE(PoolFixture, "a socket in which something was left is not used again") {
  auto full = UdpSocket::connect(shard, before.address());
  REQUIRE(full.ok());
  before.send(full->localAddress(), "guess");
  pool.giveBack(std::move(*full), before.address());
  CHECK(pool.kept() == UdpSocketPool::resting + 1);
  fill(UdpSocketPool::resting);
  for (std::size_t i = 0; i <= UdpSocketPool::resting; ++i) {
    auto socket = connect();
    REQUIRE(socket.ok());
    CHECK(heard(*socket).empty());
  }
  CHECK(pool.kept() == UdpSocketPool::resting);
}

TEST_CASE_FIXTURE(PoolFixture, "the sockets that were given back last rest") {
  CHECK(pool.kept() == UdpSocketPool::resting);
  auto socket = connect();
  CHECK(socket.ok());
  CHECK(pool.kept() == UdpSocketPool::resting);
  fill(1);
  auto other = connect();
  CHECK(other.ok());
  CHECK(pool.kept() == UdpSocketPool::resting);
}

TEST_CASE_FIXTURE(PoolFixture, "from an address that was chosen a socket is new") {
  fill(1);
  auto socket = pool.connect(peer.address(), Address::loopbackV4());
  CHECK(socket.ok());
  CHECK(pool.kept() == UdpSocketPool::resting + 1);
}

TEST_CASE_FIXTURE(PoolFixture, "no more sockets are kept than may be") {
  fill(2 * UdpSocketPool::maxKept);
  CHECK(pool.kept() == UdpSocketPool::maxKept);
  pool.trim(3);
  CHECK(pool.kept() == 3);
  pool.trim(10);
  CHECK(pool.kept() == 3);
  pool.trim(0);
  CHECK(pool.kept() == 0);
}

TEST_CASE_FIXTURE(PoolFixture, "a peer of IPv6 gets no socket of IPv4") {
  fill(1);
  auto socket = pool.connect(Address::loopbackV6(5300));
  CHECK(pool.kept() == UdpSocketPool::resting + 1);
}

}  // namespace taut::udp_socket_pool_test
