// TcpListener accepts TCP connections for one shard, as a stream:
//
//   auto connections = listener.acceptMany(stop);
//   while (auto connection = co_await connections.next()) scope.spawn(serve(std::move(*connection)));
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <utility>

#include "taut/base/address.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/coro/task.hpp"
#include "taut/io/io_result.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/tcp_stream.hpp"

namespace taut {

struct TcpOptions {
  // All three as for UDP: one listening socket for each shard.
  bool reusePort = true;
  bool mustBeFree = false;
  bool mayBeAbsent = false;
  // Connections that the kernel keeps until they are accepted; net.core.somaxconn is the system's limit.
  int backlog = 1024;
  // Bytes that the kernel keeps of each connection, of what was not read yet, and of what was written and the peer has
  // not taken. It counts its own overhead too, and allows twice as much for it. 0: the system chooses, and changes what
  // it chose with what passes, up to net.ipv4.tcp_rmem and tcp_wmem.
  int receiveBuffer = 0;
  int sendBuffer = 0;
};

class ConnectionStream {
 public:
  // Gives up a descriptor, if it can, so that a connection that waits can be accepted.
  using MakeRoom = std::function<void()>;

  ConnectionStream(Shard& shard, int fd, StopToken stop, MakeRoom makeRoom) noexcept
      : shard_(shard), fd_(fd), stop_(stop), makeRoom_(std::move(makeRoom)) {}
  ConnectionStream(const ConnectionStream&) = delete;

  // The next connection; nothing after the token was stopped. Where descriptors or memory have run out it asks for
  // room, pauses, longer each time up to a second, and goes on: the kernel keeps the connections that wait.
  Task<std::optional<TcpStream>> next();

  // A connection that waits; nothing where none does. From then on accept(2) does not wait at this socket, in no
  // process that has it (O_NONBLOCK); next() waits all the same. Whoever shares the socket with another process takes
  // what waits after the last next(): the kernel wakes one of all that wait for a connection, and may have woken this
  // stream in vain.
  std::optional<TcpStream> acceptNow() noexcept;

  // How many times it has paused.
  std::size_t pauses() const noexcept { return pauses_; }

 private:
  Task<bool> pauseAfter(IoResult failure);

  Shard& shard_;
  int fd_;
  StopToken stop_;
  MakeRoom makeRoom_;
  std::optional<TimePoint> complained_;
  Duration pause_{};
  std::size_t pauses_ = 0;
};

class TcpListener {
 public:
  // Listens on an address; port 0 lets the system choose. An IPv6 wildcard takes IPv6 only. Throws std::system_error
  // with the address in its text.
  static TcpListener bind(Shard& shard, const Address& address, const TcpOptions& options = {});
  // A bound socket that was opened elsewhere, listening or not. `mustBeFree` and `mayBeAbsent` do not matter to it.
  // Throws as `bind` does.
  static TcpListener adopt(Shard& shard, UniqueFd fd, const TcpOptions& options = {});

  Address localAddress() const noexcept;
  // One stream at a time. The listener outlives it.
  ConnectionStream acceptMany(StopToken stop, ConnectionStream::MakeRoom makeRoom = {}) noexcept {
    return ConnectionStream(*shard_, fd_.get(), stop, std::move(makeRoom));
  }

  int fd() const noexcept { return fd_.get(); }

 private:
  TcpListener(Shard& shard, UniqueFd fd) noexcept : shard_(&shard), fd_(std::move(fd)) {}

  Shard* shard_;
  UniqueFd fd_;
};

}  // namespace taut
