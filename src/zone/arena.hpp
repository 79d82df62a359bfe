// Memory for loading: blocks that go back to the system when freed, and a bump allocator over them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace taut::detail {

// Memory for `size` octets, aligned to a cache line; large ones are mapped on large pages. Freed with the same size.
std::uint8_t* allocateBlock(std::size_t size);
void freeBlock(void* at, std::size_t size);

// Gives the whole pages between `begin` and `end` back to the system. Their content is lost; the addresses stay usable.
void discardPages(void* begin, const void* end);

// A block of memory, aligned to 64 octets. Large ones are mappings: untouched pages of them cost nothing, and their
// tail can be given back.
class Block {
 public:
  static constexpr std::size_t mappedFrom = std::size_t{1} << 20;  // octets

  // The least number of octets that whole pages have room in for `size`.
  static std::size_t wholePages(std::size_t size);

  Block() = default;
  explicit Block(std::size_t size);
  Block(Block&& other) noexcept;
  Block& operator=(Block&& other) noexcept;
  ~Block();

  std::uint8_t* data() const { return data_; }
  std::size_t size() const { return size_; }

  // Keeps the first `size` octets; the block may move.
  void shrink(std::size_t size);

  // Whether octets of a file can be mapped into the block, where they begin there at so many octets.
  bool canMap(std::uint64_t at) const { return size_ >= mappedFrom && at == wholePages(at); }
  // Puts the first `size` octets from there in the place of the block's, copied when they are written. The file goes on
  // with as much as whole pages need. False: the system refuses, and the block is only to be freed.
  bool map(int fd, std::uint64_t at, std::size_t size);

  // What lies behind the first `begin` octets, a multiple of the page size, is touched bit by bit: with large pages the
  // first octet would cost megabytes.
  void useSmallPages(std::size_t begin);

 private:
  void release();

  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

// Gives containers of a million elements memory of their own, on large pages, which goes back to the system with them.
template <class T>
struct BlockAllocator {
  using value_type = T;

  BlockAllocator() = default;
  template <class U>
  BlockAllocator(const BlockAllocator<U>&) {}

  T* allocate(std::size_t count) { return reinterpret_cast<T*>(allocateBlock(count * sizeof(T))); }
  void deallocate(T* at, std::size_t count) { freeBlock(at, count * sizeof(T)); }

  friend bool operator==(const BlockAllocator&, const BlockAllocator&) { return true; }
};

class Arena {
 public:
  static constexpr std::size_t alignment = 4;
  static constexpr std::size_t largestBlock = std::size_t{8} << 20;  // unless one allocation needs more

  // What an allocation of so many octets takes.
  static constexpr std::size_t rounded(std::size_t size) { return (size + alignment - 1) & ~(alignment - 1); }

  // `size` octets at a multiple of `alignment`; they live as long as the arena.
  std::uint8_t* allocate(std::size_t size) {
    if (!hasRoom(size)) addBlock(rounded(size));
    std::uint8_t* const start = at_;
    at_ += rounded(size);
    return start;
  }

  // Whether the next allocation of `size` octets will directly follow the last one in memory.
  bool hasRoom(std::size_t size) const { return rounded(size) <= static_cast<std::size_t>(end_ - at_); }

  // The number, from 0, of the block that the last allocation lies in. Each block before it may be given back by
  // itself.
  std::size_t currentBlock() const { return blocks_.size() - 1; }
  void release(std::size_t block) { blocks_[block] = {}; }
  const std::uint8_t* block(std::size_t number) const { return blocks_[number].data(); }

 private:
  void addBlock(std::size_t atLeast);

  std::vector<Block> blocks_;
  std::uint8_t* at_ = nullptr;
  std::uint8_t* end_ = nullptr;
};

}  // namespace taut::detail
