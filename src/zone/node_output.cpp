#include "node_output.hpp"

#include <algorithm>
#include <cstring>

namespace taut::detail {

NodeHeader& NodeOutput::begin(const Node& node) {
  node_ = reinterpret_cast<NodeHeader*>(at_);
  node_->parent = 0;
  if (node.parent != nullptr)
    node_->parent = static_cast<std::uint32_t>(static_cast<std::size_t>(at_ - node.parent->octets()) / nodeUnit);
  node_->flagBits = node.flags;
  node_->entryCount = node.setCount;
  node_->rrClass = static_cast<std::uint16_t>(node.rrClass);
  node_->nameSize = static_cast<std::uint8_t>(node.owner.size());
  node_->labels = static_cast<std::uint8_t>(node.owner.labelCount() | (node.nsec3Links ? NodeHeader::linksBit : 0U));
  nextEntry_ = const_cast<RRsetEntry*>(node_->entries());
  at_ = reinterpret_cast<std::uint8_t*>(nextEntry_ + node.setCount);
  std::memcpy(at_, node.owner.data(), node.owner.size());
  at_ += node.owner.size();
  return *node_;
}

void NodeOutput::addSet(const Set& set) {
  if (set.linked) {
    align();
    std::fill_n(reinterpret_cast<std::int32_t*>(at_), set.count, outside);
    at_ += set.count * sizeof(std::int32_t);
  }
  RRsetEntry& entry = *nextEntry_++;
  entry.type = static_cast<std::uint16_t>(set.type);
  entry.count = set.count;
  entry.ttl = set.linked ? set.ttl | ~ttlMask : set.ttl;
  entry.rdata = static_cast<std::uint32_t>(at_ - node_->octets());
}

void NodeOutput::addRecord(ByteSpan rdata) {
  storeU16(at_, static_cast<std::uint16_t>(rdata.size()));
  if (!rdata.empty()) std::memcpy(at_ + 2, rdata.data(), rdata.size());
  at_ += 2 + rdata.size();
}

void NodeOutput::align() {
  at_ += (nodeUnit - reinterpret_cast<std::uintptr_t>(at_) % nodeUnit) % nodeUnit;
}

std::size_t NodeOutput::sizeOf(const Node& node) {
  // An entry, and octets before the links and at the end that align what follows.
  return NodeHeader::entriesAt(node.nsec3Links) + node.owner.size() + nodeUnit +
         node.setCount * (sizeof(RRsetEntry) + nodeUnit);
}

}  // namespace taut::detail
