#include "taut/zone/zone_settling.hpp"

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "node_output.hpp"
#include "node_writer.hpp"
#include "nsec3_chain.hpp"
#include "zone_block.hpp"
#include "zone_image_writer.hpp"
#include "zone_links.hpp"

namespace taut {

namespace {

using detail::NodeHeader;
using detail::nodeUnit;

detail::ZoneLayout boundOf(const Zone& zone) {
  const detail::ZoneLayout& image = zone.image().layout();
  const detail::ZoneCounts& counts = zone.counts();
  const std::size_t units = image.nodeUnits + zone.image().block().tailUsed() / nodeUnit;
  detail::ZoneLayout bound;
  bound.nodeUnits = static_cast<std::uint32_t>(std::min<std::size_t>(units, std::numeric_limits<std::int32_t>::max()));
  bound.nodeCount = counts.nodes;
  bound.nsec3OwnerCount = counts.nsec3Owners;
  bound.nsec3Count = counts.nsec3Chain;
  bound.nsecCount = counts.nsecs;
  return bound;
}

// Writes the nodes of a version, in canonical order, into a new image.
class Settling {
 public:
  Settling(const Zone& zone, const std::function<bool()>& goesOn)
      : zone_(zone), goesOn_(goesOn), image_(boundOf(zone)) {}

  std::shared_ptr<const Zone> run() {
    if (!writeAll()) return nullptr;
    detail::NodeLists lists{nodes_, nsec3Owners_, {}};
    if (zone_.hasNsec3()) lists.chain = nsec3ChainOf(ZoneNode(&image_.node(0)), nsec3Owners_, zone_.nsec3Parameters());
    auto settled = std::make_shared<const Zone>(image_.placeLists(lists));
    if (goesOn_ && !goesOn_()) return nullptr;
    linkTargets(image_, *settled, linked_);
    if (settled->hasNsec3()) linkNsec3(image_, *settled, 1);
    return settled;
  }

 private:
  struct Ancestor {
    std::uint32_t units;
    std::size_t labelCount;
  };

  bool writeAll() {
    auto node = zone_.nodes().begin();
    auto owner = zone_.nsec3Nodes().begin();
    constexpr std::size_t step = 4096;
    for (std::size_t count = 1; *node || *owner; ++count) {
      if (count % step == 0 && goesOn_ && !goesOn_()) return false;
      if (*node && (!*owner || (*node).owner() <= (*owner).owner()))
        writeName(*node++);
      else
        nsec3Owners_.push_back(write(*owner++, nullptr));
    }
    return true;
  }

  void writeName(ZoneNode node) {
    while (!ancestors_.empty() && ancestors_.back().labelCount >= node.labelCount()) ancestors_.pop_back();
    const std::uint32_t units = write(node, ancestors_.empty() ? nullptr : &image_.node(ancestors_.back().units));
    ancestors_.push_back({units, node.labelCount()});
    nodes_.push_back(units);
  }

  std::uint32_t write(ZoneNode from, const NodeHeader* parent) {
    const NodeHeader* const header = from.header();
    detail::NodeOutput::Node node;
    node.owner = from.owner();
    node.parent = parent;
    node.flags = static_cast<std::uint16_t>(header->flags() & ~detail::nodeflag::stale);
    node.rrClass = zone_.rrClass();
    node.setCount = header->entryCount;
    node.nsec3Links = header->hasNsec3Links();
    const std::uint32_t units = image_.beginNode(node);
    bool anyLinks = false;
    for (const detail::RRsetEntry* entry = header->entries(); entry != header->entriesEnd(); ++entry) {
      const RRset set = header->read(entry);
      image_.addSet({set.type, set.ttl, set.count, entry->hasLinks()});
      for (const ByteSpan rdata : set) image_.addRecord(rdata);
      anyLinks = anyLinks || entry->hasLinks();
    }
    image_.endNode();
    if (anyLinks) linked_.push_back(units);
    return units;
  }

  const Zone& zone_;
  const std::function<bool()>& goesOn_;
  detail::ZoneImageWriter image_;
  detail::LargeList<std::uint32_t> nodes_;
  detail::LargeList<std::uint32_t> nsec3Owners_;
  detail::LargeList<std::uint32_t> linked_;
  std::vector<Ancestor> ancestors_;
};

}  // namespace

bool isWorthSettling(const Zone& zone) {
  if (zone.delta() == nullptr) return false;
  constexpr std::size_t fewest = 4096;
  const detail::ZoneBlock& block = zone.image().block();
  return zone.delta()->size() > std::max<std::size_t>(fewest, zone.nodeCount() / 16) ||
         block.tailUsed() > block.tailSize() / 4 * 3;
}

std::shared_ptr<const Zone> settle(const Zone& zone, const std::function<bool()>& goesOn) {
  return Settling(zone, goesOn).run();
}

}  // namespace taut
