#include "zone_block.hpp"

#include <algorithm>
#include <cstring>

#include "stored_file.hpp"
#include "taut/zone/node_layout.hpp"

namespace taut::detail {

namespace {

// Smaller images are not mapped, and most zones never change: they get a tail with their first change.
constexpr std::size_t tailFrom = Block::mappedFrom;
// Links count units in 31 bits.
constexpr std::size_t maxSize = std::size_t{INT32_MAX} * nodeUnit;

std::size_t tailFor(std::size_t image) {
  return image / 4 + (std::size_t{64} << 10);
}

}  // namespace

ZoneBlock::ZoneBlock(std::size_t bound)
    : block_(bound < tailFrom ? bound : Block::wholePages(bound) + Block::wholePages(tailFor(bound))) {}

void ZoneBlock::place(std::size_t size) {
  imageSize_ = size;
  const std::size_t at = Block::wholePages(size);
  const std::size_t tail = Block::wholePages(tailFor(size));
  if (size < tailFrom || at + tail > block_.size() || at + tail > maxSize) return block_.shrink(size);
  block_.shrink(at + tail);
  placeTail(at, tail);
}

bool ZoneBlock::readFrom(int fd, std::uint64_t at, std::size_t size) {
  if (block_.canMap(at)) return block_.map(fd, at, size);
  return readAt(fd, {data(), size}, at);
}

void ZoneBlock::placeTail(std::size_t at, std::size_t size) {
  tailAt_ = at;
  tailSize_ = size;
  block_.useSmallPages(at);
}

std::shared_ptr<ZoneBlock> ZoneBlock::withTail(const ZoneBlock& image) {
  std::shared_ptr<ZoneBlock> block(new ZoneBlock());
  const std::size_t at = Block::wholePages(image.imageSize_);
  const std::size_t tail = Block::wholePages(tailFor(image.imageSize_));
  block->block_ = Block(at + tail);
  block->imageSize_ = image.imageSize_;
  std::memcpy(block->data(), image.data(), image.imageSize_);
  if (at + tail <= maxSize) block->placeTail(at, tail);
  return block;
}

}  // namespace taut::detail
