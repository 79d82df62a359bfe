#include "zone_links.hpp"

#include <cstddef>
#include <cstdint>

#include "parallel.hpp"
#include "taut/dns/rdata.hpp"

namespace taut::detail {

namespace {

// For the commonest types the answer is no, without a look into their RDATA.
bool mayHaveTarget(Type type) {
  switch (type) {
    case Type::A:
    case Type::AAAA:
    case Type::CNAME:
    case Type::TXT:
    case Type::SOA:
    case Type::RRSIG:
    case Type::NSEC:
    case Type::NSEC3:
    case Type::DS:
    case Type::DNSKEY:
      return false;
    default:
      return true;
  }
}

std::int32_t linkTo(const NodeHeader& from, const Zone& zone, const RRset& records, ByteSpan rdata) {
  const auto target = targetName(records.owner, records.type, rdata);
  if (!target || !target->isWithin(zone.origin())) return outside;
  const NodeHeader* const to = zone.targetPlace(*target);
  if (to == nullptr) return missing;
  return static_cast<std::int32_t>((to->octets() - from.octets()) / static_cast<std::ptrdiff_t>(nodeUnit));
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

// The root stands for the owner itself (RFC 9460 section 2.5). In other types the root is a name of the root zone.
std::optional<NameView> targetName(NameView owner, Type type, ByteSpan rdata) {
  const auto name = additionalName(type, rdata);
  const bool rootIsSelf = type == Type::SVCB || type == Type::HTTPS;
  return name && rootIsSelf && name->isRoot() ? owner : name;
}

bool mayLeadTo(NameView origin, Type type, ByteSpan rdata) {
  if (!mayHaveTarget(type)) return false;
  const auto target = additionalName(type, rdata);
  return target && (target->isWithin(origin) || target->isRoot());
}

void linkTargets(NodeHeader& node, const Zone& zone) {
  for (const RRsetEntry* entry = node.entries(); entry != node.entriesEnd(); ++entry) {
    if (!entry->hasLinks()) continue;
    const RRset records = node.read(entry);
    auto* link = const_cast<std::int32_t*>(node.links(entry));
    for (const ByteSpan rdata : records) *link++ = linkTo(node, zone, records, rdata);
  }
}

// Targets are spread over the zone, so their index entries are prefetched some nodes ahead.
void linkTargets(ZoneImageWriter& image, const Zone& zone, std::span<const std::uint32_t> nodes) {
  constexpr std::size_t ahead = 8;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (i + ahead < nodes.size()) prefetchTargets(zone, ZoneNode(&image.node(nodes[i + ahead])));
    linkTargets(image.node(nodes[i]), zone);
  }
}

Nsec3Links nsec3LinksOf(ZoneNode node, const ZoneImage& image, const Nsec3Parameters& parameters) {
  const auto placeOf = [&](NameView name) { return image.findNsec3(nsec3Hash(name, parameters)); };
  Nsec3Links links;
  links.self = placeOf(node.owner());
  const auto wildcard = Name::join("*", node.owner());
  links.wildcard = wildcard && !node.isCut() ? placeOf(*wildcard) : links.self;
  return links;
}

void linkNsec3(ZoneImageWriter& image, const Zone& zone, unsigned threads) {
  const auto nodes = zone.image().nodes().units();
  constexpr std::size_t worthAThread = 1000;
  inParts(threads, nodes.size(), worthAThread, [&](std::size_t first, std::size_t last) {
    for (; first < last; ++first) {
      NodeHeader& node = image.node(nodes[first]);
      if (node.hasNsec3Links())
        const_cast<Nsec3Links&>(*node.nsec3Links()) =
            nsec3LinksOf(ZoneNode(&node), zone.image(), zone.nsec3Parameters());
    }
  });
}

}  // namespace taut::detail
