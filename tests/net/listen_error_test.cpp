#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "net/socket.hpp"
#include "taut/base/address.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/net/listen_error.hpp"

namespace listen_error_test {

using namespace taut;

namespace {

std::vector<UniqueFd> boundSockets(std::size_t count) {
  std::vector<UniqueFd> sockets(count);
  std::ranges::generate(
      sockets, [] { return detail::bindSocket(Address::loopbackV4(), {.protocol = "UDP", .type = SOCK_DGRAM}); });
  return sockets;
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
  const Address taken = detail::localAddressOf(sockets.back().get());
  for (int i = 0; i < 200; ++i) {
    const std::string text = ListenError(EADDRINUSE, taken, "UDP").what();
    CHECK_MESSAGE(text.find("in use by taut-net-tests (process ") != text.npos, text);
  }
}

}  // namespace listen_error_test
