#include "taut/io/buffer_ring.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <system_error>

#include <liburing.h>

#include "ring_setup.hpp"
#include "taut/io/ring.hpp"

namespace taut {

namespace {

constexpr std::size_t cacheLine = 64;
constexpr std::size_t maxBuffers = 32768;
// The kernel takes the buffers that it is offered in turn, first in first out, so each of them takes room in the cache.
constexpr std::size_t maxOffered = 256;

void* mapMemory(std::size_t size) {
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "no memory for receive buffers");
  return memory;
}

std::size_t sharedSize(std::uint32_t entries) {
  return entries * sizeof(io_uring_buf);
}

}  // namespace

BufferRing::BufferRing(Ring& ring, std::size_t count, std::size_t size)
    : ring_(ring),
      count_(count),
      size_((size + cacheLine - 1) / cacheLine * cacheLine),
      entries_(static_cast<std::uint32_t>(std::bit_ceil(std::min(count, maxOffered)))),
      group_(ring.takeBufferGroup()) {
  if (count == 0 || count > maxBuffers || size == 0) throw std::invalid_argument("receive buffers: 1 to 32768");
  spare_.reserve(count);
  memory_ = static_cast<std::uint8_t*>(mapMemory(count_ * size_));
  shared_ = static_cast<io_uring_buf_ring*>(mapMemory(sharedSize(entries_)));
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(shared_);
  registration.ring_entries = entries_;
  registration.bgid = group_;
  if (const int result = io_uring_register_buf_ring(ring_.ring_.get(), &registration, 0); result < 0) {
    ::munmap(shared_, sharedSize(entries_));
    ::munmap(memory_, count_ * size_);
    throw IoUnavailable(detail::explainUnavailable(-result, {}, detail::kernelRelease()));
  }
  for (std::size_t id = count_; id-- > 0;) spare_.push_back(static_cast<std::uint16_t>(id));
  while (!spare_.empty() && offered_ < entries_) {
    offer(spare_.back());
    spare_.pop_back();
  }
}

BufferRing::~BufferRing() {
  assert(waiters_.empty());
  // The kernel declines this on a thread other than the ring's, and then frees the group when the ring ends.
  io_uring_unregister_buf_ring(ring_.ring_.get(), group_);
  ::munmap(shared_, sharedSize(entries_));
  ::munmap(memory_, count_ * size_);
}

void BufferRing::offer(std::uint16_t id) noexcept {
  io_uring_buf& entry = shared_->bufs[tail_ & (entries_ - 1)];
  entry.addr = reinterpret_cast<std::uintptr_t>(data(id));
  entry.len = static_cast<std::uint32_t>(size_);
  entry.bid = id;
  ++tail_;
  io_uring_smp_store_release(&shared_->tail, tail_);
  ++offered_;
}

void BufferRing::take() noexcept {
  assert(offered_ > 0);
  --offered_;
  if (spare_.empty()) return;
  offer(spare_.back());
  spare_.pop_back();
}

void BufferRing::waitForBuffer(Operation& operation) noexcept {
  operation.state_ = Operation::State::parked;
  waiters_.pushBack(operation);
}

void BufferRing::giveBack(std::uint16_t id) noexcept {
  if (offered_ < entries_) {
    offer(id);
  } else {
    spare_.push_back(id);
  }
  if (waiters_.empty()) [[likely]]
    return;
  Operation& operation = *waiters_.popFront();
  operation.state_ = Operation::State::idle;
  operation.start();
}

}  // namespace taut
