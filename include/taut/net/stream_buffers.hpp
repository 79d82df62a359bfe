// StreamBuffers is a shard's pool of receive buffers for TCP. A connection that waits for data holds none: the kernel
// takes one from the pool when data has come, and the connection gives it back when it has looked at it. So thousands
// of idle connections cost no buffer memory.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"
#include "taut/io/buffer_ring.hpp"
#include "taut/io/io_result.hpp"
#include "taut/io/operation.hpp"
#include "taut/io/shard.hpp"

namespace taut {

class StreamBuffers {
 public:
  // `count` reads can hold data at a time (1 to 32768), each of at most `size` bytes. Outlives its leases.
  explicit StreamBuffers(Shard& shard, std::size_t count = 256, std::size_t size = 4096)
      : ring_(shard.engine(), count, size) {}

  std::size_t count() const noexcept { return ring_.count(); }
  std::size_t size() const noexcept { return ring_.size(); }
  std::size_t leased() const noexcept { return ring_.leased(); }

 private:
  friend class ReceivedData;
  friend class PooledReceive;

  BufferRing ring_;
};

// What one read brought: bytes in a leased buffer, or the end of the stream, or an error.
class [[nodiscard]] ReceivedData {
 public:
  ReceivedData(ReceivedData&& other) noexcept
      : ring_(std::exchange(other.ring_, nullptr)), id_(other.id_), result_(other.result_) {}
  ReceivedData& operator=(ReceivedData&& other) noexcept {
    if (this != &other) {
      release();
      ring_ = std::exchange(other.ring_, nullptr);
      id_ = other.id_;
      result_ = other.result_;
    }
    return *this;
  }
  ~ReceivedData() { release(); }

  // Bytes read; 0 is the end of the stream.
  IoResult result() const noexcept { return result_; }
  bool ok() const noexcept { return result_.ok(); }
  bool endOfStream() const noexcept { return result_.ok() && result_.value() == 0; }
  // Valid until the lease ends.
  std::span<const std::uint8_t> bytes() const noexcept {
    if (ring_ == nullptr) return {};
    return {ring_->data(id_), result_.value()};
  }
  // Ends the lease early.
  void release() noexcept {
    if (ring_ != nullptr) std::exchange(ring_, nullptr)->giveBack(id_);
  }

 private:
  friend class PooledReceive;
  explicit ReceivedData(IoResult result) noexcept : result_(result) {}
  ReceivedData(BufferRing& ring, std::uint16_t id, IoResult result) noexcept : ring_(&ring), id_(id), result_(result) {}

  BufferRing* ring_ = nullptr;
  std::uint16_t id_ = 0;
  IoResult result_;
};

// Awaiter: one read into a buffer of the pool. It also waits while the pool is empty.
class [[nodiscard]] PooledReceive final : private Operation {
 public:
  PooledReceive(Engine& engine, int fd, StreamBuffers& buffers, StopToken stop) noexcept;
  PooledReceive(const PooledReceive&) = delete;

  bool await_ready() const noexcept { return stopping_; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
    if (!obeysToken()) stopping_ = !obey(detail::stopTokenOf(waiting));
    return suspend(waiting);
  }
  ReceivedData await_resume() noexcept;

 private:
  bool suspend(std::coroutine_handle<> waiting) noexcept;
  void complete(const Completion& completion) noexcept override;
  void receiveAgain() noexcept;
  void stopRequested() noexcept override;

  // In this order they fit into what the base leaves of its last word.
  bool stopping_ = false;
  std::uint16_t buffer_ = 0;                        // where result_ counts octets
  IoResult result_ = IoResult::failure(ECANCELED);  // until it has been received
  BufferRing& buffers_;
};

}  // namespace taut
