#include "node_writer.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "nsec3_chain.hpp"
#include "zone_links.hpp"

namespace taut::detail {

WrittenNodes NodeWriter::write(OwnerKeys keys) {
  written_.ordinary.units.reserve(keys.sorted.size());
  std::span<const OwnerKey> left(keys.sorted);
  while (!left.empty()) {
    std::size_t count = 1;
    while (count < left.size() && left[count].isSameOwner(left.front())) ++count;
    const auto runs = left.first(count);
    records_.read(runs);
    writeOwner(log_.run(runs.front().run).name(), runs.front());
    for (const OwnerKey& key : runs) log_.release(log_.run(key.run));
    left = left.subspan(count);
    keys.release(left.data());
  }
  log_.releaseAll();
  return std::move(written_);
}

void NodeWriter::writeOwner(NameView owner, const OwnerKey& key) {
  if (!records_.ordinary().empty()) {
    writeAncestors(owner, key);
    writeBelow(owner, records_.ordinary(), key.octets, key.size);
  }
  if (!records_.nsec3().empty()) {
    NodeOutput::Node node;
    node.owner = owner;
    node.rrClass = options_.rrClass;
    written_.nsec3.units.push_back(writeNode(node, records_.nsec3(), written_.nsec3.places));
  }
}

// Writes the empty non-terminals between `owner` and its nearest ancestor among the nodes.
void NodeWriter::writeAncestors(NameView owner, const OwnerKey& key) {
  const auto isAbove = [&](const Ancestor& ancestor) {
    return ancestor.keySize < key.size && std::memcmp(ancestor.key, key.octets, ancestor.keySize) == 0;
  };
  while (!ancestors_.empty() && !isAbove(ancestors_.back())) ancestors_.pop_back();
  if (ancestors_.empty()) return;
  const std::size_t labels = owner.labelCount();
  for (std::size_t depth = ancestors_.back().labelCount + 1; depth < labels; ++depth) {
    std::size_t keySize = ancestors_.back().keySize;
    while (key.octets[keySize++] != 0) continue;
    writeBelow(owner.suffix(depth), {}, key.octets, keySize);
  }
}

// Writes a node below the last of `ancestors_`, and appends it there.
void NodeWriter::writeBelow(NameView owner, std::span<const SetPlan> sets, const std::uint8_t* key,
                            std::size_t keySize) {
  if (ancestors_.empty()) written_.hasNsec3Links = usesNsec3(sets);
  NodeOutput::Node node;
  node.owner = owner;
  node.rrClass = options_.rrClass;
  node.flags = flagsOf(sets);
  node.nsec3Links = written_.hasNsec3Links && (node.flags & nodeflag::occluded) == 0;
  if (!ancestors_.empty()) {
    NodeHeader& parent = image_.node(ancestors_.back().units);
    node.parent = &parent;
    if (owner.isWildcard()) parent.flagBits |= nodeflag::wildcardChild;
  }
  const std::uint32_t units = writeNode(node, sets, written_.ordinary.places);
  written_.ordinary.units.push_back(units);
  ancestors_.push_back({units, owner.labelCount(), key, keySize});
}

std::uint16_t NodeWriter::flagsOf(std::span<const SetPlan> sets) const {
  constexpr unsigned hides = nodeflag::cut | nodeflag::dname;
  unsigned flags = 0;
  for (const SetPlan& set : sets) {
    if (set.type() == Type::NS) flags |= nodeflag::cut;
    if (set.type() == Type::DNAME) flags |= nodeflag::dname;
    if (set.type() == Type::CNAME) flags |= nodeflag::cname;
  }
  if (ancestors_.empty()) {
    flags = (flags & ~nodeflag::cut) | nodeflag::apex;
  } else if (image_.node(ancestors_.back().units).has(hides | nodeflag::occluded)) {
    flags = (flags & ~hides) | nodeflag::occluded;
  }
  return static_cast<std::uint16_t>(flags);
}

std::uint32_t NodeWriter::writeNode(const NodeOutput::Node& node, std::span<const SetPlan> sets, RecordPlaces& places) {
  NodeOutput::Node sized = node;
  sized.setCount = static_cast<std::uint16_t>(sets.size());
  const std::uint32_t units = image_.beginNode(sized);
  const bool isOccluded = (node.flags & nodeflag::occluded) != 0;
  bool anyLinks = false;
  for (const SetPlan& set : sets) {
    const bool links = !isOccluded && hasLinks(set);
    writeSet(set, links, places);
    anyLinks = anyLinks || links;
  }
  image_.endNode();
  if (anyLinks) written_.linked.push_back(units);
  return units;
}

void NodeWriter::writeSet(const SetPlan& set, bool linked, RecordPlaces& places) {
  image_.addSet({set.type(), set.ttl, static_cast<std::uint16_t>(set.records.size()), linked});
  for (const OwnerRecord& record : set.records) {
    image_.addRecord(record.logged->rdata());
    places.add({record.file, record.logged->line});
  }
}

bool NodeWriter::hasLinks(const SetPlan& set) const {
  return std::ranges::any_of(set.records, [&](const OwnerRecord& record) {
    return mayLeadTo(options_.origin, set.type(), record.logged->rdata());
  });
}

// Whether the apex, which is written first, names an NSEC3 chain that is to be used.
bool NodeWriter::usesNsec3(std::span<const SetPlan> apex) const {
  if (!log_.hasNsec3()) return false;
  for (const SetPlan& set : apex) {
    if (set.type() != Type::NSEC3PARAM) continue;
    for (const OwnerRecord& record : set.records)
      if (const auto parameters = readNsec3Param(record.logged->rdata()))
        return parameters->iterations <= options_.maxNsec3Iterations;
  }
  return false;
}

}  // namespace taut::detail
