#include "taut/io/buffer_ring.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cassert>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <system_error>

#include "taut/io/engine.hpp"

namespace taut {

namespace {

constexpr std::size_t cacheLine = 64;
constexpr std::size_t maxBuffers = 32768;
// An engine takes the buffers that it is offered in turn, first in first out, so each of them takes room in the cache.
constexpr std::size_t maxOffered = 256;

std::size_t checked(std::size_t count, std::size_t size) {
  if (count == 0 || count > maxBuffers || size == 0) throw std::invalid_argument("receive buffers: 1 to 32768");
  return count;
}

}  // namespace

BufferRing::Pages::Pages(std::size_t size)
    : size_(size), begin_(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
  if (begin_ == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "no memory for receive buffers");
}

BufferRing::Pages::~Pages() {
  ::munmap(begin_, size_);
}

BufferRing::BufferRing(Engine& engine, std::size_t count, std::size_t size)
    : engine_(engine),
      count_(checked(count, size)),
      size_((size + cacheLine - 1) / cacheLine * cacheLine),
      entries_(static_cast<std::uint32_t>(std::bit_ceil(std::min(count, maxOffered)))),
      buffers_(count_ * size_),
      ring_(entries_ * sizeof(OfferedBuffer)),
      memory_(static_cast<std::uint8_t*>(buffers_.begin())),
      shared_(static_cast<OfferedBuffer*>(ring_.begin())) {
  spare_.reserve(count);
  group_ = engine_.addBuffers({shared_, entries_});
  for (std::size_t id = count_; id-- > 0;) spare_.push_back(static_cast<std::uint16_t>(id));
  while (!spare_.empty() && offered_ < entries_) {
    offer(spare_.back());
    spare_.pop_back();
  }
}

BufferRing::~BufferRing() {
  assert(waiters_.empty());
  engine_.removeBuffers(group_);
}

void BufferRing::offer(std::uint16_t id) noexcept {
  OfferedBuffer& entry = shared_[tail_ & (entries_ - 1)];
  entry.address = reinterpret_cast<std::uintptr_t>(data(id));
  entry.length = static_cast<std::uint32_t>(size_);
  entry.id = id;
  ++tail_;
  std::atomic_ref(shared_->tail).store(tail_, std::memory_order_release);
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
