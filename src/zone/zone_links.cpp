#include "zone_links.hpp"

#include <cstddef>
#include <cstdint>

#include "parallel.hpp"
#include "taut/dns/rdata.hpp"

namespace taut::detail {

namespace {

// The node that a name of the zone leads to without passing a DNAME. It may be a wildcard.
ZoneNode targetOf(const Zone& zone, NameView name) {
  const ZoneLookup found = zone.find(name);
  if (found.dname) return {};
  return found.node ? found.node : found.wildcard;
}

void linkSet(ZoneImageWriter& image, const Zone& zone, std::uint32_t units, std::size_t index) {
  const NodeHeader* const node = image.node(units).header();
  const RRset records = node->read(node->entries() + index);
  // The root stands for the owner itself (RFC 9460 section 2.5). In other types the root is a name of the root zone.
  const bool rootIsSelf = records.type == Type::SVCB || records.type == Type::HTTPS;
  std::int32_t* link = image.targets(units, index).data();
  for (const ByteSpan rdata : records) {
    if (const auto name = additionalName(records.type, rdata)) {
      const NameView target = rootIsSelf && name->isRoot() ? records.owner : *name;
      const ZoneNode to = target.isWithin(zone.origin()) ? targetOf(zone, target) : ZoneNode();
      if (to) *link = static_cast<std::int32_t>(std::int64_t{zone.image().unitsOf(to)} - std::int64_t{units});
    }
    ++link;
  }
}

void linkNode(ZoneImageWriter& image, const Zone& zone, std::uint32_t units) {
  const NodeHeader* const node = image.node(units).header();
  for (std::size_t i = 0; i < node->entryCount; ++i)
    if (node->entries()[i].hasLinks()) linkSet(image, zone, units, i);
}

// Prefetches the index entries of a node's targets.
void prefetchTargets(const Zone& zone, ZoneNode node) {
  const NodeHeader* const header = node.header();
  for (const RRsetEntry* entry = header->entries(); entry != header->entriesEnd(); ++entry) {
    if (!entry->hasLinks()) continue;
    const RRset records = header->read(entry);
    for (const ByteSpan rdata : records)
      if (const auto name = additionalName(records.type, rdata)) zone.prefetch(name->hash());
  }
}

}  // namespace

// Targets are spread over the zone, so their index entries are prefetched some nodes ahead.
void linkTargets(ZoneImageWriter& image, const Zone& zone, std::span<const std::uint32_t> nodes) {
  constexpr std::size_t ahead = 8;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (i + ahead < nodes.size()) prefetchTargets(zone, image.node(nodes[i + ahead]));
    linkNode(image, zone, nodes[i]);
  }
}

void linkNsec3(ZoneImageWriter& image, const Zone& zone, unsigned threads) {
  const auto placeOf = [&](NameView name) { return zone.image().findNsec3(nsec3Hash(name, zone.nsec3Parameters())); };
  const auto nodes = zone.nodes();
  constexpr std::size_t worthAThread = 1000;
  inParts(threads, nodes.size(), worthAThread, [&](std::size_t first, std::size_t last) {
    for (; first < last; ++first) {
      const ZoneNode node = nodes[first];
      if (node.header()->nsec3Links() == nullptr) continue;
      Nsec3Links& links = image.nsec3Links(nodes.units()[first]);
      links.self = placeOf(node.owner());
      const auto wildcard = Name::join("*", node.owner());
      links.wildcard = wildcard && !node.isCut() ? placeOf(*wildcard) : links.self;
    }
  });
}

}  // namespace taut::detail
