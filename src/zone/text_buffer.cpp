#include "text_buffer.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace taut::detail {

namespace {

// Small enough to stay in the second-level cache from reading to scanning.
constexpr std::size_t initialCapacity = std::size_t{256} << 10;

}  // namespace

TextBuffer TextBuffer::open(const std::string& path) {
  TextBuffer buffer;
  buffer.path_ = path;
  buffer.file_ = UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!buffer.file_ || fstat(buffer.file_.get(), &status) != 0)
    throw std::system_error(errno, std::generic_category(), path);
  if (S_ISDIR(status.st_mode)) throw std::system_error(EISDIR, std::generic_category(), path);
  buffer.device_ = status.st_dev;
  buffer.inode_ = status.st_ino;
  // With room for one octet more than the file has, the first read already shows the file's end.
  const auto size = static_cast<std::size_t>(std::max<off_t>(status.st_size, 0));
  buffer.grow(S_ISREG(status.st_mode) ? std::min(size + 1, initialCapacity) : usualCapacity);
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

void TextBuffer::refill(const char* keep) {
  const auto kept = static_cast<std::size_t>(end() - keep);
  std::memmove(data_.get(), keep, kept);
  size_ = kept;
  // The entry at hand fills half of the buffer or more: it may need more than the whole buffer.
  if (kept > capacity_ / 2) grow(capacity_ * 2);
  read();
}

void TextBuffer::grow(std::size_t capacity) {
  std::unique_ptr<char[]> larger(new char[capacity + padding]);
  std::copy(data_.get(), data_.get() + size_, larger.get());
  data_ = std::move(larger);
  capacity_ = capacity;
}

void TextBuffer::read() {
  while (size_ < capacity_ && !last_) {
    const ssize_t count = ::read(file_.get(), data_.get() + size_, capacity_ - size_);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw std::system_error(errno, std::generic_category(), path_);
    last_ = count == 0;
    size_ += static_cast<std::size_t>(count);
  }
  pad();
}

void TextBuffer::pad() {
  std::fill_n(data_.get() + size_, padding, '\0');
  data_[size_] = '\n';
}

}  // namespace taut::detail
