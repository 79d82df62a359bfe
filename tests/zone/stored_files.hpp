// For tests of what is kept in files: their octets, and writes that fail.
#pragma once

#include <csignal>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>

#include "support/resource_limit.hpp"

namespace taut::test {

inline std::string contentsOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void writeContents(const std::string& path, const std::string& octets) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << octets;
}

// Whether the work succeeds where no octet of a file can be written behind the first `limit`. It prints nothing: that
// would be lost where the output is a file.
template <class Work>
bool succeedsWithin(std::size_t limit, const Work& work) {
  std::signal(SIGXFSZ, SIG_IGN);  // so that a write fails in place of the process
  const ResourceLimit limited(RLIMIT_FSIZE, limit);
  return work();
}

}  // namespace taut::test
