#include "taut/coro/frame_pool.hpp"

#include <cstddef>
#include <new>

namespace taut {

constinit thread_local FramePool::State FramePool::state_{};

// Its destructor runs at the end of each thread that made a frame.
struct FramePool::Cleanup {
  Cleanup() noexcept { state_.limit = maxHeldBytes; }
  ~Cleanup() {
    state_.limit = 0;
    trim();
  }
};

void* FramePool::allocateFromHeap(std::size_t size) {
  static thread_local Cleanup cleanup;
  ++state_.heapAllocations;
  const std::size_t index = classOf(size);
  return ::operator new(index < classes ? bytesOf(index) : size);
}

void FramePool::releaseToHeap(void* memory) noexcept {
  ::operator delete(memory);
}

void FramePool::trim() noexcept {
  for (std::size_t index = 0; index < classes; ++index) {
    while (FreeFrame* frame = state_.free[index]) {
      unpoison(frame, index);
      state_.free[index] = frame->next;
      state_.heldBytes -= bytesOf(index);
      releaseToHeap(frame);
    }
  }
}

}  // namespace taut
