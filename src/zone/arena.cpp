#include "arena.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

namespace taut::detail {

namespace {

constexpr std::size_t cacheLine = 64;
constexpr std::size_t firstBlock = std::size_t{16} << 10;

std::size_t roundUp(std::size_t size, std::size_t unit) {
  return (size + unit - 1) / unit * unit;
}

std::size_t pageSize() {
  static const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

}  // namespace

std::uint8_t* allocateBlock(std::size_t size) {
  if (size < Block::mappedFrom) {
    void* const memory = std::aligned_alloc(cacheLine, roundUp(std::max<std::size_t>(size, 1), cacheLine));
    if (memory == nullptr) throw std::bad_alloc();
    return static_cast<std::uint8_t*>(memory);
  }
  void* const memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  // Look-ups in a large zone are random: with small pages each would miss the TLB too.
  madvise(memory, size, MADV_HUGEPAGE);
  return static_cast<std::uint8_t*>(memory);
}

void freeBlock(void* at, std::size_t size) {
  if (size < Block::mappedFrom)
    std::free(at);
  else
    munmap(at, size);
}

void discardPages(void* begin, const void* end) {
  const auto from = roundUp(reinterpret_cast<std::uintptr_t>(begin), pageSize());
  const auto to = reinterpret_cast<std::uintptr_t>(end) / pageSize() * pageSize();
  if (from < to) madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
}

std::size_t Block::wholePages(std::size_t size) {
  return roundUp(size, pageSize());
}

Block::Block(std::size_t size) : data_(allocateBlock(size)), size_(size) {}

Block::Block(Block&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Block& Block::operator=(Block&& other) noexcept {
  if (this != &other) {
    release();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

Block::~Block() {
  release();
}

void Block::release() {
  if (data_ != nullptr) freeBlock(data_, size_);
}

void Block::shrink(std::size_t size) {
  if (size < mappedFrom) {
    Block smaller(size);
    std::memcpy(smaller.data_, data_, size);
    *this = std::move(smaller);
    return;
  }
  const std::size_t kept = roundUp(size, pageSize());
  if (kept < size_) munmap(data_ + kept, roundUp(size_, pageSize()) - kept);
  size_ = size;
}

bool Block::map(int fd, std::uint64_t at, std::size_t size) {
  const int flags = MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE;
  return mmap(data_, wholePages(size), PROT_READ | PROT_WRITE, flags, fd, static_cast<off_t>(at)) != MAP_FAILED;
}

void Block::useSmallPages(std::size_t begin) {
  if (size_ >= mappedFrom) madvise(data_ + begin, size_ - begin, MADV_NOHUGEPAGE);
}

void Arena::addBlock(std::size_t atLeast) {
  const std::size_t next = blocks_.empty() ? firstBlock : std::min(blocks_.back().size() * 2, largestBlock);
  blocks_.emplace_back(std::max(next, atLeast));
  at_ = blocks_.back().data();
  end_ = at_ + blocks_.back().size();
}

}  // namespace taut::detail
