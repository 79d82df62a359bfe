// For tests of what is kept in files: their octets, and writes that fail.
#pragma once

#include <csignal>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>

#include <doctest/doctest.h>
#include <sys/resource.h>

namespace taut::test {

inline std::string contentsOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void writeContents(const std::string& path, const std::string& octets) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << octets;
}

// Lets the process write no octet of a file behind the first `limit`, as long as it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::size_t limit) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit bound{limit, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &bound) == 0);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  sighandler_t handler_;
  rlimit before_{};
};

// Whether the work succeeds where no octet of a file can be written behind the first `limit`. It prints nothing: that
// would be lost where the output is a file.
template <class Work>
bool succeedsWithin(std::size_t limit, const Work& work) {
  const FileSizeLimit limited(limit);
  return work();
}

}  // namespace taut::test
