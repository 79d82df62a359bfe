// Writes the memory of a zone: the nodes one after the other, then the index and the lists, then the links between
// nodes.
//
// More than half of the cost of a large zone is memory that is touched for the first time. So nodes are written where
// they stay, and room that turns out not to be needed is given back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "arena.hpp"
#include "nsec3_chain.hpp"
#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/zone_image.hpp"

namespace taut::detail {

// Nodes, by their distance in units from the first one. Each list is in canonical order.
struct NodeLists {
  std::span<const std::uint32_t> nodes;
  std::span<const std::uint32_t> nsec3Owners;
  Nsec3Chain chain;
};

class ZoneImageWriter {
 public:
  struct Node {
    NameView owner;
    std::uint32_t parent = 0;  // units; the node itself, when it is the apex
    std::uint16_t flags = 0;
    Class rrClass = Class::IN;
    std::uint16_t setCount = 0;
  };

  struct Set {
    Type type{};
    std::uint32_t ttl = 0;
    std::uint16_t count = 0;  // of records
    bool linked = false;      // room for a link from each record to a node
  };

  // Makes room for what `bound` counts. The bound need not be exact: room that is not touched costs nothing.
  explicit ZoneImageWriter(const ZoneLayout& bound);

  // The image of a zone without data: an apex that no list names.
  static ZoneImage loneApex(NameView origin, Class rrClass);

  // Begins the next node and returns where it is. Its sets follow in their order, and after each set its records.
  std::uint32_t beginNode(const Node& node);
  void addSet(const Set& set);
  void addRecord(ByteSpan rdata);
  void endNode();

  // A handle of a node that was begun.
  ZoneNode node(std::uint32_t units) const { return ZoneNode(reinterpret_cast<const NodeHeader*>(at(units))); }
  void addFlags(std::uint32_t units, std::uint16_t flags) { headerAt(units).flags |= flags; }

  // Puts the index and the lists after the nodes. From then on the image can be read, and only links can be written.
  ZoneImage placeLists(const NodeLists& lists);

  // The links of the `set`-th RRset of a node, which has links: one for each record, in units from the node to the
  // target. Each is `noTarget` at first.
  std::span<std::int32_t> targets(std::uint32_t units, std::size_t set);
  Nsec3Links& nsec3Links(std::uint32_t units) { return *reinterpret_cast<Nsec3Links*>(&headerAt(units) + 1); }

 private:
  std::uint8_t* at(std::uint32_t units) const { return block_->data() + std::size_t{units} * nodeUnit; }
  NodeHeader& headerAt(std::uint32_t units) { return *reinterpret_cast<NodeHeader*>(at(units)); }
  void align();
  void fillIndex(const ZoneImage& image);

  std::shared_ptr<Block> block_;
  std::uint64_t recordCount_ = 0;
  std::uint32_t nsecCount_ = 0;

  // The node that is being written.
  std::size_t written_ = 0;  // octets of all nodes
  std::uint32_t units_ = 0;
  RRsetEntry* nextEntry_ = nullptr;
};

}  // namespace taut::detail
