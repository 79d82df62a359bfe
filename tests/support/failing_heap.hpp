// FailingHeap has operator new throw std::bad_alloc for the calling thread: from a chosen allocation on, for as many as
// are chosen. Two files of the test program, failing_heap.cpp and heap_operators.cpp, replace the operators.
#pragma once

#include <cstddef>

namespace taut {

class FailingHeap {
 public:
  // Of the allocations from now on, `skipped` succeed and the next `failing` fail.
  static void arm(std::size_t skipped, std::size_t failing) noexcept;
  static void disarm() noexcept { arm(0, 0); }
  // How many have failed since it was armed.
  static std::size_t failed() noexcept;
};

}  // namespace taut
