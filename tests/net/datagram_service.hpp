// Helpers for tests of datagrams: a client with plain system calls, and a service that runs by single turns.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "taut/base/address.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/datagram.hpp"
#include "taut/net/udp_socket.hpp"

namespace taut {

// A client with plain system calls, so that a test sees what other programs see.
class Client {
 public:
  explicit Client(int family = AF_INET) : fd_(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    REQUIRE(fd_);
    const timeval patience{30, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  void send(const Address& to, std::string_view text) const {
    sockaddr_storage name{};
    const socklen_t length = to.toSockaddr(name);
    REQUIRE(::sendto(fd_.get(), text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&name), length) ==
            static_cast<ssize_t>(text.size()));
  }
  void option(int level, int name, int value) const {
    REQUIRE(::setsockopt(fd_.get(), level, name, &value, sizeof value) == 0);
  }
  // Without waiting when there is nothing.
  std::optional<std::string> receive(Address* from = nullptr) const {
    std::array<char, 65536> buffer;
    sockaddr_storage name{};
    socklen_t length = sizeof name;
    const auto size =
        ::recvfrom(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&name), &length);
    if (size < 0) return std::nullopt;
    if (from != nullptr) *from = Address::fromSockaddr(&name, length);
    return std::string(buffer.data(), static_cast<std::size_t>(size));
  }

 private:
  UniqueFd fd_;
};

inline std::string textOf(const Datagram& datagram) {
  const auto payload = datagram.payload();
  return std::string(payload.begin(), payload.end());
}

inline std::size_t writeText(Datagram& datagram, std::string_view text) {
  std::memcpy(datagram.buffer().data(), text.data(), text.size());
  return text.size();
}

// Keeps the first `count` datagrams and echoes the others.
inline Task<> keepSome(UdpSocket& socket, DatagramBuffers& buffers, std::size_t count, std::vector<Datagram>& kept,
                       StopToken stop) {
  std::size_t seen = 0;
  auto datagrams = socket.receiveMany(buffers, stop);
  while (auto datagram = co_await datagrams.next()) {
    if (++seen <= count) {
      kept.push_back(std::move(*datagram));
    } else {
      const std::size_t length = datagram->payload().size();
      std::move(*datagram).reply(length);
    }
  }
}

// Runs a service by single turns, so that a test decides what happens in between.
class Service {
 public:
  explicit Service(Shard& shard) : shard_(shard) {}
  ~Service() {
    stop_.requestStop();
    for (int turn = 0; turn < 1000 && !scope_.empty(); ++turn) shard_.poll();
    CHECK(scope_.empty());
  }
  StopToken token() { return stop_.token(); }
  void start(Task<> task) {
    scope_.spawn(std::move(task));
    shard_.poll();
  }
  // The next datagram that the client gets; nothing after a good while without.
  std::optional<std::string> receive(const Client& client, Address* from = nullptr) {
    for (int turn = 0; turn < 1000; ++turn) {
      shard_.poll();
      if (auto text = client.receive(from)) return text;
    }
    return std::nullopt;
  }
  void turns(int count) {
    for (int turn = 0; turn < count; ++turn) shard_.poll();
  }
  StopSource& stop() { return stop_; }
  bool ended() const { return scope_.empty(); }

 private:
  Shard& shard_;
  StopSource stop_;
  TaskScope scope_;
};

inline bool hasV6() {
  const UniqueFd fd(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_storage name{};
  const socklen_t length = Address::loopbackV6().toSockaddr(name);
  return fd && ::bind(fd.get(), reinterpret_cast<sockaddr*>(&name), length) == 0;
}

}  // namespace taut
