// TcpStream is one TCP connection of one shard, or one of a unix socket. Every wait obeys a stop token; a time limit is
// a Deadline's token. What the peer does, a reset in the middle of a frame included, is an IoResult.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "taut/base/address.hpp"
#include "taut/base/result.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/coro/task.hpp"
#include "taut/io/io_result.hpp"
#include "taut/io/operation.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/stream_buffers.hpp"

namespace taut {

class TcpStream {
 public:
  // Has no socket yet: another stream is to be moved here.
  explicit TcpStream(const Address& peer) noexcept : peer_(peer) {}
  // Takes over a connected socket.
  TcpStream(Shard& shard, UniqueFd fd, const Address& peer) noexcept;

  // The token bounds the time of the attempt. The connection is made from the address of `source` where that is not
  // empty.
  static Task<Result<TcpStream, IoResult>> connect(Shard& shard, Address peer, StopToken stop = {},
                                                   Address source = {});

  const Address& peer() const noexcept { return peer_; }
  // The client for which the peer, a balancer, says that it speaks.
  void setPeer(const Address& client) noexcept { peer_ = client; }
  Address localAddress() const noexcept;
  Shard& shard() const noexcept { return *shard_; }

  // Reads what is there, once, at least one byte; 0 is the end of the stream. Waits without holding a buffer.
  PooledReceive receive(StreamBuffers& buffers, StopToken stop = {}) noexcept {
    return PooledReceive(shard_->engine(), fd_.get(), buffers, stop);
  }

  class [[nodiscard]] ReadAwaiter final : public SingleOperation {
   public:
    ReadAwaiter(Engine& engine, int fd, std::span<std::uint8_t> buffer, StopToken stop) noexcept;
  };
  // The same into the caller's buffer, which stays in place meanwhile.
  ReadAwaiter readSome(std::span<std::uint8_t> buffer, StopToken stop = {}) noexcept {
    return ReadAwaiter(shard_->engine(), fd_.get(), buffer, stop);
  }
  // Fills the buffer. A success with fewer bytes means that the stream ended there.
  Task<IoResult> readExactly(std::span<std::uint8_t> buffer, StopToken stop = {}) {
    return readAll(shard_->engine(), fd_.get(), buffer, stop);
  }

  class [[nodiscard]] WriteAwaiter final : public SingleOperation {
   public:
    WriteAwaiter(Engine& engine, int fd, std::span<const std::uint8_t> bytes, StopToken stop) noexcept;
  };
  // Writes what the kernel takes, once, at least one byte; waits where it takes none. The value is their number.
  WriteAwaiter writeSome(std::span<const std::uint8_t> bytes, StopToken stop = {}) noexcept {
    return WriteAwaiter(shard_->engine(), fd_.get(), bytes, stop);
  }

  // Writes everything, in as many steps as the kernel needs; the value is the number of bytes. After an error it is
  // unknown how much has left, and the connection must be closed. One writer at a time (Semaphore).
  Task<IoResult> writeAll(std::span<const std::uint8_t> bytes, StopToken stop = {}) {
    return writeBoth(shard_->engine(), fd_.get(), bytes, {}, stop);
  }
  // The same for two pieces that follow each other, sent together: a length and the message that it counts.
  Task<IoResult> writeAll(std::span<const std::uint8_t> head, std::span<const std::uint8_t> body, StopToken stop = {}) {
    return writeBoth(shard_->engine(), fd_.get(), head, body, stop);
  }

  // Sends what the kernel takes at once: the number of bytes, which may be fewer than all, or EAGAIN for none.
  IoResult sendNow(std::span<const std::uint8_t> bytes) noexcept;

  // Whether it is open and nothing has come that was not read, nor its end. No read is in flight.
  bool isQuiet() const noexcept;
  // Whether the connection was made within `age`, and the peer has not sent anything yet.
  bool isFresh(std::chrono::milliseconds age) const noexcept;

  // Ends writing: the peer reads the end of the stream.
  void shutdownWrite() noexcept;
  // Wakes the reads in flight, which then see the end of the stream. The peer notices nothing.
  void shutdownRead() noexcept;
  // Wakes all reads and writes in flight, which then see the end of the stream or an error; nothing more is exchanged.
  void shutdown() noexcept;
  // Closes at once, with a reset instead of an orderly end. Nothing may be in flight.
  void reset() noexcept;
  // Closes. Nothing may be in flight.
  void close() noexcept { fd_.reset(); }

  bool isOpen() const noexcept { return static_cast<bool>(fd_); }
  int fd() const noexcept { return fd_.get(); }

 private:
  static Task<IoResult> readAll(Engine& engine, int fd, std::span<std::uint8_t> buffer, StopToken stop);
  static Task<IoResult> writeBoth(Engine& engine, int fd, std::span<const std::uint8_t> head,
                                  std::span<const std::uint8_t> body, StopToken stop);

  Shard* shard_ = nullptr;
  UniqueFd fd_;
  Address peer_;
};

}  // namespace taut
