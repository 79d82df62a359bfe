#include "taut/base/local_pool.hpp"

#include <cstddef>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace local_pool_test {

using taut::LocalPool;

TEST_CASE("memory that was released is given again for the same size") {
  LocalPool::trim();
  void* first = LocalPool::allocate(200);
  LocalPool::release(first, 200);
  void* second = LocalPool::allocate(195);
  CHECK(second == first);
  void* other = LocalPool::allocate(300);
  CHECK(other != first);
  LocalPool::release(second, 195);
  LocalPool::release(other, 300);
}

TEST_CASE("what is in use at a time does not overlap, whatever its size") {
  std::vector<std::pair<unsigned char*, std::size_t>> blocks;
  for (std::size_t size = 1; size <= 5000; size += 61) {
    auto* block = static_cast<unsigned char*>(LocalPool::allocate(size));
    std::memset(block, static_cast<int>(size % 251), size);
    blocks.emplace_back(block, size);
  }
  for (const auto& [block, size] : blocks) {
    CHECK(block[0] == size % 251);
    CHECK(block[size - 1] == size % 251);
    LocalPool::release(block, size);
  }
}

TEST_CASE("what waits for reuse is bounded, and blocks that are too large do not wait") {
  LocalPool::trim();
  CHECK(LocalPool::heldBytes() == 0);
  std::vector<void*> blocks;
  for (std::size_t i = 0; i < 2 * LocalPool::maxHeldBytes / 4096; ++i) blocks.push_back(LocalPool::allocate(4096));
  for (void* block : blocks) LocalPool::release(block, 4096);
  CHECK(LocalPool::heldBytes() > 0);
  CHECK(LocalPool::heldBytes() <= LocalPool::maxHeldBytes);
  LocalPool::trim();
  CHECK(LocalPool::heldBytes() == 0);
  void* large = LocalPool::allocate(LocalPool::largestPooled + 1);
  LocalPool::release(large, LocalPool::largestPooled + 1);
  CHECK(LocalPool::heldBytes() == 0);
}

TEST_CASE("each thread has its own pool and frees it at its end") {
  void* mine = LocalPool::allocate(128);
  LocalPool::release(mine, 128);
  const auto held = LocalPool::heldBytes();
  std::thread([] {
    CHECK(LocalPool::heldBytes() == 0);
    void* block = LocalPool::allocate(128);
    LocalPool::release(block, 128);
    CHECK(LocalPool::heldBytes() >= 128);
    CHECK(LocalPool::heapAllocations() == 1);
  }).join();
  CHECK(LocalPool::heldBytes() == held);
}

TEST_CASE("a container of the pool keeps its memory for the next one, at every size") {
  LocalPool::trim();
  const auto fill = [] {
    taut::LocalBytes bytes;
    for (std::size_t i = 0; i < 4000; ++i) bytes.push_back(static_cast<std::uint8_t>(i));
    return bytes[3999];
  };
  CHECK(fill() == 3999 % 256);
  const auto before = LocalPool::heapAllocations();
  CHECK(fill() == 3999 % 256);
  CHECK(LocalPool::heapAllocations() == before);
}

}  // namespace local_pool_test
