#include "file_text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lexer.hpp"

namespace taut::detail {

namespace {

[[noreturn]] void raise(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

struct Descriptor {
  int number;
  ~Descriptor() { close(number); }
};

}  // namespace

FileText FileText::read(const std::string& path) {
  const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.number < 0) raise(path);
  struct stat status {};
  if (fstat(file.number, &status) != 0) raise(path);
  if (S_ISDIR(status.st_mode)) throw std::system_error(EISDIR, std::generic_category(), path);

  FileText text(S_ISREG(status.st_mode) ? static_cast<std::size_t>(status.st_size) : std::size_t{65536});
  text.device_ = status.st_dev;
  text.inode_ = status.st_ino;
  for (;;) {
    // One octet more than the size that was told shows whether the file grew meanwhile.
    const std::size_t room = text.capacity_ - Lexer::padding - text.size_;
    const ssize_t count = ::read(file.number, text.data_ + text.size_, room);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) raise(path);
    if (count == 0) break;
    text.size_ += static_cast<std::size_t>(count);
    if (text.size_ + Lexer::padding == text.capacity_) text.grow(text.capacity_ * 2);
  }
  text.pad();
  return text;
}

FileText FileText::copy(std::string_view text) {
  FileText copy(text.size());
  if (!text.empty()) std::memcpy(copy.data_, text.data(), text.size());
  copy.size_ = text.size();
  copy.pad();
  return copy;
}

FileText::FileText(std::size_t capacity) {
  grow(capacity + 1 + Lexer::padding);
}

FileText::FileText(FileText&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(other.size_),
      capacity_(other.capacity_),
      device_(other.device_),
      inode_(other.inode_) {}

FileText::~FileText() {
  std::free(data_);
}

// Large blocks of malloc are mappings of their own, which move without copying and go back to the system when freed.
void FileText::grow(std::size_t capacity) {
  auto* larger = static_cast<char*>(std::realloc(data_, capacity));
  if (larger == nullptr) throw std::bad_alloc();
  data_ = larger;
  capacity_ = capacity;
}

void FileText::pad() {
  std::memset(data_ + size_, 0, Lexer::padding);
  data_[size_] = '\n';
}

}  // namespace taut::detail
