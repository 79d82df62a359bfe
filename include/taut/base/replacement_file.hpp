// A file that is written beside another one, and takes its place when all of it is on the disk: whatever ends the
// program before, the other one is as it was.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "taut/base/bytes.hpp"
#include "taut/base/result.hpp"
#include "taut/base/unique_fd.hpp"

namespace taut {

class ReplacementFile {
 public:
  // What is written lies in the file with ".new" behind this path until then, and goes again if it does not come to it.
  explicit ReplacementFile(std::string path, mode_t mode = S_IRUSR | S_IWUSR);
  ReplacementFile(const ReplacementFile&) = delete;
  ReplacementFile& operator=(const ReplacementFile&) = delete;
  ~ReplacementFile();

  int fd() const { return fd_.get(); }          // -1: it could not be made
  std::uint64_t size() const { return size_; }  // octets

  // Behind what was written. The first failure is that of `takePlace` too.
  bool write(ByteSpan octets);
  bool write(std::string_view text) {
    return write(ByteSpan(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
  }

  // Syncs file and folder. Gives the file, open for reading and writing, or why it could not be done, without the path.
  Result<UniqueFd, std::string> takePlace();

 private:
  const std::string path_;
  const std::string beside_;
  UniqueFd fd_;
  std::uint64_t size_ = 0;
  int error_ = 0;
};

}  // namespace taut
