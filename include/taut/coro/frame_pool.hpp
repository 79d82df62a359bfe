// FramePool gives coroutine frames from free lists by size, one set of lists for each thread, so that a query that runs
// through several coroutines allocates nothing on the heap. A frame is freed on the thread that made it, because what
// belongs to a shard stays on its thread; a frame that is freed elsewhere merely changes pools. What a thread holds is
// bounded, and goes back to the heap when the thread ends.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define TAUT_POISON_FRAMES 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TAUT_POISON_FRAMES 1
#endif
#endif
#ifdef TAUT_POISON_FRAMES
#include <sanitizer/asan_interface.h>
#endif

namespace taut {

class FramePool {
 public:
  // Larger frames go to the heap each time.
  static constexpr std::size_t largestPooled = 4096;
  // Bytes that the free lists of one thread hold at most.
  static constexpr std::size_t maxHeldBytes = std::size_t{8} << 20;

  static void* allocate(std::size_t size) {
    const std::size_t index = classOf(size);
    if (index < classes && state_.free[index] != nullptr) [[likely]] {
      FreeFrame* frame = state_.free[index];
      unpoison(frame, index);
      state_.free[index] = frame->next;
      state_.heldBytes -= bytesOf(index);
      return frame;
    }
    return allocateFromHeap(size);
  }

  // `size` is what was asked for.
  static void release(void* memory, std::size_t size) noexcept {
    const std::size_t index = classOf(size);
    if (index < classes && state_.heldBytes + bytesOf(index) <= state_.limit) [[likely]] {
      auto* frame = static_cast<FreeFrame*>(memory);
      frame->next = state_.free[index];
      state_.free[index] = frame;
      state_.heldBytes += bytesOf(index);
      poison(frame, index);
      return;
    }
    releaseToHeap(memory);
  }

  // How many frames of this thread came from the heap, since the thread started.
  static std::size_t heapAllocations() noexcept { return state_.heapAllocations; }
  // Bytes on this thread's free lists.
  static std::size_t heldBytes() noexcept { return state_.heldBytes; }
  // Gives this thread's free lists back to the heap.
  static void trim() noexcept;

 private:
  static constexpr std::size_t granule = 64;
  static constexpr std::size_t classes = largestPooled / granule;

  struct FreeFrame {
    FreeFrame* next;
  };
  struct State {
    FreeFrame* free[classes] = {};
    std::size_t heldBytes = 0;
    // Zero before the first use and after the thread's end, which sends every release to the heap.
    std::size_t limit = 0;
    std::size_t heapAllocations = 0;
  };
  struct Cleanup;

  static constexpr std::size_t classOf(std::size_t size) noexcept { return (size - 1) / granule; }
  static constexpr std::size_t bytesOf(std::size_t index) noexcept { return (index + 1) * granule; }
  static void* allocateFromHeap(std::size_t size);
  static void releaseToHeap(void* memory) noexcept;

  // The heap does not know that a pooled frame is free, so the address sanitizer is told that it must not be accessed.
  static void poison([[maybe_unused]] FreeFrame* frame, [[maybe_unused]] std::size_t index) noexcept {
#ifdef TAUT_POISON_FRAMES
    ASAN_POISON_MEMORY_REGION(frame, bytesOf(index));
#endif
  }
  static void unpoison([[maybe_unused]] FreeFrame* frame, [[maybe_unused]] std::size_t index) noexcept {
#ifdef TAUT_POISON_FRAMES
    ASAN_UNPOISON_MEMORY_REGION(frame, bytesOf(index));
#endif
  }

  // Constant initialisation and the static model of thread storage keep the access to one instruction. There is no
  // reference to it: the check for null that UBSan adds to a reference breaks when the linker relaxes this model.
  static constinit thread_local State state_ [[gnu::tls_model("initial-exec")]];
};

}  // namespace taut
