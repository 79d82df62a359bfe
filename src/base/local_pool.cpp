#include "taut/base/local_pool.hpp"

#include <cstddef>
#include <new>

namespace taut {

constinit thread_local LocalPool::State LocalPool::state_{};

// Its destructor runs at the end of each thread that used the pool.
struct LocalPool::Cleanup {
  Cleanup() noexcept { state_.limit = maxHeldBytes; }
  ~Cleanup() {
    state_.limit = 0;
    trim();
  }
};

void* LocalPool::allocateFromHeap(std::size_t size) {
  static thread_local Cleanup cleanup;
  ++state_.heapAllocations;
  const std::size_t index = classOf(size);
  const std::size_t bytes = index < classes ? bytesOf(index) : size;
  try {
    return ::operator new(bytes);
  } catch (const std::bad_alloc&) {
    trim();  // blocks of other sizes may be what the heap lacks
  }
  return ::operator new(bytes);
}

void LocalPool::releaseToHeap(void* memory) noexcept {
  ::operator delete(memory);
}

void LocalPool::trim() noexcept {
  for (std::size_t index = 0; index < classes; ++index) {
    while (FreeBlock* block = state_.free[index]) {
      unpoison(block, index);
      state_.free[index] = block->next;
      state_.heldBytes -= bytesOf(index);
      releaseToHeap(block);
    }
  }
}

}  // namespace taut
