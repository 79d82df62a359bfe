#include "taut/net/buffered_stream.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "taut/base/bytes.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/io_result.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/byte_stream.hpp"
#include "taut/net/tcp_listener.hpp"
#include "taut/net/tcp_stream.hpp"

namespace buffered_stream_test {

using taut::Address;
using taut::BufferedStream;
using taut::IoResult;
using taut::Shard;
using taut::StopSource;
using taut::Task;
using taut::TaskScope;
using taut::TcpListener;
using taut::TcpStream;

namespace {

constexpr std::size_t limit = 16;

struct Pair {
  Pair(TcpStream a, TcpStream b) : ours(std::move(a), limit), peer(std::move(b)) {}
  BufferedStream ours;
  TcpStream peer;
};

Task<Pair> connectPair(Shard& shard, TcpListener& listener) {
  auto connections = listener.acceptMany({});
  auto ours = co_await TcpStream::connect(shard, listener.localAddress());
  auto peer = co_await connections.next();
  if (!ours || !peer) throw std::runtime_error("no connection");
  Pair pair(std::move(*ours), std::move(*peer));
  co_return pair;
}

struct Fixture {
  // The peer sends this in one piece.
  void send(std::string_view text) { REQUIRE(pair.peer.sendNow(taut::asBytes(text)).value() == text.size()); }
  std::string line() { return said(shard.run(pair.ours.readLine())); }
  std::string until(std::string_view delimiter) { return said(shard.run(pair.ours.readUntil(delimiter))); }
  std::string exactly(std::size_t size) { return said(shard.run(pair.ours.readExactly(size))); }
  // What a read gave, or the name of its failure.
  static std::string said(const BufferedStream::Text& text) {
    if (text) return *text;
    if (text.error() == BufferedStream::endOfStream) return "(end)";
    if (text.error() == BufferedStream::tooLong) return "(too long)";
    return text.error().stopped() ? "(stopped)" : text.error().message();
  }

  Shard shard;
  TcpListener listener = TcpListener::bind(shard, Address::loopbackV4());
  Pair pair = shard.run(connectPair(shard, listener));
};

Task<> readLineInto(BufferedStream& stream, std::string& said) {
  const auto line = co_await stream.readLine();
  said = Fixture::said(line);
}

Task<std::string> exchange(Pair& pair) {
  const IoResult written = co_await pair.ours.write("ping\r\n");
  CHECK(written.value() == 6);
  BufferedStream peer(std::move(pair.peer));
  const auto line = co_await peer.readLine();
  co_return Fixture::said(line);
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "lines end with LF or CRLF, and what comes beyond is kept for the next read") {
  send("one\r\ntwo\n\r\n\nth\rree\n");
  CHECK(line() == "one");
  CHECK(line() == "two");
  CHECK(line().empty());
  CHECK(line().empty());
  CHECK(line() == "th\rree");
}

TEST_CASE_FIXTURE(Fixture, "a read waits for what comes in pieces") {
  std::string said;
  TaskScope scope;
  scope.spawn(readLineInto(pair.ours, said));
  for (const std::string_view piece : {"on", "e\r", "\n"}) {
    CHECK(said.empty());
    const auto before = pair.ours.received();
    send(piece);
    while (pair.ours.received() == before) shard.poll();
  }
  CHECK(said == "one");
}

TEST_CASE_FIXTURE(Fixture, "a delimiter is found wherever it begins, also where it comes in two pieces") {
  send("a-b--");
  CHECK(until("--") == "a-b");
  send("c---d--");
  CHECK(until("--") == "c");
  CHECK(until("--") == "-d");
}

TEST_CASE_FIXTURE(Fixture, "so many octets are read as were asked for, whatever they are") {
  send(
      std::string_view("\0\n\r\xff"
                       "rest",
                       8));
  CHECK(exactly(4) == std::string_view("\0\n\r\xff", 4));
  CHECK(exactly(0).empty());
  CHECK(exactly(4) == "rest");
}

TEST_CASE_FIXTURE(Fixture, "no read takes more than the limit, and what has come stays") {
  send("0123456789abcde\n");  // the limit
  CHECK(line() == "0123456789abcde");
  send("0123456789abcdef\n");
  CHECK(line() == "(too long)");
  CHECK(pair.ours.buffered() == "0123456789abcdef");
  CHECK(exactly(limit + 1) == "(too long)");
  CHECK(exactly(limit) == "0123456789abcdef");
  CHECK(line().empty());
}

TEST_CASE_FIXTURE(Fixture, "the end of the stream fails what is not whole, and what has come stays") {
  send("one\ntw");
  pair.peer.shutdownWrite();
  CHECK(line() == "one");
  CHECK(line() == "(end)");
  CHECK(exactly(3) == "(end)");
  CHECK(exactly(2) == "tw");
}

TEST_CASE_FIXTURE(Fixture, "a read obeys the token of its task") {
  std::string said;
  StopSource stop;
  TaskScope scope;
  scope.spawn(readLineInto(pair.ours, said), stop.token());
  stop.requestStop();
  while (!scope.empty()) shard.poll();
  CHECK(said == "(stopped)");
}

TEST_CASE_FIXTURE(Fixture, "what is written arrives") {
  CHECK(shard.run(exchange(pair)) == "ping");
}

TEST_CASE_FIXTURE(Fixture, "a stream is quiet until something comes, or its end, and after it was read") {
  CHECK(pair.ours.isQuiet());
  send("one\ntwo\n");
  CHECK_FALSE(pair.ours.isQuiet());
  CHECK(line() == "one");
  CHECK_FALSE(pair.ours.isQuiet());
  CHECK(line() == "two");
  CHECK(pair.ours.isQuiet());
  SUBCASE("the peer's end") {
    pair.peer.shutdownWrite();
  }
  SUBCASE("its own") {
    pair.ours.close();
  }
  CHECK_FALSE(pair.ours.isQuiet());
}

namespace {

// Gives its pieces one by one, and keeps what is written.
class Pieces final : public taut::ByteStream {
 public:
  explicit Pieces(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}

  Task<IoResult> readSome(taut::MutableByteSpan buffer, taut::StopToken) override {
    if (next_ == pieces_.size()) return Task<IoResult>::ready(IoResult(0));
    const std::string& piece = pieces_[next_++];
    REQUIRE(piece.size() <= buffer.size());
    std::ranges::copy(piece, buffer.begin());
    return Task<IoResult>::ready(IoResult(static_cast<int>(piece.size())));
  }
  Task<IoResult> writeAll(taut::ByteSpan octets, taut::StopToken) override {
    written += taut::asText(octets);
    return Task<IoResult>::ready(IoResult(static_cast<int>(octets.size())));
  }

  std::string written;

 private:
  std::vector<std::string> pieces_;
  std::size_t next_ = 0;
};

}  // namespace

TEST_CASE("any byte stream is read and written as a connection is") {
  Pieces pieces({"fir", "st\r\nsecond\nth", "ird"});
  BufferedStream stream(pieces, limit);
  const auto line = [&] { return Fixture::said(taut::syncWait(stream.readLine())); };
  CHECK(line() == "first");
  CHECK(line() == "second");
  CHECK(Fixture::said(taut::syncWait(stream.readExactly(4))) == "thir");
  CHECK(line() == "(end)");
  CHECK(stream.buffered() == "d");
  CHECK(stream.received() == 19);
  CHECK(taut::syncWait(stream.write("all of it")).value() == 9);
  CHECK(pieces.written == "all of it");
}

TEST_CASE("the limit of a read holds for any byte stream") {
  Pieces pieces({"0123456789", "012345", "6"});
  BufferedStream stream(pieces, limit);
  CHECK(Fixture::said(taut::syncWait(stream.readLine())) == "(too long)");
}

}  // namespace buffered_stream_test
