#include "management/control_service.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "fake_server.hpp"
#include "standing_shard.hpp"
#include "support/temporary_folder.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/coro/task_scope.hpp"

namespace control_service_test {

using namespace std::chrono_literals;
using namespace taut;

namespace {

class Tool {
 public:
  explicit Tool(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    path.copy(name.sun_path, sizeof name.sun_path - 1);
    REQUIRE(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
  }
  void send(std::string_view text) {
    REQUIRE(::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
  }
  void ask(const char* verb) {
    ControlRequest request;
    request.command = {verb};
    send(request.toLine());
  }

  // What has come since it was asked last, so much at most.
  std::string received(std::size_t most = ~std::size_t{0}) {
    std::string text;
    std::array<char, 65536> buffer{};
    while (text.size() < most) {
      const auto count = ::recv(fd_.get(), buffer.data(), std::min(buffer.size(), most - text.size()), MSG_DONTWAIT);
      ended_ |= count == 0;
      if (count <= 0) break;
      text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return text;
  }
  bool ended() {
    received();
    return ended_;
  }

 private:
  UniqueFd fd_;
  bool ended_ = false;
};

// A service whose time stands still.
struct Serving : StandingShard {
  Serving() { scope.spawn(service.serve(listener, stop.token(), stop.token())); }
  Serving(const Serving&) = delete;
  ~Serving() {
    stop.requestStop();
    turn();
    CHECK(scope.empty());
  }

  std::string path() const { return folder.path("control"); }

  TemporaryFolder folder;
  FakeServer server;
  FakeStatus status;
  ControlVerbs verbs{shard, server, status};
  ControlService service{shard, verbs};
  UnixListener listener = UnixListener::bind(shard, path());
  StopSource stop;
  TaskScope scope;
};

// A reply that does not fit into what the kernel keeps for a reader.
constexpr std::size_t largeSize = 16 << 20;

}  // namespace

TEST_CASE("a connection carries one request after another, each answered by a piece and a status") {
  Serving serving;
  Tool tool(serving.path());
  for (int i = 0; i < 3; ++i) {
    tool.ask("status");
    serving.turn();
    CHECK(tool.received() == "{\"octets\":7}\nstatus\n{\"status\":0}\n");
  }
  tool.ask("nonsense");
  serving.turn();
  CHECK(tool.received() == "{\"status\":2,\"error\":\"there is no such command\"}\n");
  CHECK(!tool.ended());
}

TEST_CASE("what is no request is told so, and a line that does not end is not waited for") {
  Serving serving;
  for (const std::string& text : {std::string("\n"), std::string("[1]\n"), std::string(10'000, 'x')}) {
    Tool tool(serving.path());
    tool.send(text);
    serving.turn();
    CHECK(tool.received().starts_with("{\"status\":2,"));
  }
}

TEST_CASE("a connection ends where no whole request has come within five seconds") {
  Serving serving;
  Tool tool(serving.path());
  tool.send("{\"command\"");
  serving.turn();
  serving.pass(4s);
  CHECK(serving.service.connections() == 1);
  serving.pass(2s);
  CHECK(serving.service.connections() == 0);
  CHECK(tool.ended());
}

TEST_CASE("a reader that turns a page now and then gets all of a long reply") {
  Serving serving;
  serving.status.words = std::string(largeSize, 'x') + "\n";
  Tool tool(serving.path());
  tool.ask("status");
  serving.turn();
  std::string received;
  for (int page = 0; page < 5; ++page) {
    serving.pass(4min);
    received += tool.received(300'000);
    serving.turn();
  }
  CHECK(serving.service.connections() == 1);
  for (int i = 0; i < 10'000 && !received.ends_with("{\"status\":0}\n"); ++i) {
    received += tool.received();
    serving.turn(1);
  }
  CHECK(received.size() == largeSize + 1 + std::string_view("{\"octets\":16777217}\n{\"status\":0}\n").size());
}

TEST_CASE("a reader that takes nothing for five minutes loses its connection") {
  Serving serving;
  serving.status.words = std::string(largeSize, 'x');
  Tool tool(serving.path());
  tool.ask("status");
  serving.turn();
  serving.pass(4min);
  CHECK(serving.service.connections() == 1);
  serving.pass(2min);
  CHECK(serving.service.connections() == 0);
}

TEST_CASE("one connection too many is told so, and the others go on") {
  Serving serving;
  std::vector<Tool> tools;
  for (std::size_t i = 0; i < ControlService::maxConnections; ++i) {
    tools.emplace_back(serving.path());
    serving.turn(2);
  }
  CHECK(serving.service.connections() == ControlService::maxConnections);
  Tool late(serving.path());
  late.ask("status");
  serving.turn();
  CHECK(late.received().find("too many control connections") != std::string::npos);
  tools.front().ask("status");
  serving.turn();
  CHECK(tools.front().received().starts_with("{\"octets\":7}\nstatus\n"));
}

TEST_CASE("a tail whose reader has gone ends within a second, and gives its place back") {
  Serving serving;
  {
    Tool tool(serving.path());
    tool.ask("tail");
    serving.turn();
    CHECK(serving.server.tails.size() == 1);
    serving.pass(2s);
    CHECK(serving.server.tails.size() == 1);
    CHECK(tool.received() == "{\"octets\":0}\n");
  }
  for (int i = 0; i < 3; ++i) serving.pass(1s);
  CHECK(serving.server.tails.empty());
  CHECK(serving.service.connections() == 0);
}

TEST_CASE("a tail whose reader stands still keeps what its rings hold, and no more") {
  Serving serving;
  Tool tool(serving.path());
  tool.ask("tail");
  serving.turn();
  REQUIRE(serving.server.tails.size() == 1);
  QueryTail& tail = *serving.server.tails.front();
  for (int round = 0; round < 10; ++round) {
    for (std::size_t i = 0; i < QueryTail::maxLines; ++i) tail.ring(0).add(std::string(200, 'x'));
    serving.pass(1s);
  }
  CHECK(tail.ring(0).isFull());
  const auto dropped = tail.dropped();
  CHECK(dropped > QueryTail::maxLines);
  std::string received;
  for (int i = 0; i < 100; ++i) {
    received += tool.received();
    serving.pass(100ms);
  }
  CHECK(received.find("queries are not shown") != std::string::npos);
  CHECK(!tail.ring(0).isFull());
}

TEST_CASE("a stop ends all connections, those that rest and those in the middle of a reply") {
  Serving serving;
  serving.status.words = std::string(largeSize, 'x');
  Tool resting(serving.path());
  Tool reading(serving.path());
  reading.ask("status");
  Tool watching(serving.path());
  watching.ask("tail");
  serving.turn();
  CHECK(serving.service.connections() == 3);
  serving.stop.requestStop();
  serving.turn();
  CHECK(serving.service.connections() == 0);
  CHECK(serving.server.tails.empty());
  CHECK(resting.ended());
}

TEST_CASE("the order to stop is answered whole, also where the service stops before the reply is written") {
  Serving serving;
  serving.server.onStop = [&] { serving.stop.requestStop(); };
  Tool tool(serving.path());
  ControlRequest request;
  request.command = {"stop"};
  request.json = true;
  tool.send(request.toLine());
  serving.turn();
  CHECK(tool.received() == "{\"octets\":18}\n{\"stopping\":true}\n{\"status\":0}\n");
  CHECK(tool.ended());
}

}  // namespace control_service_test
