// HeapCounter counts what the calling thread asks of the heap through operator new, so that a test can say that
// something allocates nothing, or little. Two files of the test program, heap_counter.cpp and heap_operators.cpp,
// replace the operators.
#pragma once

#include <cstddef>

namespace taut {

class HeapCounter {
 public:
  static std::size_t allocations() noexcept;
  static std::size_t octets() noexcept;
};

}  // namespace taut
