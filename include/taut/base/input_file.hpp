// A file of the operator's, opened so that reading it always comes to an end: a regular file of a bounded size.
//
// Any other file is refused before a read could wait for it: a FIFO without a writer never ends, nor does a device that
// always has octets. The null device alone is allowed, and counts as an empty file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "taut/base/unique_fd.hpp"

namespace taut {

// Identifies one version of a file. The time is that of the last change of the inode, in nanoseconds since the epoch:
// unlike the time of the last modification, no program can set it back.
struct FileVersion {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;  // octets
  std::int64_t changed = 0;

  friend bool operator==(const FileVersion&, const FileVersion&) = default;
};

// `what()` is the reason alone, such as "No such file or directory": the caller knows the path. Where a permission is
// missing it says whose, and whom the file belongs to.
class FileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class InputFile {
 public:
  // Throws FileError where there is no such file, or none of at most `maxSize` octets.
  InputFile(const std::string& path, std::uint64_t maxSize);

  // The file's version when it was opened.
  const FileVersion& version() const { return version_; }

  // Up to `size` octets, 0 at the end of the file. Throws FileError, also where the file has grown beyond `maxSize`.
  std::size_t read(char* into, std::size_t size);

  // The rest of the file.
  std::string readAll();

 private:
  UniqueFd file_;
  FileVersion version_;
  std::uint64_t maxSize_;
  std::uint64_t read_ = 0;  // octets
};

// The version of the file at the path, all zero where there is none.
FileVersion fileVersion(const std::string& path);

}  // namespace taut
