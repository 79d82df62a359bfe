#include "taut/dnstap/dnstap_writer.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/temporary_folder.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/dnstap/control_frame.hpp"
#include "taut/io/shard.hpp"

namespace dnstap_writer_test {

using namespace std::chrono_literals;
using taut::ControlFrame;
using taut::ControlType;
using taut::DnstapSocket;
using taut::DnstapWriter;
using taut::ManualClock;
using taut::Shard;
using taut::TemporaryFolder;
using taut::UniqueFd;

namespace {

std::string controlFrame(ControlType type) {
  const auto octets = ControlFrame::write(type);
  return {octets.begin(), octets.end()};
}

std::string dataFrame(const std::string& text) {
  std::string frame(4, '\0');
  frame[2] = static_cast<char>(text.size() >> 8);
  frame[3] = static_cast<char>(text.size());
  return frame + text;
}

const std::string acceptFrame("\0\0\0\0\0\0\0\4\0\0\0\1", 12);  // takes any type of content
const std::string finishFrame("\0\0\0\0\0\0\0\4\0\0\0\5", 12);

// A writer and, on the same thread, what reads from its socket.
struct Fixture {
  explicit Fixture(std::size_t memory = 1024) : writer(shard, {folder.path("dnstap"), memory, false}) {}
  ~Fixture() {
    connection.reset();
    listener.reset();
    writer.stop();
    turn();
    clock.advance(1s);
    turn();
    CHECK(ended());
  }

  void listen() {
    const std::string path = folder.path("dnstap");
    std::filesystem::remove(path);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    path.copy(name.sun_path, sizeof name.sun_path - 1);
    listener.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    REQUIRE(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
    REQUIRE(::listen(listener.get(), 8) == 0);
  }
  bool connects() {
    connection.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    return static_cast<bool>(connection);
  }
  void send(const std::string& text) const {
    REQUIRE(::send(connection.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
  }
  // What has come, as far as `limit` octets; the end of the stream sets `closed`.
  std::string read(std::size_t limit = SIZE_MAX) {
    std::string text;
    std::array<char, 4096> buffer;
    while (text.size() < limit) {
      const auto size = ::recv(connection.get(), buffer.data(), std::min(limit - text.size(), buffer.size()), 0);
      closed = size == 0;
      if (size <= 0) break;
      text.append(buffer.data(), static_cast<std::size_t>(size));
    }
    return text;
  }
  void turn(int count = 12) {
    for (int i = 0; i < count; ++i) shard.poll();
  }
  void agree() {
    if (!listener) listen();
    writer.start();
    turn();
    REQUIRE(connects());
    REQUIRE(read() == controlFrame(ControlType::ready));
    send(acceptFrame);
    turn();
    REQUIRE(read() == controlFrame(ControlType::start));
  }
  bool put(const std::string& text) {
    const auto room = writer.add(text.size());
    if (room.empty()) return false;
    std::ranges::copy(text, room.begin());
    return true;
  }
  bool ended() { return writer.join().await_ready(); }

  ManualClock clock;
  Shard shard{{.engine = {}, .clock = &clock}};
  TemporaryFolder folder;
  UniqueFd listener;
  UniqueFd connection;
  bool closed = false;
  DnstapWriter writer;
};

}  // namespace

TEST_CASE("entries follow READY, ACCEPT and START, those of one turn together") {
  Fixture f;
  f.agree();
  CHECK(f.put("one"));
  CHECK(f.put("two"));
  CHECK(f.read().empty());  // before the end of the turn
  f.turn();
  CHECK(f.read() == dataFrame("one") + dataFrame("two"));
  CHECK(f.put("three"));
  f.turn();
  CHECK(f.read() == dataFrame("three"));
  CHECK(f.writer.counters().written == 3);
  CHECK(f.writer.counters().dropped == 0);
}

TEST_CASE("no entry is written to a reader that has not accepted") {
  Fixture f;
  f.listen();
  f.writer.start();
  CHECK(f.put("early"));
  f.turn();
  REQUIRE(f.connects());
  CHECK(f.read() == controlFrame(ControlType::ready));
  f.turn();
  CHECK(f.read().empty());
  f.send(acceptFrame);
  f.turn();
  CHECK(f.read() == controlFrame(ControlType::start) + dataFrame("early"));
}

TEST_CASE("a reader that does not take dnstap, or sends what is no ACCEPT, is left, and tried again later") {
  const std::string other = std::string("\0\0\0\0\0\0\0\x10\0\0\0\1\0\0\0\1\0\0\0\4", 20) + "text";
  for (const std::string& reply : {other, finishFrame, std::string("\0\0\0\1\0\0\0\1", 8), std::string(8, '\xff')}) {
    Fixture f;
    f.listen();
    f.writer.start();
    f.turn();
    REQUIRE(f.connects());
    f.read();
    f.send(reply);
    f.turn();
    CHECK(f.read().empty());
    CHECK(f.closed);
    CHECK_FALSE(f.connects());
    f.clock.advance(100ms);
    f.turn();
    CHECK(f.connects());
  }
}

TEST_CASE("a reader that does not say anything is left after five seconds") {
  Fixture f;
  f.listen();
  f.writer.start();
  f.turn();
  REQUIRE(f.connects());
  f.read();
  f.clock.advance(5s);
  f.turn();
  CHECK(f.read().empty());
  CHECK(f.closed);
}

TEST_CASE("without a reader entries wait, then are dropped, and the pauses between attempts grow to five seconds") {
  Fixture f(64);
  f.writer.start();
  CHECK(f.put("kept"));
  while (f.put("more")) continue;
  CHECK(f.writer.counters().dropped == 1);
  for (const auto pause : {100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms}) {
    f.clock.advance(pause);
    f.turn();
  }
  f.listen();
  f.clock.advance(4999ms);
  f.turn();
  CHECK_FALSE(f.connects());
  f.clock.advance(1ms);
  f.turn();
  REQUIRE(f.connects());
  f.send(acceptFrame);
  f.turn();
  const std::string begin =
      controlFrame(ControlType::ready) + controlFrame(ControlType::start) + dataFrame("kept") + dataFrame("more");
  CHECK(f.read().starts_with(begin));
}

TEST_CASE("a reader that stands still holds nothing up: what has no room is dropped and counted") {
  constexpr std::size_t memory = 64 << 10;
  Fixture f(memory);
  f.agree();
  const std::string entry(1000, 'x');
  std::size_t taken = 0;
  std::size_t dropped = 0;
  for (int i = 0; i < 5000 && dropped < 100; ++i) {
    ++(f.put(entry) ? taken : dropped);
    f.shard.poll();
  }
  CHECK(dropped == 100);
  CHECK(f.writer.counters().dropped == 100);
  CHECK(f.writer.counters().written < taken);
  std::string read;
  for (int i = 0; i < 1000 && read.size() < taken * (entry.size() + 4); ++i) {
    read += f.read();
    f.turn(2);
  }
  CHECK(read.size() == taken * (entry.size() + 4));
  CHECK(f.writer.counters().written == taken);
  CHECK(f.put(entry));
  f.turn();
  CHECK(f.read() == dataFrame(entry));
}

TEST_CASE("where the reader goes, the next one begins with a whole entry, and none that was taken in is lost") {
  constexpr std::size_t memory = 64 << 10;
  Fixture f(memory);
  f.agree();
  const std::string entry(1000, 'x');
  while (f.put(entry)) f.shard.poll();
  f.turn();
  const std::uint64_t written = f.writer.counters().written;
  const std::uint64_t dropped = f.writer.counters().dropped;
  REQUIRE(written > 0);
  f.connection.reset();
  f.turn();
  f.clock.advance(100ms);
  f.turn();
  REQUIRE(f.connects());
  CHECK(f.read() == controlFrame(ControlType::ready));
  f.send(acceptFrame);
  f.turn();
  CHECK(f.read().starts_with(controlFrame(ControlType::start) + dataFrame(entry)));
  CHECK(f.writer.counters().written > written);
  CHECK(f.writer.counters().dropped == dropped);
}

TEST_CASE("a stop writes what has gathered and ends with STOP, and waits for FINISH") {
  Fixture f;
  f.agree();
  CHECK(f.put("last"));
  f.writer.stop();
  f.turn();
  CHECK(f.read() == dataFrame("last") + controlFrame(ControlType::stop));
  CHECK_FALSE(f.ended());
  CHECK_FALSE(f.put("late"));
  f.send(finishFrame);
  f.turn();
  CHECK(f.ended());
  CHECK(f.writer.counters().written == 1);
  CHECK(f.writer.counters().dropped == 1);
}

TEST_CASE("a stop takes half a second where the reader stands still, and what has not left is dropped") {
  Fixture f(64 << 10);
  f.agree();
  std::size_t taken = 0;
  while (f.put(std::string(1000, 'x'))) {
    ++taken;
    f.shard.poll();
  }
  f.turn();
  f.writer.stop();
  f.turn();
  CHECK_FALSE(f.ended());
  f.clock.advance(500ms);
  f.turn();
  CHECK(f.ended());
  CHECK(f.writer.counters().written + f.writer.counters().dropped == taken + 1);
}

TEST_CASE("a stop ends a writer without a reader at once, and one that never started has nothing to end") {
  Fixture f;
  CHECK(f.ended());
  f.writer.start();
  f.put("waits");
  f.turn();
  f.writer.stop();
  f.turn();
  CHECK(f.ended());
  CHECK(f.writer.counters().dropped == 1);
}

}  // namespace dnstap_writer_test
