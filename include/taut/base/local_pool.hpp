// LocalPool gives memory for what a query needs while it lasts: coroutine frames, reply channels, answers, replies. It
// has free lists by size, one set of lists for each thread, so that a query allocates nothing on the heap. Memory is
// freed on the thread that took it, because what belongs to a shard stays on its thread; what is freed elsewhere merely
// changes pools. What a thread holds is bounded, and goes back to the heap when the thread ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#define TAUT_POISON_POOL 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TAUT_POISON_POOL 1
#endif
#endif
#ifdef TAUT_POISON_POOL
#include <sanitizer/asan_interface.h>
#endif

namespace taut {

class LocalPool {
 public:
  // Larger blocks go to the heap each time.
  static constexpr std::size_t largestPooled = 4104;
  // Bytes that the free lists of one thread hold at most.
  static constexpr std::size_t maxHeldBytes = std::size_t{8} << 20;

  static void* allocate(std::size_t size) {
    const std::size_t index = classOf(size);
    if (index < classes && state_.free[index] != nullptr) [[likely]] {
      FreeBlock* block = state_.free[index];
      unpoison(block, index);
      state_.free[index] = block->next;
      state_.heldBytes -= bytesOf(index);
      return block;
    }
    return allocateFromHeap(size);
  }

  // `size` is what was asked for.
  static void release(void* memory, std::size_t size) noexcept {
    const std::size_t index = classOf(size);
    if (index < classes && state_.heldBytes + bytesOf(index) <= state_.limit) [[likely]] {
      auto* block = static_cast<FreeBlock*>(memory);
      block->next = state_.free[index];
      state_.free[index] = block;
      state_.heldBytes += bytesOf(index);
      poison(block, index);
      return;
    }
    releaseToHeap(memory);
  }

  // How many blocks of this thread came from the heap, since the thread started.
  static std::size_t heapAllocations() noexcept { return state_.heapAllocations; }
  // Bytes on this thread's free lists.
  static std::size_t heldBytes() noexcept { return state_.heldBytes; }
  // Gives this thread's free lists back to the heap.
  static void trim() noexcept;

 private:
  // The sizes are those that the heap gives without a remainder: malloc adds 8 bytes and rounds up to 16.
  static constexpr std::size_t granule = 16;
  static constexpr std::size_t offset = 8;
  static constexpr std::size_t classes = (largestPooled - offset) / granule + 1;
  static_assert(largestPooled % granule == offset);

  struct FreeBlock {
    FreeBlock* next;
  };
  struct State {
    FreeBlock* free[classes] = {};
    std::size_t heldBytes = 0;
    // Zero before the first use and after the thread's end, which sends every release to the heap.
    std::size_t limit = 0;
    std::size_t heapAllocations = 0;
  };
  struct Cleanup;

  static constexpr std::size_t classOf(std::size_t size) noexcept { return (size + offset - 1) / granule; }
  static constexpr std::size_t bytesOf(std::size_t index) noexcept { return index * granule + offset; }
  static void* allocateFromHeap(std::size_t size);
  static void releaseToHeap(void* memory) noexcept;

  // The heap does not know that a pooled block is free, so the address sanitizer is told that it must not be accessed.
  static void poison([[maybe_unused]] FreeBlock* block, [[maybe_unused]] std::size_t index) noexcept {
#ifdef TAUT_POISON_POOL
    ASAN_POISON_MEMORY_REGION(block, bytesOf(index));
#endif
  }
  static void unpoison([[maybe_unused]] FreeBlock* block, [[maybe_unused]] std::size_t index) noexcept {
#ifdef TAUT_POISON_POOL
    ASAN_UNPOISON_MEMORY_REGION(block, bytesOf(index));
#endif
  }

  // Constant initialisation and the static model of thread storage keep the access to one instruction. There is no
  // reference to it: the check for null that UBSan adds to a reference breaks when the linker relaxes this model.
  static constinit thread_local State state_ [[gnu::tls_model("initial-exec")]];
};

// Base of a class whose objects come from the pool.
class LocallyPooled {
 public:
  static void* operator new(std::size_t size) { return LocalPool::allocate(size); }
  static void operator delete(void* memory, std::size_t size) noexcept { LocalPool::release(memory, size); }
};

// For containers that live as long as a query, or less.
template <typename T>
class LocalAllocator {
 public:
  using value_type = T;

  LocalAllocator() noexcept = default;
  template <typename U>
  LocalAllocator(const LocalAllocator<U>&) noexcept {}

  T* allocate(std::size_t count) { return static_cast<T*>(LocalPool::allocate(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t count) noexcept { LocalPool::release(memory, count * sizeof(T)); }

  template <typename U>
  friend bool operator==(const LocalAllocator&, const LocalAllocator<U>&) noexcept {
    return true;
  }
};

using LocalBytes = std::vector<std::uint8_t, LocalAllocator<std::uint8_t>>;

}  // namespace taut
