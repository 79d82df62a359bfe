#include "taut/dnstap/frame_ring.hpp"

#include <cassert>
#include <utility>

namespace taut {

FrameRing::FrameRing(std::size_t capacity)
    : data_(std::make_unique_for_overwrite<std::uint8_t[]>(capacity)), capacity_(capacity) {}

// Once frames have begun at 0 again, others follow them there: they keep their order.
std::uint8_t* FrameRing::place(std::size_t size) noexcept {
  const bool isWrapped = wrappedEnd_ > 0;
  if (!isWrapped && capacity_ - end_ >= size) return data_.get() + std::exchange(end_, end_ + size);
  if (begin_ - wrappedEnd_ >= size) return data_.get() + std::exchange(wrappedEnd_, wrappedEnd_ + size);
  return nullptr;
}

MutableByteSpan FrameRing::add(std::size_t size) noexcept {
  std::uint8_t* const frame = place(lengthSize + size);
  if (!frame) return {};
  storeU32(frame, static_cast<std::uint32_t>(size));
  ++count_;
  return {frame + lengthSize, size};
}

std::size_t FrameRing::written(std::size_t octets) noexcept {
  assert(octets <= unwritten().size());
  std::size_t left = 0;
  written_ += octets;
  while (begin_ < end_) {
    const std::size_t frame = lengthSize + loadU32(data_.get() + begin_);
    if (written_ < frame) break;
    written_ -= frame;
    begin_ += frame;
    ++left;
  }
  if (begin_ == end_) {
    begin_ = 0;
    end_ = std::exchange(wrappedEnd_, 0);
  }
  count_ -= left;
  return left;
}

}  // namespace taut
