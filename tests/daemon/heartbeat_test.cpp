#include "daemon/heartbeat.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <string>

#include <doctest/doctest.h>

#include "daemon/service_manager.hpp"
#include "taut/base/unique_fd.hpp"

namespace heartbeat_test {

using namespace std::chrono_literals;
using taut::Heartbeat;
using taut::ServiceManager;
using taut::UniqueFd;

namespace {

// The manager's end, under a name without a file.
struct Hearing {
  Hearing() : name("@taut-heartbeat-" + std::to_string(::getpid())) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, name.size());
    address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~Hearing() { ::unsetenv("NOTIFY_SOCKET"); }

  // Empty where nothing has come, and none is waited for.
  std::string next(int flags = 0) const {
    std::array<char, 256> text{};
    const auto size = ::recv(socket.get(), text.data(), text.size(), flags);
    return std::string(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  }

  std::string name;
  UniqueFd socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

}  // namespace

TEST_CASE("the manager hears that the server is alive, and nothing while one of its threads stands still") {
  const Hearing manager;
  ServiceManager notifier;
  std::atomic<bool> alive = true;
  std::atomic<int> asked = 0;
  const auto awaitQuestions = [&asked](int count) {
    for (int seen = asked; seen < count; seen = asked) asked.wait(seen);
  };
  const Heartbeat heartbeat(notifier, 2ms, [&](std::chrono::milliseconds limit) {
    CHECK(limit == 1ms);
    const bool is = alive;
    ++asked;
    asked.notify_all();
    return is;
  });
  CHECK(manager.next() == "WATCHDOG=1");
  CHECK(manager.next() == "WATCHDOG=1");
  alive = false;
  awaitQuestions(asked + 3);  // what was asked before has been told by then
  while (!manager.next(MSG_DONTWAIT).empty()) continue;
  awaitQuestions(asked + 3);
  CHECK(manager.next(MSG_DONTWAIT).empty());
  alive = true;
  CHECK(manager.next() == "WATCHDOG=1");
}

TEST_CASE("a reload ends for the manager with the last of those that overlap, and none begins or ends once it stops") {
  const Hearing manager;
  ServiceManager notifier;
  auto first = notifier.reloading([] { return "first"; });
  CHECK(manager.next().starts_with("RELOADING=1\nMONOTONIC_USEC="));
  auto second = notifier.reloading([] { return "second"; });
  first.reset();
  CHECK(manager.next(MSG_DONTWAIT).empty());
  second.reset();
  CHECK(manager.next() == "READY=1\nSTATUS=second");
  auto third = notifier.reloading([] { return "third"; });
  CHECK(manager.next().starts_with("RELOADING=1\n"));
  notifier.stopping();
  notifier.stopping();
  CHECK(manager.next().starts_with("STOPPING=1\n"));
  third.reset();
  notifier.ready("ready");
  CHECK(manager.next(MSG_DONTWAIT).empty());
}

TEST_CASE("of a process that another one follows the manager hears nothing more") {
  const Hearing manager;
  ServiceManager notifier;
  notifier.leave();
  notifier.stopping();
  notifier.alive();
  notifier.forget("name");
  CHECK(manager.next(MSG_DONTWAIT).empty());
}

}  // namespace heartbeat_test
