#include "taut/server/frame_decoder.hpp"

#include <algorithm>

namespace taut {

void FrameDecoder::append(std::size_t count) {
  partial_.insert(partial_.end(), input_.begin(), input_.begin() + count);
  input_ = input_.subspan(count);
}

void FrameDecoder::dropReturned() {
  if (returned_ == 0) return;
  partial_.erase(partial_.begin(), partial_.begin() + returned_);
  returned_ = 0;
  if (partial_.empty() && partial_.capacity() > keptSize) partial_ = LocalBytes();
}

bool FrameDecoder::hasMessage() const {
  const ByteSpan held = ByteSpan(partial_).subspan(returned_);
  const std::size_t size = held.size() + input_.size();
  if (size < lengthSize) return false;
  const auto octet = [&](std::size_t at) -> std::size_t {
    return at < held.size() ? held[at] : input_[at - held.size()];
  };
  return size - lengthSize >= (octet(0) << 8 | octet(1));
}

std::optional<ByteSpan> FrameDecoder::next() {
  dropReturned();
  if (partial_.empty() && input_.size() >= lengthSize) {
    const std::size_t length = loadU16(input_.data());
    if (input_.size() - lengthSize >= length) {
      const ByteSpan message = input_.subspan(lengthSize, length);
      input_ = input_.subspan(lengthSize + length);
      return message;
    }
  }
  if (partial_.size() < lengthSize) append(std::min(lengthSize - partial_.size(), input_.size()));
  if (partial_.size() < lengthSize) return std::nullopt;
  const std::size_t frame = lengthSize + loadU16(partial_.data());
  if (partial_.size() < frame) append(std::min(frame - partial_.size(), input_.size()));
  if (partial_.size() < frame) return std::nullopt;
  returned_ = frame;
  return ByteSpan(partial_).subspan(lengthSize, frame - lengthSize);
}

void FrameDecoder::keepRest() {
  dropReturned();
  append(input_.size());
}

}  // namespace taut
