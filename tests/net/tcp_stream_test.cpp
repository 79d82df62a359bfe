#include "taut/net/tcp_stream.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "taut/base/clock.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/deadline.hpp"
#include "taut/io/shard.hpp"
#include "taut/io/sleep.hpp"
#include "taut/net/stream_buffers.hpp"
#include "taut/net/tcp_listener.hpp"

namespace tcp_stream_test {

using namespace std::chrono_literals;
using taut::Address;
using taut::IoResult;
using taut::Shard;
using taut::StopSource;
using taut::StopToken;
using taut::StreamBuffers;
using taut::Task;
using taut::TaskScope;
using taut::TcpListener;
using taut::TcpStream;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  return bytes;
}

std::span<const std::uint8_t> bytesOf(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

struct Pair {
  Pair(TcpStream a, TcpStream b) : client(std::move(a)), server(std::move(b)) {}
  TcpStream client;
  TcpStream server;
};

Task<Pair> connectPair(Shard& shard, TcpListener& listener) {
  auto connections = listener.acceptMany({});
  auto client = co_await TcpStream::connect(shard, listener.localAddress());
  if (!client) throw std::runtime_error("connect: " + client.error().message());
  auto server = co_await connections.next();
  if (!server) throw std::runtime_error("accept");
  Pair pair(std::move(*client), std::move(*server));
  co_return pair;
}

Pair makePair(Shard& shard) {
  auto listener = TcpListener::bind(shard, Address::loopbackV4());
  return shard.run(connectPair(shard, listener));
}

void setBuffers(const TcpStream& stream, int option, int size) {
  REQUIRE(::setsockopt(stream.fd(), SOL_SOCKET, option, &size, sizeof size) == 0);
}

Task<> writeInto(TcpStream& stream, std::span<const std::uint8_t> head, std::span<const std::uint8_t> body,
                 std::optional<IoResult>& result) {
  const IoResult written = co_await stream.writeAll(head, body);
  result = written;
  stream.shutdownWrite();
}

Task<Bytes> readToEnd(TcpStream& stream, StreamBuffers& buffers) {
  Bytes bytes;
  for (;;) {
    auto data = co_await stream.receive(buffers);
    if (!data.ok() || data.endOfStream()) co_return bytes;
    const auto part = data.bytes();
    bytes.insert(bytes.end(), part.begin(), part.end());
  }
}

Task<> readOne(TcpStream& stream, StreamBuffers& buffers, std::vector<taut::ReceivedData>& results, StopToken stop) {
  auto data = co_await stream.receive(buffers, stop);
  results.push_back(std::move(data));
}

Task<IoResult> readExactly(TcpStream& stream, std::span<std::uint8_t> buffer, StopToken stop) {
  const IoResult result = co_await stream.readExactly(buffer, stop);
  co_return result;
}

Task<IoResult> write(TcpStream& stream, std::span<const std::uint8_t> bytes, StopToken stop) {
  const IoResult result = co_await stream.writeAll(bytes, stop);
  co_return result;
}

Task<IoResult> readWithin(Shard& shard, TcpStream& stream, taut::Duration limit) {
  std::array<std::uint8_t, 2> length{};
  taut::Deadline deadline(shard, limit);
  const IoResult result = co_await stream.readExactly(length, deadline.token());
  CHECK(deadline.expired());
  co_return result;
}

Task<IoResult> writeWithin(Shard& shard, TcpStream& stream, std::span<const std::uint8_t> bytes, taut::Duration limit) {
  taut::Deadline deadline(shard, limit);
  const IoResult result = co_await stream.writeAll(bytes, deadline.token());
  CHECK(deadline.expired());
  co_return result;
}

Task<> connectInto(Shard& shard, Address peer, StopToken stop, std::optional<IoResult>& result) {
  auto stream = co_await TcpStream::connect(shard, peer, stop);
  result = stream.ok() ? IoResult(0) : stream.error();
}

taut::ShardOptions optionsWith(taut::ManualClock& clock) {
  taut::ShardOptions options;
  options.clock = &clock;
  return options;
}

}  // namespace

TEST_CASE("both ends of a connection know each other's address") {
  Shard shard;
  const Pair pair = makePair(shard);
  CHECK(pair.client.peer() == pair.server.localAddress());
  CHECK(pair.server.peer() == pair.client.localAddress());
}

TEST_CASE("what is sent now is what the kernel takes, and nothing is lost of it") {
  Shard shard;
  Pair pair = makePair(shard);
  const Bytes bytes = pattern(1 << 20);
  std::size_t sent = 0;
  IoResult last;
  while ((last = pair.server.sendNow(bytes)).ok()) sent += last.value();
  CHECK(last.error() == EAGAIN);
  CHECK(sent > 0);
  Bytes received(sent);
  const IoResult read = shard.run(pair.client.readExactly(received));
  CHECK(read.value() == sent);
  pair.client.reset();
  while ((last = pair.server.sendNow(bytes)).ok()) continue;
  CHECK(last.error() != EAGAIN);
}

TEST_CASE("a receive that waits sees the end of the stream when reading is shut down, and the peer notices nothing") {
  Shard shard;
  Pair pair = makePair(shard);
  StreamBuffers buffers(shard, 4, 64);
  std::optional<Bytes> received;
  const auto receive = [](TcpStream& stream, StreamBuffers& pool, std::optional<Bytes>& result) -> Task<> {
    Bytes bytes = co_await readToEnd(stream, pool);
    result = std::move(bytes);
  };
  const auto body = [](Task<> receiving, Pair& both, std::optional<Bytes>& result) -> Task<> {
    TaskScope scope;
    scope.spawn(std::move(receiving));
    CHECK_FALSE(result);
    both.server.shutdownRead();
    co_await scope.join();
    REQUIRE(result);
    CHECK(result->empty());
    const IoResult written = co_await both.server.writeAll(bytesOf("still here"));
    CHECK(written.ok());
    Bytes reply(10);
    const IoResult read = co_await both.client.readExactly(reply);
    CHECK(read.value() == 10);
  };
  shard.run(body(receive(pair.server, buffers, received), pair, received));
}

TEST_CASE("what one end writes in two pieces the other reads as one run of bytes") {
  Shard shard;
  Pair pair = makePair(shard);
  const std::array<std::uint8_t, 2> head{0, 3};
  std::optional<IoResult> written;
  shard.run(writeInto(pair.client, head, bytesOf("abc"), written));
  CHECK(written->value() == 5);
  std::array<std::uint8_t, 5> read{};
  CHECK(shard.run(readExactly(pair.server, read, {})).value() == 5);
  CHECK(read == std::array<std::uint8_t, 5>{0, 3, 'a', 'b', 'c'});
}

TEST_CASE("a read that the end of the stream cuts short gives the bytes that came") {
  Shard shard;
  Pair pair = makePair(shard);
  std::optional<IoResult> written;
  shard.run(writeInto(pair.client, bytesOf("abc"), {}, written));
  std::array<std::uint8_t, 10> read{};
  CHECK(shard.run(readExactly(pair.server, read, {})).value() == 3);
  const auto atEnd = shard.run(readExactly(pair.server, read, {}));
  CHECK(atEnd.ok());
  CHECK(atEnd.value() == 0);
}

TEST_CASE("short writes are continued until everything is written, in order") {
  Shard shard;
  Pair pair = makePair(shard);
  setBuffers(pair.client, SO_SNDBUF, 4096);
  // Not the smallest buffer: with that the kernel sends only when a timer of its own has run out, 20 seconds in all.
  setBuffers(pair.server, SO_RCVBUF, 16384);
  StreamBuffers buffers(shard, 2, 1000);
  const Bytes head = pattern(70'001);
  const Bytes body = pattern(1'000'003);
  std::optional<IoResult> written;
  TaskScope scope;
  scope.spawn(writeInto(pair.client, head, body, written));
  // The small buffers make sure that it could not leave at once.
  for (int turn = 0; turn < 5; ++turn) shard.poll();
  CHECK_FALSE(written.has_value());
  const Bytes read = shard.run(readToEnd(pair.server, buffers));
  shard.run([](TaskScope& all) -> Task<> { co_await all.join(); }(scope));
  CHECK(written->value() == head.size() + body.size());
  REQUIRE(read.size() == head.size() + body.size());
  CHECK(std::equal(head.begin(), head.end(), read.begin()));
  CHECK(std::equal(body.begin(), body.end(), read.begin() + static_cast<std::ptrdiff_t>(head.size())));
  CHECK(buffers.leased() == 0);
}

TEST_CASE("connections that wait for data hold no buffer") {
  Shard shard;
  StreamBuffers buffers(shard, 2, 512);
  std::vector<Pair> pairs;
  for (int i = 0; i < 20; ++i) pairs.push_back(makePair(shard));
  StopSource stop;
  TaskScope scope;
  std::vector<taut::ReceivedData> results;
  for (auto& pair : pairs) scope.spawn(readOne(pair.server, buffers, results, stop.token()));
  for (int turn = 0; turn < 3; ++turn) shard.poll();
  CHECK(scope.size() == 20);
  CHECK(buffers.leased() == 0);
  CHECK(shard.run(write(pairs[7].client, bytesOf("x"), {})).ok());
  for (int turn = 0; turn < 3; ++turn) shard.poll();
  REQUIRE(results.size() == 1);
  CHECK(results[0].bytes().size() == 1);
  CHECK(buffers.leased() == 1);
  results.clear();
  CHECK(buffers.leased() == 0);
  stop.requestStop();
  for (int turn = 0; turn < 3; ++turn) shard.poll();
  CHECK(scope.empty());
  REQUIRE(results.size() == 19);
  CHECK(results.front().result().stopped());
}

TEST_CASE("reads wait while the pool is empty and go on when a buffer comes back") {
  Shard shard;
  StreamBuffers buffers(shard, 1, 512);
  Pair first = makePair(shard);
  Pair second = makePair(shard);
  Pair third = makePair(shard);
  StopSource stop;
  TaskScope scope;
  std::vector<taut::ReceivedData> results;
  results.reserve(3);
  for (Pair* pair : {&first, &second, &third}) {
    CHECK(shard.run(write(pair->client, bytesOf("data"), {})).ok());
    scope.spawn(readOne(pair->server, buffers, results, stop.token()));
  }
  for (int turn = 0; turn < 5; ++turn) shard.poll();
  CHECK(results.size() == 1);
  results.back().release();
  for (int turn = 0; turn < 5; ++turn) shard.poll();
  CHECK(results.size() == 2);
  CHECK(results.back().bytes().size() == 4);
  // The third waits for a buffer, not for the kernel, and can be stopped all the same.
  stop.requestStop();
  for (int turn = 0; turn < 5; ++turn) shard.poll();
  REQUIRE(results.size() == 3);
  CHECK(results.back().result().stopped());
  CHECK(scope.empty());
}

TEST_CASE("a reset in the middle of a frame is an error of that connection alone") {
  Shard shard;
  Pair broken = makePair(shard);
  Pair sound = makePair(shard);
  const std::array<std::uint8_t, 3> halfAFrame{0, 100, 'x'};
  CHECK(shard.run(write(broken.client, halfAFrame, {})).ok());
  std::array<std::uint8_t, 2> length{};
  CHECK(shard.run(readExactly(broken.server, length, {})).value() == 2);
  broken.client.reset();
  std::array<std::uint8_t, 100> frame{};
  const auto read = shard.run(readExactly(broken.server, frame, {}));
  CHECK(read.error() == ECONNRESET);
  // Writing to it raises no signal.
  CHECK_FALSE(shard.run(write(broken.server, bytesOf("reply"), {})).ok());
  CHECK(shard.run(write(sound.client, bytesOf("hello"), {})).ok());
  CHECK(shard.run(readExactly(sound.server, std::span(frame).first(5), {})).value() == 5);
}

TEST_CASE("a reset is an error of a read that holds no buffer too") {
  Shard shard;
  Pair pair = makePair(shard);
  StreamBuffers buffers(shard, 1, 512);
  TaskScope scope;
  std::vector<taut::ReceivedData> results;
  scope.spawn(readOne(pair.server, buffers, results, {}));
  shard.poll();
  pair.client.reset();
  for (int turn = 0; turn < 3; ++turn) shard.poll();
  REQUIRE(results.size() == 1);
  CHECK(results[0].result().error() == ECONNRESET);
  CHECK(buffers.leased() == 0);
}

TEST_CASE("a read and a write are ended by their deadline") {
  taut::ManualClock clock;
  clock.skipIdle(1ms);
  Shard shard(optionsWith(clock));
  Pair pair = makePair(shard);
  CHECK(shard.run(readWithin(shard, pair.server, 30s)).stopped());
  const Bytes much = pattern(20'000'000);
  const auto written = shard.run(writeWithin(shard, pair.client, much, 30s));
  CHECK(written.stopped());
}

TEST_CASE("a connection to a port without a listener is refused, as a value") {
  Shard shard;
  Address unused;
  { unused = TcpListener::bind(shard, Address::loopbackV4()).localAddress(); }
  std::optional<IoResult> result;
  shard.run(connectInto(shard, unused, {}, result));
  CHECK(result->error() == ECONNREFUSED);
}

TEST_CASE("an attempt to connect is ended by its deadline") {
  taut::ManualClock clock;
  Shard shard(optionsWith(clock));
  // A listener whose queue is full leaves further attempts without an answer.
  taut::TcpOptions options;
  options.backlog = 0;
  auto listener = TcpListener::bind(shard, Address::loopbackV4(), options);
  StopSource stop;
  TaskScope scope;
  std::vector<std::optional<IoResult>> results(8);
  for (auto& result : results) scope.spawn(connectInto(shard, listener.localAddress(), stop.token(), result));
  for (int turn = 0; turn < 5; ++turn) shard.poll();
  CHECK(scope.size() > 0);
  const auto waiting = scope.size();
  stop.requestStop();
  for (int turn = 0; turn < 5; ++turn) shard.poll();
  CHECK(scope.empty());
  CHECK(static_cast<std::size_t>(std::count_if(results.begin(), results.end(),
                                               [](const auto& result) { return result->stopped(); })) == waiting);
}

TEST_CASE("shutting a stream down wakes the coroutine that reads it") {
  Shard shard;
  Pair pair = makePair(shard);
  StreamBuffers buffers(shard, 1, 512);
  TaskScope scope;
  std::vector<taut::ReceivedData> results;
  scope.spawn(readOne(pair.server, buffers, results, {}));
  shard.poll();
  pair.server.shutdown();
  for (int turn = 0; turn < 3; ++turn) shard.poll();
  REQUIRE(results.size() == 1);
  CHECK(results[0].endOfStream());
}

namespace {

// Passes no token to any wait, and waits twice in each way: the second time the stop has come already.
Task<> readWithoutToken(TcpStream& stream, StreamBuffers& buffers, std::vector<IoResult>& results) {
  std::array<std::uint8_t, 2> octets{};
  const IoResult first = co_await stream.readExactly(octets);
  results.push_back(first);
  const IoResult second = co_await stream.readSome(octets);
  results.push_back(second);
  const auto data = co_await stream.receive(buffers);
  results.push_back(data.result());
}

Task<> receiveWithoutToken(TcpStream& stream, StreamBuffers& buffers, std::vector<IoResult>& results) {
  const auto data = co_await stream.receive(buffers);
  results.push_back(data.result());
}

Task<> stopThenJoin(StopSource& stop, TaskScope& scope) {
  stop.requestStop();
  co_await scope.join();
}

}  // namespace

TEST_CASE("reads without a token obey that of the task") {
  Shard shard;
  Pair pair = makePair(shard);
  Pair other = makePair(shard);
  StreamBuffers buffers(shard, 4, 64);
  StopSource stop;
  std::vector<IoResult> results;
  TaskScope scope;
  scope.spawn(readWithoutToken(pair.server, buffers, results), stop.token());
  scope.spawn(receiveWithoutToken(other.server, buffers, results), stop.token());
  shard.poll();
  CHECK(results.empty());
  shard.run(stopThenJoin(stop, scope));
  CHECK(results.size() == 4);
  for (const IoResult& result : results) CHECK(result.stopped());
  CHECK(buffers.leased() == 0);
}

}  // namespace tcp_stream_test
