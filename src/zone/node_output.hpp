// Writes one node after the other into memory: the header, room for the NSEC3 links, the entries of the RRsets, the
// owner, and for each RRset room for its links and the RDATA.
#pragma once

#include <cstddef>
#include <cstdint>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/node_layout.hpp"

namespace taut::detail {

class NodeOutput {
 public:
  struct Node {
    NameView owner;
    const NodeHeader* parent = nullptr;  // null: the apex
    std::uint16_t flags = 0;
    Class rrClass = Class::IN;
    std::uint16_t setCount = 0;
    bool nsec3Links = false;
  };

  struct Set {
    Type type{};
    std::uint32_t ttl = 0;
    std::uint16_t count = 0;  // of records
    bool linked = false;      // room for a link from each record to a node
  };

  // Begins at an octet at a multiple of `nodeUnit`, with room for all nodes.
  explicit NodeOutput(std::uint8_t* at) : at_(at) {}

  // Begins the next node. Its sets follow in their order, and after each set its records. Links lead `outside` at
  // first.
  NodeHeader& begin(const Node& node);
  void addSet(const Set& set);
  void addRecord(ByteSpan rdata);
  void end() { align(); }

  std::uint8_t* at() const { return at_; }

  // Octets that a node takes at most without its RDATA, and those of a set beside its records.
  static std::size_t sizeOf(const Node& node);
  static constexpr std::size_t mostOfRecord = 2 + sizeof(std::int32_t);  // its length, its link

 private:
  void align();

  std::uint8_t* at_;
  NodeHeader* node_ = nullptr;
  RRsetEntry* nextEntry_ = nullptr;
};

}  // namespace taut::detail
