// Counts what the calling thread asks of malloc and its relatives, so also what libraries below operator new do. The
// file beside it puts itself in front of the C library's; with a sanitizer, which does the same, it counts nothing.
#pragma once

#include <cstddef>

namespace taut {

class MallocCounter {
 public:
  static std::size_t allocations() noexcept;
};

}  // namespace taut
