// HeapCounter counts what the calling thread asks of the heap through operator new, so that a test can say that
// something allocates nothing, or little. One file of the test program (heap_counter.cpp) replaces the operators.
#pragma once

#include <cstddef>

namespace taut {

class HeapCounter {
 public:
  static std::size_t allocations() noexcept;
  static std::size_t octets() noexcept;
};

}  // namespace taut
