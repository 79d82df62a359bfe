#include "taut/coro/frame_pool.hpp"

#include <cstddef>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

using taut::FramePool;

TEST_CASE("memory that was released is given again for the same size") {
  FramePool::trim();
  void* first = FramePool::allocate(200);
  FramePool::release(first, 200);
  void* second = FramePool::allocate(250);
  CHECK(second == first);
  void* other = FramePool::allocate(300);
  CHECK(other != first);
  FramePool::release(second, 250);
  FramePool::release(other, 300);
}

TEST_CASE("what is in use at a time does not overlap, whatever its size") {
  std::vector<std::pair<unsigned char*, std::size_t>> blocks;
  for (std::size_t size = 1; size <= 5000; size += 61) {
    auto* block = static_cast<unsigned char*>(FramePool::allocate(size));
    std::memset(block, static_cast<int>(size % 251), size);
    blocks.emplace_back(block, size);
  }
  for (const auto& [block, size] : blocks) {
    CHECK(block[0] == size % 251);
    CHECK(block[size - 1] == size % 251);
    FramePool::release(block, size);
  }
}

TEST_CASE("what waits for reuse is bounded, and frames that are too large do not wait") {
  FramePool::trim();
  CHECK(FramePool::heldBytes() == 0);
  std::vector<void*> blocks;
  for (std::size_t i = 0; i < 2 * FramePool::maxHeldBytes / 4096; ++i) blocks.push_back(FramePool::allocate(4096));
  for (void* block : blocks) FramePool::release(block, 4096);
  CHECK(FramePool::heldBytes() > 0);
  CHECK(FramePool::heldBytes() <= FramePool::maxHeldBytes);
  FramePool::trim();
  CHECK(FramePool::heldBytes() == 0);
  void* large = FramePool::allocate(FramePool::largestPooled + 1);
  FramePool::release(large, FramePool::largestPooled + 1);
  CHECK(FramePool::heldBytes() == 0);
}

TEST_CASE("each thread has its own pool and frees it at its end") {
  void* mine = FramePool::allocate(128);
  FramePool::release(mine, 128);
  const auto held = FramePool::heldBytes();
  std::thread([] {
    CHECK(FramePool::heldBytes() == 0);
    void* block = FramePool::allocate(128);
    FramePool::release(block, 128);
    CHECK(FramePool::heldBytes() == 128);
    CHECK(FramePool::heapAllocations() == 1);
  }).join();
  CHECK(FramePool::heldBytes() == held);
}
