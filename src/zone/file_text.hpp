// The text of a file, whole in memory and padded so that a scanner needs no bounds of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace taut::detail {

class FileText {
 public:
  // Throws std::system_error where the file cannot be read. Copies: a file may shrink while it is being read.
  static FileText read(const std::string& path);
  static FileText copy(std::string_view text);

  FileText(FileText&& other) noexcept;
  FileText& operator=(FileText&&) = delete;
  ~FileText();

  const char* begin() const { return data_; }
  const char* end() const { return data_ + size_; }
  std::uint64_t device() const { return device_; }
  std::uint64_t inode() const { return inode_; }

 private:
  explicit FileText(std::size_t capacity);

  void grow(std::size_t capacity);
  void pad();

  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;
};

}  // namespace taut::detail
