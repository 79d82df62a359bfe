#include "text_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace taut::detail {

namespace {

// Small enough to stay in the second-level cache from reading to scanning.
constexpr std::size_t initialCapacity = std::size_t{256} << 10;

// Octets of one master file. The image of a zone has 8 GiB at most, and the text of a zone is not that much longer.
constexpr std::uint64_t maxFile = std::uint64_t{64} << 30;

}  // namespace

TextBuffer TextBuffer::open(const std::string& path, std::function<bool()> goesOn) {
  TextBuffer buffer;
  buffer.file_.emplace(path, maxFile);
  buffer.goesOn_ = std::move(goesOn);
  // With room for one octet more than the file has, the first read already shows the file's end.
  buffer.grow(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.file_->version().size + 1, initialCapacity)));
  buffer.read();
  return buffer;
}

TextBuffer TextBuffer::copy(std::string_view text) {
  TextBuffer buffer;
  buffer.grow(text.size());
  std::copy(text.begin(), text.end(), buffer.data_.get());
  buffer.size_ = text.size();
  buffer.last_ = true;
  buffer.pad();
  return buffer;
}

bool TextBuffer::refill(const char* keep) {
  const auto kept = static_cast<std::size_t>(end() - keep);
  std::memmove(data_.get(), keep, kept);
  size_ = kept;
  if (kept >= maxEntry) {
    endHere();
    return false;
  }
  // One entry fills half of the buffer or more: it may need more than all of it.
  if (kept > capacity_ / 2) grow(std::min(capacity_ * 2, maxEntry));
  read();
  return true;
}

void TextBuffer::grow(std::size_t capacity) {
  std::unique_ptr<char[]> larger(new char[capacity + padding]);
  std::copy(data_.get(), data_.get() + size_, larger.get());
  data_ = std::move(larger);
  capacity_ = capacity;
}

void TextBuffer::read() {
  if (!goesOn_()) return endHere();
  while (size_ < capacity_ && !last_) {
    const std::size_t count = file_->read(data_.get() + size_, capacity_ - size_);
    last_ = count == 0;
    size_ += count;
  }
  pad();
}

void TextBuffer::endHere() {
  size_ = 0;
  last_ = true;
  pad();
}

void TextBuffer::pad() {
  std::fill_n(data_.get() + size_, padding, '\0');
  data_[size_] = '\n';
}

}  // namespace taut::detail
