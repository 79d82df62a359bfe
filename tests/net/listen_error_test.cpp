#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "taut/base/address.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/net/listen_error.hpp"

namespace listen_error_test {

using namespace taut;

namespace {

UniqueFd boundSocket() {
  UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_storage name{};
  const socklen_t length = Address::loopbackV4().toSockaddr(name);
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), length) == 0);
  return fd;
}

std::vector<UniqueFd> boundSockets(std::size_t count) {
  std::vector<UniqueFd> sockets(count);
  std::ranges::generate(sockets, boundSocket);
  return sockets;
}

Address addressOf(const UniqueFd& socket) {
  sockaddr_storage name{};
  socklen_t length = sizeof name;
  REQUIRE(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&name), &length) == 0);
  return Address::fromSockaddr(&name, length);
}

// Sockets that are opened and closed all the time, on another thread.
class OtherSockets {
 public:
  ~OtherSockets() {
    ended_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> ended_ = false;
  std::thread thread_{[this] {
    while (!ended_) const auto some = boundSockets(40);
  }};
};

}  // namespace

TEST_CASE("The process that has a port is told while other sockets come and go") {
  const std::vector<UniqueFd> sockets = boundSockets(400);  // more than the kernel tells of at once
  const OtherSockets others;
  for (int i = 0; i < 200; ++i) {
    const std::string text = ListenError(EADDRINUSE, addressOf(sockets.back()), "UDP").what();
    CHECK_MESSAGE(text.find("in use by taut-net-tests (process ") != text.npos, text);
  }
}

}  // namespace listen_error_test
