// Files that a program keeps for itself: opened, and read and written at places. Failures are texts that name the file
// and say why.
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

}  // namespace taut::detail
