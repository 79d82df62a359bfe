#include "io/epoll_engine.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "operations.hpp"
#include "refused_call.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/buffer_ring.hpp"

namespace epoll_engine_test {

namespace {

using namespace taut;
using namespace std::chrono_literals;

// One request, and what came of it.
class Single final : public Operation {
 public:
  Single(Engine& engine, Request::Kind kind, int fd, std::span<std::uint8_t> data = {}) : Operation(engine) {
    request().kind = kind;
    request().fd = fd;
    request().data = data.data();
    request().length = static_cast<std::uint32_t>(data.size());
  }
  using Operation::cancel;
  using Operation::start;

  std::vector<int> results;

 private:
  void complete(const Completion& completion) noexcept override { results.push_back(completion.result); }
};

// A stream of datagrams.
class Datagrams final : public Operation {
 public:
  Datagrams(Engine& engine, BufferRing& buffers, int fd) : Operation(engine), buffers_(buffers) {
    shape_.msg_namelen = 32;
    request().kind = Request::Kind::receiveDatagrams;
    request().fd = fd;
    request().data = &shape_;
    request().bufferGroup = buffers.group();
    start();
  }
  using Operation::cancel;
  using Operation::start;

  bool keeps = false;  // the buffers
  int received = 0;
  int last = 0;

 private:
  void complete(const Completion& completion) noexcept override {
    last = completion.result;
    if (!completion.hasBuffer) return;
    ++received;
    buffers_.take();
    if (!keeps) buffers_.giveBack(completion.buffer);
  }

  BufferRing& buffers_;
  msghdr shape_{};
};

struct Ends {
  UniqueFd first;
  UniqueFd second;
};

Ends makeEnds(int type = SOCK_STREAM) {
  std::array<int, 2> fds{};
  REQUIRE(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds.data()) == 0);
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

void write(int fd, std::size_t count = 1) {
  const std::vector<std::uint8_t> octets(count, 'x');
  REQUIRE(::send(fd, octets.data(), count, MSG_DONTWAIT) == static_cast<ssize_t>(count));
}

UniqueFd bindLoopback(int type) {
  UniqueFd fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
  return fd;
}

sockaddr_in nameOf(int fd) {
  sockaddr_in name{};
  socklen_t length = sizeof name;
  REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length) == 0);
  return name;
}

void sendTo(int client, int server) {
  const sockaddr_in name = nameOf(server);
  REQUIRE(::sendto(client, "x", 1, 0, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 1);
}

// Leaves the number of `fd` to another descriptor.
void replace(UniqueFd& fd, UniqueFd by) {
  REQUIRE(::dup2(by.get(), fd.get()) == fd.get());
}

}  // namespace

TEST_CASE("an operation waits for the descriptor that has a number now, not for the one that had it") {
  EpollEngine engine;
  Ends old = makeEnds();
  Single before(engine, Request::Kind::pollIn, old.first.get());
  before.start();
  CHECK(engine.poll(0ns) == 0);
  write(old.second.get());
  CHECK(engine.poll(0ns) == 1);
  Ends next = makeEnds();
  replace(old.first, std::move(next.first));
  Single after(engine, Request::Kind::pollIn, old.first.get());
  after.start();
  CHECK(engine.poll(0ns) == 0);
  write(next.second.get());
  CHECK(engine.poll(0ns) == 1);
  CHECK(after.results.size() == 1);
}

TEST_CASE("what happens to a descriptor that was closed, but is open elsewhere, ends no operation of its successor") {
  EpollEngine engine;
  Ends old = makeEnds();
  Single before(engine, Request::Kind::pollIn, old.first.get());
  before.start();
  CHECK(engine.poll(0ns) == 0);
  write(old.second.get());
  CHECK(engine.poll(0ns) == 1);
  const UniqueFd elsewhere(::dup(old.first.get()));
  Ends next = makeEnds();
  replace(old.first, std::move(next.first));
  Single after(engine, Request::Kind::pollIn, old.first.get());
  after.start();
  write(old.second.get());
  CHECK(engine.poll(1ms) == 0);
  CHECK(after.inFlight());
  write(next.second.get());
  CHECK(engine.poll(0ns) == 1);
}

TEST_CASE("one operation reads from a descriptor while another one writes to it") {
  EpollEngine engine;
  Ends ends = makeEnds();
  std::vector<std::uint8_t> octets(1 << 16);
  while (::send(ends.first.get(), octets.data(), octets.size(), MSG_DONTWAIT) > 0) continue;
  std::array<std::uint8_t, 8> room{};
  Single writing(engine, Request::Kind::send, ends.first.get(), octets);
  Single reading(engine, Request::Kind::receive, ends.first.get(), room);
  writing.start();
  reading.start();
  CHECK(engine.poll(0ns) == 0);
  write(ends.second.get(), 3);
  CHECK(engine.poll(0ns) == 1);
  CHECK(reading.results == std::vector{3});
  CHECK(writing.inFlight());
  while (::recv(ends.second.get(), octets.data(), octets.size(), MSG_DONTWAIT) > 0) continue;
  CHECK(engine.poll(0ns) == 1);
  REQUIRE(writing.results.size() == 1);
  CHECK(writing.results.front() > 0);
}

TEST_CASE("operations that wait for one descriptor end each by itself") {
  EpollEngine engine;
  Ends ends = makeEnds();
  Single first(engine, Request::Kind::pollIn, ends.first.get());
  Single second(engine, Request::Kind::pollIn, ends.first.get());
  first.start();
  second.start();
  CHECK(engine.poll(0ns) == 0);
  first.cancel();
  CHECK(first.results == std::vector{-ECANCELED});
  CHECK(second.inFlight());
  write(ends.second.get());
  CHECK(engine.poll(0ns) == 1);
  CHECK(second.results.size() == 1);
  second.start();
  second.cancel();
  CHECK(second.results.back() == -ECANCELED);
  CHECK(engine.poll(0ns) == 0);
}

TEST_CASE("an event that concerns no operation ends no wait") {
  EpollEngine engine;
  Ends ends = makeEnds();
  std::array<std::uint8_t, 8> room{};
  Single reading(engine, Request::Kind::receive, ends.first.get(), room);
  reading.start();
  CHECK(engine.poll(0ns) == 0);
  write(ends.second.get());
  CHECK(engine.poll(0ns) == 1);
  write(ends.second.get());
  const auto before = std::chrono::steady_clock::now();
  CHECK(engine.poll(2ms) == 0);
  CHECK(std::chrono::steady_clock::now() - before >= 2ms);
}

TEST_CASE("a descriptor that is none completes with the error") {
  EpollEngine engine;
  for (const auto kind : {Request::Kind::receive, Request::Kind::send, Request::Kind::accept, Request::Kind::connect}) {
    std::array<std::uint8_t, 8> room{};
    Single operation(engine, kind, -1, room);
    operation.start();
    CHECK(engine.poll(0ns) == 1);
    CHECK(operation.results == std::vector{-EBADF});
  }
}

TEST_CASE("an accept that another one was quicker than goes on waiting") {
  EpollEngine engine;
  EpollEngine other;
  const UniqueFd listener = bindLoopback(SOCK_STREAM);
  REQUIRE(::listen(listener.get(), 8) == 0);
  Single first(engine, Request::Kind::accept, listener.get());
  Single second(other, Request::Kind::accept, listener.get());
  first.start();
  second.start();
  CHECK(engine.poll(0ns) == 0);
  CHECK(other.poll(0ns) == 0);
  const UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in name = nameOf(listener.get());
  REQUIRE(::connect(client.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
  CHECK(engine.poll(std::nullopt) == 1);
  const UniqueFd accepted(first.results.front());
  CHECK(accepted);
  CHECK(other.poll(0ns) == 0);
  CHECK(second.inFlight());
  second.cancel();
}

TEST_CASE("a socket with many datagrams leaves the others their share of a turn") {
  EpollEngine engine;
  BufferRing buffers(engine, 256, 256);
  const UniqueFd busy = bindLoopback(SOCK_DGRAM);
  const UniqueFd calm = bindLoopback(SOCK_DGRAM);
  const UniqueFd client(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  Datagrams many(engine, buffers, busy.get());
  Datagrams few(engine, buffers, calm.get());
  constexpr int sent = 150;
  for (int i = 0; i < sent; ++i) sendTo(client.get(), busy.get());
  sendTo(client.get(), calm.get());
  engine.poll(0ns);
  CHECK(few.received == 1);
  CHECK(many.received > 0);
  CHECK(many.received <= 64);
  // Without another event, as all had come before.
  for (int i = 0; i < sent && many.received < sent; ++i) engine.poll(0ns);
  CHECK(many.received == sent);
  many.cancel();
  few.cancel();
}

TEST_CASE("a stream of datagrams without a buffer says so, and goes on when it is started with one") {
  EpollEngine engine;
  BufferRing buffers(engine, 1, 256);
  Ends ends = makeEnds(SOCK_DGRAM);
  Datagrams datagrams(engine, buffers, ends.first.get());
  datagrams.keeps = true;
  write(ends.second.get());
  write(ends.second.get());
  CHECK(engine.poll(0ns) == 1);
  CHECK(engine.poll(0ns) == 1);
  CHECK(datagrams.last == -ENOBUFS);
  CHECK_FALSE(datagrams.inFlight());
  write(ends.second.get());
  CHECK(engine.poll(1ms) == 0);
  buffers.giveBack(0);
  datagrams.keeps = false;
  datagrams.start();
  for (int i = 0; i < 3; ++i) engine.poll(0ns);
  CHECK(datagrams.received == 3);
  datagrams.cancel();
  CHECK(datagrams.last == -ECANCELED);
}

TEST_CASE("buffers that are gone leave their group to others") {
  EpollEngine engine;
  const BufferRing first(engine, 4, 64);
  std::uint16_t group = 0;
  {
    const BufferRing second(engine, 4, 64);
    group = second.group();
  }
  const BufferRing third(engine, 4, 64);
  CHECK(third.group() == group);
  CHECK(third.group() != first.group());
}

TEST_CASE("a wait keeps its limit where the kernel has no precise one") {
  for (const int error : {ENOSYS, EPERM}) {
    withRefusedCall(SYS_epoll_pwait2, error, [] {
      EpollEngine engine;
      for (int i = 0; i < 2; ++i) {
        const auto before = std::chrono::steady_clock::now();
        CHECK(engine.poll(1500us) == 0);
        CHECK(std::chrono::steady_clock::now() - before >= 1500us);
      }
      TaskScope scope;
      int done = 0;
      scope.spawn(doNothing(engine, done));
      CHECK(engine.poll(std::nullopt) == 1);
      engine.resumeRunnable();
      CHECK(done == 1);
    });
  }
}

}  // namespace epoll_engine_test
