// The memory of a zone, and the one place that knows its layout: nodes in canonical order, then a hash index over the
// full names, then lists of nodes. All addresses in it are relative.
//
// `ZoneImage` reads. It is made from a block and a `ZoneLayout`, and has no state of its own, so that the versions of a
// zone share one: nodes of later versions lie behind it in the block, and are found by a `ZoneDelta`. Only
// `detail::ZoneImageWriter` writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "taut/dns/name.hpp"
#include "taut/dns/nsec3.hpp"
#include "taut/zone/node_layout.hpp"
#include "taut/zone/zone_node.hpp"

namespace taut::detail {

class ZoneBlock;

// One cache line of the index. Entries fill it from the front; a full bucket continues in the next one.
struct alignas(64) IndexBucket {
  static constexpr std::size_t capacity = 12;
  static constexpr std::size_t filled = 8;  // on average

  std::uint8_t tags[capacity];  // 0: no entry
  std::uint8_t unused[4];
  std::uint32_t nodes[capacity];  // units

  static std::uint8_t tagOf(std::uint64_t hash) {
    const auto tag = static_cast<std::uint8_t>(hash);
    return tag != 0 ? tag : 1;
  }
};

// How many there are of each part of an image; the places follow from the numbers. First come the nodes, then the index
// at the next cache line, then the lists, of 32 bits an entry, one directly after the other.
struct ZoneLayout {
  std::uint64_t recordCount = 0;
  std::uint32_t nodeUnits = 0;        // that all nodes take
  std::uint32_t nodeCount = 0;        // first list: the nodes that a look-up of a name can find, in canonical order
  std::uint32_t nsec3OwnerCount = 0;  // second list: the owners of NSEC3 records, in canonical order
  std::uint32_t nsec3Count = 0;  // third list: those of the chain that is used; fourth: their hashes' first 32 bits
  std::uint32_t nsecCount = 0;   // fifth list: the nodes that have an NSEC, in canonical order

  std::size_t bucketCount() const { return nodeCount != 0 ? nodeCount / IndexBucket::filled + 1 : 0; }
  std::size_t indexAt() const {
    return (std::size_t{nodeUnits} * nodeUnit + sizeof(IndexBucket) - 1) / sizeof(IndexBucket) * sizeof(IndexBucket);
  }
  std::size_t listsAt() const { return indexAt() + bucketCount() * sizeof(IndexBucket); }
  std::size_t size() const {
    const std::size_t listed = std::size_t{nodeCount} + nsec3OwnerCount + 2 * std::size_t{nsec3Count} + nsecCount;
    return listsAt() + listed * sizeof(std::uint32_t);
  }
};

// Nodes of an image, in the order of a list, whatever later versions have in their places.
class ListedNodes {
 public:
  ListedNodes(const NodeHeader* first, std::span<const std::uint32_t> units) : first_(first), units_(units) {}

  std::size_t size() const { return units_.size(); }
  ZoneNode operator[](std::size_t index) const { return ZoneNode(first_->at(units_[index])); }
  std::span<const std::uint32_t> units() const { return units_; }
  const NodeHeader* first() const { return first_; }  // of the image

 private:
  const NodeHeader* first_;
  std::span<const std::uint32_t> units_;
};

class ZoneImage {
 public:
  // The block holds what the layout says.
  ZoneImage(std::shared_ptr<ZoneBlock> block, const ZoneLayout& layout);

  const ZoneLayout& layout() const { return layout_; }
  std::size_t memoryUse() const;  // octets of the block, those of later versions among them

  ZoneBlock& block() const { return *block_; }
  // Keeps the block.
  std::shared_ptr<const void> memory() const { return block_; }

  // The first node is the apex. Units count from here.
  const NodeHeader* first() const { return nodes_; }
  ZoneNode nodeAt(std::uint32_t units) const { return ZoneNode(nodes_->at(units)); }
  // The node of exactly this name, whose hash this is.
  ZoneNode node(NameView name, std::uint64_t hash) const;

  // Prefetch a line of the index, and the node that is likely to be found there, without waiting.
  void prefetchIndex(std::uint64_t hash) const { __builtin_prefetch(buckets_ + bucketOf(hash)); }
  void prefetchNode(std::uint64_t hash) const;

  ListedNodes nodes() const { return {nodes_, {lists_, layout_.nodeCount}}; }
  ListedNodes nsec3Owners() const { return {nodes_, {lists_ + layout_.nodeCount, layout_.nsec3OwnerCount}}; }
  ListedNodes nsec3Chain() const { return {nodes_, {nsec3Chain_, layout_.nsec3Count}}; }
  ListedNodes nsecChain() const { return {nodes_, {nsecChain_, layout_.nsecCount}}; }

  // The place of a hash in the chain, or that of the last owner before it. The chain is a ring, and is not empty.
  Nsec3Place findNsec3(const Nsec3Hash& hash) const;

  std::size_t bucketOf(std::uint64_t hash) const { return static_cast<std::size_t>((hash >> 32) * bucketCount_ >> 32); }

 private:
  const IndexBucket* buckets_ = nullptr;
  const NodeHeader* nodes_ = nullptr;
  std::uint64_t bucketCount_ = 0;  // kept apart: each lookup needs it
  const std::uint32_t* lists_ = nullptr;
  const std::uint32_t* nsec3Chain_ = nullptr;  // the prefixes follow it
  const std::uint32_t* nsecChain_ = nullptr;
  ZoneLayout layout_;
  std::shared_ptr<ZoneBlock> block_;  // what the pointers above point into
};

}  // namespace taut::detail
