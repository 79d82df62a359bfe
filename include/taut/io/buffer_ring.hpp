// BufferRing is a pool of equal buffers from which the engine picks one when data has arrived, so that neither an idle
// connection nor a pending receive holds a buffer. The number of buffers bounds how much data is in work at a time:
// when all are leased, data waits in the socket, and receiving goes on when a buffer comes back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "taut/base/intrusive_list.hpp"
#include "taut/io/operation.hpp"

namespace taut {

// One entry of the ring by which an engine is offered buffers. A buffer is offered at the ring's tail and taken at its
// head, which the engine keeps. The layout is that of io_uring (io_uring_setup_buf_ring(3)).
struct OfferedBuffer {
  std::uint64_t address;
  std::uint32_t length;
  std::uint16_t id;
  std::uint16_t tail;  // of the first entry: the ring's
};

class BufferRing {
 public:
  // `count` buffers of `size` bytes: 1 to 32768 of them, each rounded up to whole cache lines. Throws IoUnavailable
  // where the kernel has no buffer rings and std::system_error where there is no memory. The engine outlives it.
  BufferRing(Engine& engine, std::size_t count, std::size_t size);
  BufferRing(const BufferRing&) = delete;
  BufferRing& operator=(const BufferRing&) = delete;
  ~BufferRing();

  std::uint16_t group() const noexcept { return group_; }
  std::size_t count() const noexcept { return count_; }
  // Bytes in each buffer.
  std::size_t size() const noexcept { return size_; }
  std::uint8_t* data(std::uint16_t id) const noexcept { return memory_ + std::size_t{id} * size_; }
  std::span<std::uint8_t> buffer(std::uint16_t id) const noexcept { return {data(id), size_}; }

  // How many the engine could use now. Zero: a receive that is started now fails at once with ENOBUFS.
  std::size_t offered() const noexcept { return offered_; }
  // Buffers that are in use.
  std::size_t leased() const noexcept { return count_ - offered_ - spare_.size(); }

  // The engine has filled a buffer, which is leased from now on. To be called for each completion that names one.
  void take() noexcept;
  // A lease has ended.
  void giveBack(std::uint16_t id) noexcept;

  // Starts an operation, which found no buffer, when one has come back. It is in flight until then: it can be
  // cancelled.
  void waitForBuffer(Operation& operation) noexcept;
  bool hasWaiters() const noexcept { return !waiters_.empty(); }

 private:
  // Memory of its own pages.
  class Pages {
   public:
    explicit Pages(std::size_t size);
    Pages(const Pages&) = delete;
    Pages& operator=(const Pages&) = delete;
    ~Pages();
    void* begin() const noexcept { return begin_; }

   private:
    std::size_t size_;
    void* begin_;
  };

  void offer(std::uint16_t id) noexcept;

  Engine& engine_;
  std::size_t count_;
  std::size_t size_;
  std::uint32_t entries_;
  std::uint16_t tail_ = 0;
  std::uint16_t group_;
  std::size_t offered_ = 0;
  Pages buffers_;
  Pages ring_;
  std::uint8_t* memory_;
  OfferedBuffer* shared_;
  // Buffers that are neither leased nor offered, last in first out, so that a light load stays within few cache lines.
  std::vector<std::uint16_t> spare_;
  IntrusiveList<Operation> waiters_;
};

}  // namespace taut
