#include "zone_image_writer.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace taut::detail {

ZoneImageWriter::ZoneImageWriter(const ZoneLayout& bound) : block_(std::make_shared<Block>(bound.size())) {}

ZoneImage ZoneImageWriter::loneApex(NameView origin, Class rrClass) {
  ZoneLayout layout;
  layout.nodeUnits = static_cast<std::uint32_t>((sizeof(NodeHeader) + origin.size() + nodeUnit - 1) / nodeUnit);
  ZoneImageWriter writer(layout);
  Node apex;
  apex.owner = origin;
  apex.flags = nodeflag::apex;
  apex.rrClass = rrClass;
  writer.beginNode(apex);
  return {std::move(writer.block_), layout};
}

void ZoneImageWriter::align() {
  written_ = (written_ + nodeUnit - 1) / nodeUnit * nodeUnit;
}

std::uint32_t ZoneImageWriter::beginNode(const Node& node) {
  units_ = static_cast<std::uint32_t>(written_ / nodeUnit);
  NodeHeader& header = headerAt(units_);
  header.parent = units_ - node.parent;
  header.flags = node.flags;
  header.entryCount = node.setCount;
  header.rrClass = static_cast<std::uint16_t>(node.rrClass);
  header.nameSize = static_cast<std::uint8_t>(node.owner.size());
  header.labelCount = static_cast<std::uint8_t>(node.owner.labelCount());
  const std::size_t ownerAt = NodeHeader::entriesAt(node.flags) + node.setCount * sizeof(RRsetEntry);
  nextEntry_ = reinterpret_cast<RRsetEntry*>(block_->data() + written_ + NodeHeader::entriesAt(node.flags));
  std::memcpy(block_->data() + written_ + ownerAt, node.owner.data(), node.owner.size());
  written_ += ownerAt + node.owner.size();
  return units_;
}

void ZoneImageWriter::addSet(const Set& set) {
  if (set.linked) {
    align();
    std::fill_n(reinterpret_cast<std::int32_t*>(block_->data() + written_), set.count, noTarget);
    written_ += set.count * sizeof(std::int32_t);
  }
  RRsetEntry& entry = *nextEntry_++;
  entry.type = static_cast<std::uint16_t>(set.type);
  entry.count = set.count;
  entry.ttl = set.linked ? set.ttl | ~ttlMask : set.ttl;
  entry.rdata = static_cast<std::uint32_t>(block_->data() + written_ - at(units_));
  recordCount_ += set.count;
  if (set.type == Type::NSEC && !headerAt(units_).has(nodeflag::occluded)) ++nsecCount_;
}

void ZoneImageWriter::addRecord(ByteSpan rdata) {
  std::uint8_t* const out = block_->data() + written_;
  storeU16(out, static_cast<std::uint16_t>(rdata.size()));
  if (!rdata.empty()) std::memcpy(out + 2, rdata.data(), rdata.size());
  written_ += 2 + rdata.size();
}

void ZoneImageWriter::endNode() {
  align();
}

ZoneImage ZoneImageWriter::placeLists(const NodeLists& lists) {
  ZoneLayout layout;
  layout.recordCount = recordCount_;
  layout.nodeUnits = static_cast<std::uint32_t>(written_ / nodeUnit);
  layout.nodeCount = static_cast<std::uint32_t>(lists.nodes.size());
  layout.nsec3OwnerCount = static_cast<std::uint32_t>(lists.nsec3Owners.size());
  layout.nsec3Count = static_cast<std::uint32_t>(lists.chain.owners.size());
  layout.nsecCount = nsecCount_;
  block_->shrink(layout.size());

  auto* out = reinterpret_cast<std::uint32_t*>(block_->data() + layout.listsAt());
  out = std::copy(lists.nodes.begin(), lists.nodes.end(), out);
  out = std::copy(lists.nsec3Owners.begin(), lists.nsec3Owners.end(), out);
  out = std::copy(lists.chain.owners.begin(), lists.chain.owners.end(), out);
  std::copy(lists.chain.prefixes.begin(), lists.chain.prefixes.end(), out);
  ZoneImage image(block_, layout);
  fillIndex(image);
  return image;
}

// Fills the list of nodes with an NSEC too: that way it costs no second walk.
void ZoneImageWriter::fillIndex(const ZoneImage& image) {
  const ZoneLayout& layout = image.layout();
  auto* const buckets = reinterpret_cast<IndexBucket*>(block_->data() + layout.indexAt());
  const std::size_t bucketCount = layout.bucketCount();
  auto* nextNsec = reinterpret_cast<std::uint32_t*>(block_->data() + layout.size()) - layout.nsecCount;
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

std::span<std::int32_t> ZoneImageWriter::targets(std::uint32_t units, std::size_t set) {
  const RRsetEntry& entry = node(units).header()->entries()[set];
  return {reinterpret_cast<std::int32_t*>(at(units) + entry.rdata) - entry.count, entry.count};
}

}  // namespace taut::detail
