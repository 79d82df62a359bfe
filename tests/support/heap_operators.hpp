// The operators new and delete of a whole test program (heap_operators.cpp), whose allocations one function decides
// about. A program has one definition of it: heap_counter.cpp or failing_heap.cpp.
#pragma once

#include <cstddef>

namespace taut {

// Called on the allocating thread. False: the allocation fails.
bool mayAllocate(std::size_t size) noexcept;

}  // namespace taut
