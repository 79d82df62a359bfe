#include "taut/net/buffered_stream.hpp"

#include <algorithm>
#include <span>

namespace taut {

namespace {

// Octets that one read asks the kernel for.
constexpr std::size_t readSize = 4096;

std::span<std::uint8_t> tailOf(std::string& text, std::size_t begin) {
  return {reinterpret_cast<std::uint8_t*>(text.data()) + begin, text.size() - begin};
}

}  // namespace

Task<BufferedStream::Text> BufferedStream::readLine() {
  auto line = co_await readUntil("\n");
  if (line && line->ends_with('\r')) line->pop_back();
  co_return line;
}

Task<BufferedStream::Text> BufferedStream::readUntil(std::string_view delimiter) {
  std::size_t searched = 0;
  for (;;) {
    const std::size_t found = buffered().find(delimiter, searched);
    if (found != std::string_view::npos) co_return take(found, delimiter.size());
    // The delimiter may have come in part.
    searched = buffered().size() - std::min(buffered().size(), delimiter.size() - 1);
    const IoResult more = co_await fill();
    if (!more) co_return Failure(more);
    if (more.value() == 0) co_return Failure(endOfStream);
  }
}

Task<BufferedStream::Text> BufferedStream::readExactly(std::size_t size) {
  if (size > limit_) co_return Failure(tooLong);
  while (buffered().size() < size) {
    const IoResult more = co_await fill();
    if (!more) co_return Failure(more);
    if (more.value() == 0) co_return Failure(endOfStream);
  }
  co_return take(size, 0);
}

Task<IoResult> BufferedStream::fill() {
  buffer_.erase(0, std::exchange(begin_, 0));
  const std::size_t before = buffer_.size();
  if (before >= limit_) co_return tooLong;
  buffer_.resize(before + std::min(readSize, limit_ - before));
  const auto tail = tailOf(buffer_, before);
  IoResult read = endOfStream;
  if (under_)
    read = co_await under_->readSome(tail);
  else
    read = co_await stream_.readSome(tail);
  buffer_.resize(before + read.value());
  received_ += read.value();
  co_return read;
}

std::string BufferedStream::take(std::size_t size, std::size_t delimiter) {
  std::string taken(buffered().substr(0, size));
  consume(size + delimiter);
  return taken;
}

bool BufferedStream::isQuiet() const noexcept {
  return buffered().empty() && stream_.isQuiet();
}

}  // namespace taut
