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

#include "node_output.hpp"
#include "nsec3_chain.hpp"
#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/zone_image.hpp"
#include "zone_block.hpp"

namespace taut::detail {

// Nodes, by their distance in units from the first one. Each list is in canonical order.
struct NodeLists {
  std::span<const std::uint32_t> nodes;
  std::span<const std::uint32_t> nsec3Owners;
  Nsec3Chain chain;
};

class ZoneImageWriter {
 public:
  // Makes room for what `bound` counts. The bound need not be exact: room that is not touched costs nothing.
  explicit ZoneImageWriter(const ZoneLayout& bound);

  // The image of a zone without data: an apex that no list names.
  static ZoneImage loneApex(NameView origin, Class rrClass);

  // An image whose nodes and lists are in the block already, but for the list of nodes with an NSEC, of which there are
  // as many as the layout says.
  static ZoneImage ofPlaced(std::shared_ptr<ZoneBlock> block, const ZoneLayout& layout);

  // Begins the next node and returns where it is: see NodeOutput.
  std::uint32_t beginNode(const NodeOutput::Node& node);
  void addSet(const NodeOutput::Set& set);
  void addRecord(ByteSpan rdata) { output_.addRecord(rdata); }
  void endNode() { output_.end(); }

  // A node that was begun.
  NodeHeader& node(std::uint32_t units) { return *reinterpret_cast<NodeHeader*>(block_->data() + units * nodeUnit); }

  // Puts the index and the lists after the nodes, which may move. From then on the image can be read, and only links
  // can be written.
  ZoneImage placeLists(const NodeLists& lists);

 private:
  static void fillIndex(const ZoneImage& image);

  std::shared_ptr<ZoneBlock> block_;
  NodeOutput output_;
  const NodeHeader* node_ = nullptr;  // that is being written
  std::uint64_t recordCount_ = 0;
  std::uint32_t nsecCount_ = 0;
};

}  // namespace taut::detail
