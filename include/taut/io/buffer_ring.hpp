// BufferRing is a pool of equal buffers from which the kernel picks one when data has arrived, so that neither an idle
// connection nor a pending receive holds a buffer. The number of buffers bounds how much data is in work at a time:
// when all are leased, data waits in the socket, and receiving goes on when a buffer comes back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "taut/base/intrusive_list.hpp"
#include "taut/io/operation.hpp"

struct io_uring_buf_ring;

namespace taut {

class BufferRing {
 public:
  // `count` buffers of `size` bytes: 1 to 32768 of them, each rounded up to whole cache lines. Throws IoUnavailable
  // where the kernel has no buffer rings and std::system_error where there is no memory. The ring outlives it.
  BufferRing(Ring& ring, std::size_t count, std::size_t size);
  BufferRing(const BufferRing&) = delete;
  BufferRing& operator=(const BufferRing&) = delete;
  ~BufferRing();

  std::uint16_t group() const noexcept { return group_; }
  std::size_t count() const noexcept { return count_; }
  // Bytes in each buffer.
  std::size_t size() const noexcept { return size_; }
  std::uint8_t* data(std::uint16_t id) const noexcept { return memory_ + std::size_t{id} * size_; }
  std::span<std::uint8_t> buffer(std::uint16_t id) const noexcept { return {data(id), size_}; }

  // How many the kernel could use now. Zero: a receive that is started now fails at once with ENOBUFS.
  std::size_t offered() const noexcept { return offered_; }
  // Buffers that are in use.
  std::size_t leased() const noexcept { return count_ - offered_ - spare_.size(); }

  // The kernel has filled a buffer, which is leased from now on. To be called for each completion that names one.
  void take() noexcept;
  // A lease has ended.
  void giveBack(std::uint16_t id) noexcept;

  // Starts an operation, which found no buffer, when one has come back. It is in flight until then: it can be
  // cancelled.
  void waitForBuffer(Operation& operation) noexcept;
  bool hasWaiters() const noexcept { return !waiters_.empty(); }

 private:
  void offer(std::uint16_t id) noexcept;

  Ring& ring_;
  std::size_t count_;
  std::size_t size_;
  std::uint32_t entries_;
  std::uint16_t group_;
  std::uint16_t tail_ = 0;
  std::size_t offered_ = 0;
  io_uring_buf_ring* shared_ = nullptr;
  std::uint8_t* memory_ = nullptr;
  // Buffers that are neither leased nor offered, last in first out, so that a light load stays within few cache lines.
  std::vector<std::uint16_t> spare_;
  IntrusiveList<Operation> waiters_;
};

}  // namespace taut
