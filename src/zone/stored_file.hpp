// Files that a program keeps for itself: opened, read and written at places, and replaced as a whole. Failures are
// texts that name the file and say why.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "taut/base/bytes.hpp"
#include "taut/base/result.hpp"
#include "taut/base/unique_fd.hpp"

namespace taut::detail {

using Done = Result<void, std::string>;

// "PATH: REASON", the reason that of `errno` where none is given.
std::string fileFailure(const std::string& path, std::string_view reason);
std::string fileFailure(const std::string& path);

struct StoredFile {
  UniqueFd fd;
  std::uint64_t size = 0;  // octets
};

// Opens a regular file with these flags of open(2). No descriptor: there is no such file.
Result<StoredFile, std::string> openStored(const std::string& path, int flags);

// False where there are fewer octets, or they cannot be read.
bool readAt(int fd, MutableByteSpan into, std::uint64_t at);

// Where not all could be written, `errno` says why.
bool writeAt(int fd, ByteSpan octets, std::uint64_t at);

// A file that is written beside another one and takes its place when all of it is on the disk: whatever ends the
// program before, the other one is as it was.
class Replacement {
 public:
  explicit Replacement(std::string path);
  Replacement(const Replacement&) = delete;
  Replacement& operator=(const Replacement&) = delete;
  ~Replacement();

  int fd() const { return fd_.get(); }  // -1: it could not be made
  std::uint64_t size() const { return size_; }

  // Behind what was written. The first failure is that of `commit` too.
  bool write(ByteSpan octets);

  // Syncs file and folder. Gives the file, open for reading and writing.
  Result<UniqueFd, std::string> commit();

 private:
  std::string path_;
  std::string beside_;
  UniqueFd fd_;
  std::uint64_t size_ = 0;
  int error_ = 0;
};

}  // namespace taut::detail
