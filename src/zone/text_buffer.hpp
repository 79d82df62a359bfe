// The text of a file, some of it at a time, padded so that a scanner needs no bounds of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "taut/base/input_file.hpp"

namespace taut::detail {

class TextBuffer {
 public:
  // Readable octets after the end; the first of them is a line end.
  static constexpr std::size_t padding = 32;

  // Octets that one entry may have. RDATA has 65535, each of four characters as \DDD: sixteen times as much leaves room
  // for comments between them. What has no end of an entry in so much text is no master file.
  static constexpr std::size_t maxEntry = std::size_t{4} << 20;

  // The start of a file. Each part is read after `goesOn` was asked; where it says no, the text ends there. Throws
  // FileError where the file cannot be read.
  static TextBuffer open(const std::string& path, std::function<bool()> goesOn);

  // Text in memory, copied, all of it.
  static TextBuffer copy(std::string_view text);

  const char* begin() const { return data_.get(); }
  const char* end() const { return data_.get() + size_; }
  bool isLast() const { return last_; }  // nothing follows in the file

  // Reads on: the text from `keep` on moves to the front, and more follows it. False, and the text ends, where that is
  // more than an entry may have. Throws FileError.
  bool refill(const char* keep);

  // Of the file, all zero for text that is none.
  std::uint64_t device() const { return file_ ? file_->version().device : 0; }
  std::uint64_t inode() const { return file_ ? file_->version().inode : 0; }

 private:
  void grow(std::size_t capacity);
  void read();
  void endHere();
  void pad();

  std::optional<InputFile> file_;
  std::function<bool()> goesOn_;
  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;  // without the padding
  bool last_ = false;
};

}  // namespace taut::detail
