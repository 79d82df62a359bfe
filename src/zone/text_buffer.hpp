// The text of a file, some of it at a time, padded so that a scanner needs no bounds of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "taut/base/unique_fd.hpp"

namespace taut::detail {

class TextBuffer {
 public:
  // Readable octets after the end; the first of them is a line end.
  static constexpr std::size_t padding = 32;

  // The start of a file. Throws std::system_error where it cannot be read.
  static TextBuffer open(const std::string& path);

  // Text in memory, copied, all of it.
  static TextBuffer copy(std::string_view text);

  const char* begin() const { return data_.get(); }
  const char* end() const { return data_.get() + size_; }
  bool isLast() const { return last_; }  // nothing follows in the file

  // Reads more: the text from `keep` on moves to the front, and the new text follows it. Throws std::system_error.
  void refill(const char* keep);

  std::uint64_t device() const { return device_; }
  std::uint64_t inode() const { return inode_; }

 private:
  void grow(std::size_t capacity);
  void read();
  void pad();

  UniqueFd file_;
  std::string path_;
  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;  // without the padding
  bool last_ = false;
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;
};

}  // namespace taut::detail
