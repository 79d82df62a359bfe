#include "taut/net/given_sockets.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <system_error>
#include <utility>

#include <doctest/doctest.h>

#include "taut/io/shard.hpp"
#include "taut/net/tcp_listener.hpp"
#include "taut/net/udp_socket.hpp"
#include "taut/net/unix_listener.hpp"

namespace given_sockets_test {

using taut::Address;
using taut::GivenSockets;
using taut::Shard;
using taut::TcpListener;
using taut::UdpSocket;
using taut::UniqueFd;
using taut::UnixListener;

namespace {

UniqueFd copyOf(int fd) {
  return UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

// A port that UDP has picked may be taken for TCP.
std::pair<UdpSocket, TcpListener> bindBoth(Shard& shard) {
  for (int attempt = 1;; ++attempt) {
    UdpSocket udp = UdpSocket::bind(shard, Address::loopbackV4());
    try {
      TcpListener tcp = TcpListener::bind(shard, udp.localAddress());
      return {std::move(udp), std::move(tcp)};
    } catch (const std::system_error&) {
      if (attempt == 100) throw;
    }
  }
}

}  // namespace

TEST_CASE("a given socket is taken once, by its address and protocol") {
  Shard shard;
  const auto [udp, tcp] = bindBoth(shard);
  GivenSockets given;
  CHECK(given.add(copyOf(udp.fd())));
  CHECK(given.add(copyOf(tcp.fd())));
  const Address address = udp.localAddress();
  CHECK_FALSE(given.takeDatagrams(address.withPort(1)));
  CHECK_FALSE(given.takeDatagrams(Address::loopbackV6(address.port())));
  CHECK(given.addresses() == std::vector{address});
  CHECK(given.withPort(Address::loopbackV4()) == address);
  CHECK(given.withPort(Address::loopbackV6()) == Address::loopbackV6());
  CHECK(given.takeDatagrams(address));
  CHECK_FALSE(given.takeDatagrams(address));
  CHECK(given.takeStreams(address));
  CHECK(given.size() == 0);
}

TEST_CASE("two descriptors of one socket are one, and two sockets of one address are two") {
  Shard shard;
  const UdpSocket first = UdpSocket::bind(shard, Address::loopbackV4());
  const UdpSocket second = UdpSocket::bind(shard, first.localAddress());
  GivenSockets given;
  CHECK(given.add(copyOf(first.fd())));
  CHECK(given.add(copyOf(first.fd())));
  CHECK(given.add(copyOf(second.fd())));
  CHECK(given.takeRest().size() == 2);
  CHECK(given.size() == 0);
}

TEST_CASE("a unix socket is taken by its path, and its file stays until it is taken too") {
  Shard shard;
  const std::string path = "/tmp/taut-given-" + std::to_string(::getpid());
  UnixListener made = UnixListener::bind(shard, path);
  GivenSockets given;
  CHECK(given.add(copyOf(made.fd())));
  CHECK_FALSE(given.takeLocal(path + "x"));
  UniqueFd fd = given.takeLocal(path);
  REQUIRE(fd);
  made.leaveFile();
  { const UnixListener adopted = UnixListener::adopt(shard, copyOf(fd.get()), path); }
  CHECK(::access(path.c_str(), F_OK) == 0);
  {
    UnixListener adopted = UnixListener::adopt(shard, std::move(fd), path);
    adopted.takeFile();
  }
  CHECK(::access(path.c_str(), F_OK) != 0);
}

TEST_CASE("what cannot be listened on is not added") {
  Shard shard;
  GivenSockets given;
  CHECK_FALSE(given.add(UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC))));
  CHECK_FALSE(given.add(UniqueFd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0))));
  CHECK_FALSE(given.add(UniqueFd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0))));
  const UdpSocket server = UdpSocket::bind(shard, Address::loopbackV4());
  const auto client = UdpSocket::connect(shard, server.localAddress());
  REQUIRE(client);
  CHECK_FALSE(given.add(copyOf(client->fd())));
  CHECK(given.size() == 0);
}

TEST_CASE("a socket that leaves the others of its port gets nothing new, and keeps what has come") {
  Shard shard;
  UdpSocket leaving = UdpSocket::bind(shard, Address::loopbackV4());
  const UdpSocket staying = UdpSocket::bind(shard, leaving.localAddress());
  const auto send = [&](int count) {
    for (int i = 0; i < count; ++i) {
      const auto client = UdpSocket::connect(shard, staying.localAddress());
      REQUIRE(client);
      REQUIRE(::send(client->fd(), "x", 1, 0) == 1);
    }
  };
  const auto drain = [](int fd) {
    int count = 0;
    for (char octet = 0; ::recv(fd, &octet, 1, MSG_DONTWAIT) == 1;) ++count;
    return count;
  };
  send(100);
  leaving.leaveOthers();
  const int before = drain(leaving.fd());
  CHECK(before > 0);
  CHECK(before + drain(staying.fd()) == 100);
  send(100);
  CHECK(drain(leaving.fd()) == 0);
  CHECK(drain(staying.fd()) == 100);
}

}  // namespace given_sockets_test
