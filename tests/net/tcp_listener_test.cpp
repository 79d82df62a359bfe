#include "taut/net/tcp_listener.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "support/no_descriptors.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/log.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/io_result.hpp"
#include "taut/io/shard.hpp"

namespace tcp_listener_test {

using namespace std::chrono_literals;
using taut::Address;
using taut::NoDescriptors;
using taut::Shard;
using taut::StopSource;
using taut::StopToken;
using taut::Task;
using taut::TaskScope;
using taut::TcpListener;
using taut::TcpStream;
using taut::UniqueFd;

namespace {

UniqueFd connectTo(const Address& address) {
  UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(fd);
  sockaddr_storage name{};
  const socklen_t length = address.toSockaddr(name);
  REQUIRE(::connect(fd.get(), reinterpret_cast<sockaddr*>(&name), length) == 0);
  return fd;
}

Task<> collect(TcpListener& listener, StopToken stop, std::vector<TcpStream>& accepted, std::size_t& pauses) {
  auto connections = listener.acceptMany(stop);
  while (auto connection = co_await connections.next()) {
    accepted.push_back(std::move(*connection));
    pauses = connections.pauses();
  }
  pauses = connections.pauses();
}

Task<> collectMakingRoom(TcpListener& listener, StopToken stop, std::vector<TcpStream>& accepted,
                         taut::ConnectionStream::MakeRoom makeRoom) {
  auto connections = listener.acceptMany(stop, std::move(makeRoom));
  while (auto connection = co_await connections.next()) accepted.push_back(std::move(*connection));
}

// A listener whose time stands still, and the warnings that it logs.
struct Accepting {
  Accepting() {
    taut::log::setSink(
        [this](taut::log::Level level, std::string_view) { warnings += level == taut::log::Level::warning; });
  }
  Accepting(const Accepting&) = delete;
  ~Accepting() { taut::log::setSink({}); }

  void turn(int times) {
    while (times-- > 0) shard.poll();
  }
  void end() {
    stop.requestStop();
    turn(3);
    CHECK(scope.empty());
  }
  static taut::ShardOptions optionsWith(taut::Clock& clock) {
    taut::ShardOptions options;
    options.clock = &clock;
    return options;
  }

  int warnings = 0;
  taut::ManualClock clock;
  Shard shard{optionsWith(clock)};
  TcpListener listener = TcpListener::bind(shard, Address::loopbackV4());
  StopSource stop;
  TaskScope scope;
  std::vector<TcpStream> accepted;
};

}  // namespace

TEST_CASE("a listener hands out connections in the order of their arrival until it is stopped") {
  Shard shard;
  auto listener = TcpListener::bind(shard, Address::loopbackV4());
  StopSource stop;
  TaskScope scope;
  std::vector<TcpStream> accepted;
  std::size_t pauses = 0;
  scope.spawn(collect(listener, stop.token(), accepted, pauses));
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(connectTo(listener.localAddress()));
  for (int turn = 0; turn < 20; ++turn) shard.poll();
  REQUIRE(accepted.size() == 5);
  for (std::size_t i = 0; i < clients.size(); ++i) {
    sockaddr_storage name{};
    socklen_t length = sizeof name;
    REQUIRE(::getsockname(clients[i].get(), reinterpret_cast<sockaddr*>(&name), &length) == 0);
    CHECK(accepted[i].peer() == Address::fromSockaddr(&name, length));
  }
  stop.requestStop();
  for (int turn = 0; turn < 3; ++turn) shard.poll();
  CHECK(scope.empty());
  CHECK(pauses == 0);
}

TEST_CASE("where descriptors have run out the listener pauses without spinning, says so once, and goes on") {
  // UBSan opens a pipe the first time that it checks a type, which below it could not.
  taut::log::setSink([](taut::log::Level, std::string_view) {});
  taut::log::warning("{}", taut::IoResult::failure(EMFILE).message());
  Accepting f;
  std::size_t pauses = 0;
  const UniqueFd client = connectTo(f.listener.localAddress());
  {
    const NoDescriptors none;
    f.scope.spawn(collect(f.listener, f.stop.token(), f.accepted, pauses));
    f.turn(100);
    CHECK(f.accepted.empty());
    // Time stands still, so it tried once only.
    CHECK(f.shard.timers().size() == 1);
    for (int second = 0; second < 10; ++second) {
      f.clock.advance(1s);
      f.turn(5);
    }
    CHECK(f.accepted.empty());
  }
  f.clock.advance(1s);
  f.turn(5);
  CHECK(f.accepted.size() == 1);
  CHECK(f.warnings == 1);
  CHECK(pauses == 11);
  f.end();
}

TEST_CASE("where descriptors have run out the listener asks for room, says so once a minute, and accepts at once") {
  Accepting f;
  std::vector<UniqueFd> spare;
  int asked = 0;
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(connectTo(f.listener.localAddress()));
    spare.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
  {
    const NoDescriptors none;
    f.scope.spawn(collectMakingRoom(f.listener, f.stop.token(), f.accepted, [&] {
      ++asked;
      if (!spare.empty()) spare.pop_back();
    }));
    for (int round = 0; round < 20; ++round) {
      f.turn(5);
      f.clock.advance(10ms);
    }
    CHECK(f.accepted.size() == 5);
    CHECK(asked >= 5);
    CHECK(f.warnings == 1);
    f.clock.advance(1min);
    f.turn(5);
    CHECK(f.warnings == 2);
  }
  f.end();
}

TEST_CASE("a stop ends a listener that pauses") {
  taut::log::setLevel(taut::log::Level::error);
  Shard shard;
  auto listener = TcpListener::bind(shard, Address::loopbackV4());
  StopSource stop;
  TaskScope scope;
  std::vector<TcpStream> accepted;
  std::size_t pauses = 0;
  {
    const NoDescriptors none;
    scope.spawn(collect(listener, stop.token(), accepted, pauses));
    for (int turn = 0; turn < 3; ++turn) shard.poll();
    stop.requestStop();
    for (int turn = 0; turn < 3; ++turn) shard.poll();
    CHECK(scope.empty());
    CHECK(pauses == 1);
  }
  taut::log::setLevel(taut::log::Level::info);
}

TEST_CASE("a port that another listener has is an error that names the address and who has it") {
  Shard shard;
  auto first = TcpListener::bind(shard, Address::loopbackV4());
  CHECK_NOTHROW(TcpListener::bind(shard, first.localAddress()));
  taut::TcpOptions alone;
  alone.mustBeFree = true;
  const auto text = "cannot listen on " + first.localAddress().toText() +
                    " (TCP): Address already in use by taut-net-tests (process " + std::to_string(::getpid()) +
                    "); stop it, or choose another address or port";
  CHECK_THROWS_WITH_AS(TcpListener::bind(shard, first.localAddress(), alone), text.c_str(), std::system_error);
}

}  // namespace tcp_listener_test
