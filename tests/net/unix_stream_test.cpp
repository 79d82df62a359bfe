#include "taut/net/unix_stream.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "support/temporary_folder.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/unix_listener.hpp"

namespace unix_stream_test {

using taut::connectUnix;
using taut::IoResult;
using taut::Shard;
using taut::StopSource;
using taut::StopToken;
using taut::Task;
using taut::TaskScope;
using taut::TcpStream;
using taut::TemporaryFolder;
using taut::UnixListener;

namespace {

Task<> acceptOne(UnixListener& listener, std::optional<TcpStream>& accepted) {
  auto connections = listener.acceptMany({});
  auto stream = co_await connections.next();
  if (stream) accepted.emplace(std::move(*stream));
}

Task<> writeOnce(TcpStream& stream, std::span<const std::uint8_t> bytes, StopToken stop, std::vector<IoResult>& came) {
  const IoResult written = co_await stream.writeSome(bytes, stop);
  came.push_back(written);
}

int errorOf(Shard& shard, const std::string& path) {
  const auto stream = connectUnix(shard, path);
  return stream ? 0 : stream.error().error();
}

}  // namespace

TEST_CASE("a socket file that there is, and that a process listens on, is connected to at once") {
  const TemporaryFolder folder;
  Shard shard;
  UnixListener listener = UnixListener::bind(shard, folder.path("socket"));
  const auto stream = connectUnix(shard, listener.path());
  REQUIRE(stream);
  CHECK(stream->isOpen());
}

TEST_CASE("what cannot be connected to is a value that says why") {
  const TemporaryFolder folder;
  Shard shard;
  CHECK(errorOf(shard, folder.path("absent")) == ENOENT);
  CHECK(errorOf(shard, "") == ENAMETOOLONG);
  CHECK(errorOf(shard, "/" + std::string(taut::maxSocketPath, 'x')) == ENAMETOOLONG);
  CHECK(errorOf(shard, "/" + std::string(taut::maxSocketPath - 1, 'x')) == ENOENT);
}

TEST_CASE("a write takes what the peer has room for, and waits where it has none until it is stopped") {
  const TemporaryFolder folder;
  Shard shard;
  UnixListener listener = UnixListener::bind(shard, folder.path("socket"));
  TaskScope scope;
  std::optional<TcpStream> peer;
  scope.spawn(acceptOne(listener, peer));
  auto stream = connectUnix(shard, listener.path());
  REQUIRE(stream);
  for (int turn = 0; turn < 10 && !peer; ++turn) shard.poll();
  REQUIRE(peer);

  const std::vector<std::uint8_t> much(std::size_t{4} << 20);
  std::vector<IoResult> came;
  StopSource stop;
  for (int i = 0; i < 100 && scope.empty(); ++i) {
    scope.spawn(writeOnce(*stream, much, stop.token(), came));
    for (int turn = 0; turn < 5; ++turn) shard.poll();
  }
  REQUIRE(!came.empty());  // and the last one waits
  CHECK(came.front().value() > 0);
  CHECK(came.front().value() < much.size());
  CHECK(!scope.empty());
  const std::size_t written = came.size();
  stop.requestStop();
  for (int turn = 0; turn < 5; ++turn) shard.poll();
  CHECK(scope.empty());
  REQUIRE(came.size() == written + 1);
  CHECK(came.back().stopped());
}

}  // namespace unix_stream_test
