#include "zone_image_writer.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace taut::detail {

ZoneImageWriter::ZoneImageWriter(const ZoneLayout& bound)
    : block_(std::make_shared<ZoneBlock>(bound.size())), output_(block_->data()) {}

ZoneImage ZoneImageWriter::loneApex(NameView origin, Class rrClass) {
  ZoneLayout layout;
  layout.nodeUnits = static_cast<std::uint32_t>((sizeof(NodeHeader) + origin.size() + nodeUnit - 1) / nodeUnit);
  ZoneImageWriter writer(layout);
  NodeOutput::Node apex;
  apex.owner = origin;
  apex.flags = nodeflag::apex;
  apex.rrClass = rrClass;
  writer.beginNode(apex);
  writer.block_->place(layout.size());
  return {std::move(writer.block_), layout};
}

std::uint32_t ZoneImageWriter::beginNode(const NodeOutput::Node& node) {
  node_ = &output_.begin(node);
  return static_cast<std::uint32_t>(static_cast<std::size_t>(node_->octets() - block_->data()) / nodeUnit);
}

void ZoneImageWriter::addSet(const NodeOutput::Set& set) {
  output_.addSet(set);
  recordCount_ += set.count;
  if (set.type == Type::NSEC && !node_->has(nodeflag::occluded)) ++nsecCount_;
}

ZoneImage ZoneImageWriter::placeLists(const NodeLists& lists) {
  ZoneLayout layout;
  layout.recordCount = recordCount_;
  layout.nodeUnits = static_cast<std::uint32_t>(static_cast<std::size_t>(output_.at() - block_->data()) / nodeUnit);
  layout.nodeCount = static_cast<std::uint32_t>(lists.nodes.size());
  layout.nsec3OwnerCount = static_cast<std::uint32_t>(lists.nsec3Owners.size());
  layout.nsec3Count = static_cast<std::uint32_t>(lists.chain.owners.size());
  layout.nsecCount = nsecCount_;
  block_->place(layout.size());

  auto* out = reinterpret_cast<std::uint32_t*>(block_->data() + layout.listsAt());
  out = std::copy(lists.nodes.begin(), lists.nodes.end(), out);
  out = std::copy(lists.nsec3Owners.begin(), lists.nsec3Owners.end(), out);
  out = std::copy(lists.chain.owners.begin(), lists.chain.owners.end(), out);
  std::copy(lists.chain.prefixes.begin(), lists.chain.prefixes.end(), out);
  ZoneImage image(block_, layout);
  fillIndex(image);
  return image;
}

ZoneImage ZoneImageWriter::ofPlaced(std::shared_ptr<ZoneBlock> block, const ZoneLayout& layout) {
  ZoneImage image(std::move(block), layout);
  fillIndex(image);
  return image;
}

// Fills the list of nodes with an NSEC too: that way it costs no second walk.
void ZoneImageWriter::fillIndex(const ZoneImage& image) {
  const ZoneLayout& layout = image.layout();
  std::uint8_t* const octets = image.block().data();
  auto* const buckets = reinterpret_cast<IndexBucket*>(octets + layout.indexAt());
  const std::size_t bucketCount = layout.bucketCount();
  auto* nextNsec = reinterpret_cast<std::uint32_t*>(octets + layout.size()) - layout.nsecCount;
  std::memset(static_cast<void*>(buckets), 0, bucketCount * sizeof(IndexBucket));

  // Buckets are far apart in memory: each is prefetched some nodes before it is filled.
  constexpr std::size_t ahead = 16;
  std::array<std::uint64_t, ahead> hashes;
  const auto order = image.nodes().units();
  const auto insert = [&](std::uint64_t hash, std::uint32_t units) {
    for (std::size_t at = image.bucketOf(hash);; at = at + 1 == bucketCount ? 0 : at + 1) {
      IndexBucket& bucket = buckets[at];
      for (std::size_t slot = 0; slot < IndexBucket::capacity; ++slot) {
        if (bucket.tags[slot] != 0) continue;
        bucket.tags[slot] = IndexBucket::tagOf(hash);
        bucket.nodes[slot] = units;
        return;
      }
    }
  };
  for (std::size_t i = 0; i < order.size() + ahead; ++i) {
    if (i >= ahead) insert(hashes[i % ahead], order[i - ahead]);
    if (i >= order.size()) continue;
    const ZoneNode node = image.nodeAt(order[i]);
    hashes[i % ahead] = node.owner().hash();
    image.prefetchIndex(hashes[i % ahead]);
    if (layout.nsecCount != 0 && !node.isOccluded() && node.has(Type::NSEC)) *nextNsec++ = order[i];
  }
}

}  // namespace taut::detail
