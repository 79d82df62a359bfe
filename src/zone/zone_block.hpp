// The memory of a zone: the image of its first version, and behind it the tail, where the nodes go that later versions
// have in place of nodes of the image, or beside them.
//
// The addresses of the tail are reserved when the image is placed. Pages of it that are not touched cost nothing.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "arena.hpp"
#include "taut/zone/zone_image.hpp"

namespace taut::detail {

class ZoneBlock {
 public:
  // Room for an image of at most so many octets. Large ones have a tail.
  explicit ZoneBlock(std::size_t bound);

  std::uint8_t* data() const { return block_.data(); }
  std::size_t size() const { return imageSize_ + tailUsed_.load(std::memory_order_relaxed); }  // octets in use

  // The image takes the first `size` octets; what is not needed is given back. The block may move.
  void place(std::size_t size);

  // The first octets of the image are those of a file from there on. Large images are mapped.
  bool readFrom(int fd, std::uint64_t at, std::size_t size);

  // A copy of a placed image, in a block that has a tail whatever its size.
  static std::shared_ptr<ZoneBlock> withTail(const ZoneBlock& image);

  // The rest is for one thread at a time, which holds the mutex. It does not keep others from reading.
  std::mutex& mutex() { return mutex_; }
  bool hasTail() const { return tailSize_ != 0; }
  std::size_t tailSize() const { return tailSize_; }
  std::size_t tailUsed() const { return tailUsed_.load(std::memory_order_relaxed); }
  std::size_t tailLeft() const { return tailSize_ - tailUsed(); }
  // The first free octet of the tail, at a multiple of `nodeUnit`.
  std::uint8_t* tailEnd() const { return data() + tailAt_ + tailUsed(); }
  // Takes the octets up to `end`.
  void takeTail(const std::uint8_t* end) {
    tailUsed_.store(static_cast<std::size_t>(end - data()) - tailAt_, std::memory_order_relaxed);
  }

 private:
  ZoneBlock() = default;
  void placeTail(std::size_t at, std::size_t size);

  Block block_;
  std::size_t imageSize_ = 0;
  std::size_t tailAt_ = 0;  // octets from the begin
  std::size_t tailSize_ = 0;
  std::atomic<std::size_t> tailUsed_ = 0;
  std::mutex mutex_;
};

}  // namespace taut::detail
