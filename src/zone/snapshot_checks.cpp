#include "snapshot_checks.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "nsec3_chain.hpp"
#include "taut/dns/nsec3.hpp"
#include "taut/zone/zone_difference.hpp"

namespace taut::detail {

namespace {

// A bit for each unit at which a node begins.
class Starts {
 public:
  explicit Starts(std::uint32_t units) : bits_(std::size_t{units} / 64 + 1), units_(units) {}

  bool add(std::uint32_t units) {
    if (units >= units_) return false;
    bits_[units / 64] |= std::uint64_t{1} << units % 64;
    return true;
  }
  bool has(std::int64_t units) const {
    return units >= 0 && units < units_ && (bits_[static_cast<std::size_t>(units) / 64] >> units % 64 & 1) != 0;
  }

 private:
  std::vector<std::uint64_t> bits_;
  std::int64_t units_;
};

class Soundness {
 public:
  explicit Soundness(const ZoneImage& image)
      : image_(image),
        octets_(image.first()->octets(), std::size_t{image.layout().nodeUnits} * nodeUnit),
        starts_(image.layout().nodeUnits) {}

  bool check() {
    const auto nodes = image_.nodes().units();
    const auto owners = image_.nsec3Owners().units();
    const auto chain = image_.nsec3Chain().units();
    if (nodes.empty() || nodes.front() != 0) return false;
    const auto start = [this](std::uint32_t units) { return starts_.add(units); };
    return std::ranges::all_of(nodes, start) && std::ranges::all_of(owners, start) &&
           std::ranges::all_of(nodes, [this](std::uint32_t units) { return isSoundName(units); }) &&
           std::ranges::all_of(owners, [this](std::uint32_t units) { return isSoundNsec3Owner(units); }) &&
           std::ranges::all_of(chain, [this](std::uint32_t units) { return isSoundLink(units); }) &&
           nsecs_ == image_.layout().nsecCount && isSoundApex();
  }

 private:
  // Who looks for the cut above an occluded node goes from parent to parent.
  bool isSoundName(std::uint32_t units) {
    if (!isSoundNode(units)) return false;
    const NodeHeader& node = *image_.nodeAt(units).header();
    const bool isOccluded = node.has(nodeflag::occluded);
    if (!isOccluded && node.find(Type::NSEC) != nullptr) ++nsecs_;
    if (units == 0) return node.parent == 0 && !isOccluded;
    return node.parent != 0 && starts_.has(std::int64_t{units} - node.parent);
  }

  bool isSoundNsec3Owner(std::uint32_t units) const {
    return isSoundNode(units) && image_.nodeAt(units).header()->parent == 0;
  }

  bool isSoundLink(std::uint32_t units) const {
    return starts_.has(units) && nsec3HashFromLabel(image_.nodeAt(units).owner().firstLabel()).has_value();
  }

  bool isSoundNode(std::uint32_t units) const {
    const ByteSpan octets = octets_.subspan(std::size_t{units} * nodeUnit);
    if (octets.size() < sizeof(NodeHeader)) return false;
    const NodeHeader& node = *image_.nodeAt(units).header();
    const std::size_t ownerAt = NodeHeader::entriesAt(node.hasNsec3Links()) + node.entryCount * sizeof(RRsetEntry);
    if (octets.size() < ownerAt || octets.size() - ownerAt < node.nameSize) return false;
    const auto owner = NameView::fromWire(octets.subspan(ownerAt, node.nameSize));
    if (!owner || owner->size() != node.nameSize || owner->labelCount() != node.labelCount()) return false;
    const Nsec3Links* const links = node.nsec3Links();
    if (links != nullptr && std::max(links->self.index(), links->wildcard.index()) >= image_.layout().nsec3Count)
      return false;
    return std::all_of(node.entries(), node.entriesEnd(),
                       [&](const RRsetEntry& entry) { return isSoundSet(units, octets, node, entry); });
  }

  bool isSoundSet(std::uint32_t units, ByteSpan octets, const NodeHeader& node, const RRsetEntry& entry) const {
    const std::size_t least = entry.type == static_cast<std::uint16_t>(Type::RRSIG) ? sizeof(std::uint16_t) : 0;
    if (entry.count == 0 || entry.rdata > octets.size()) return false;
    std::size_t at = entry.rdata;
    for (std::size_t left = entry.count; left > 0; --left) {
      if (octets.size() - at < 2) return false;
      const std::size_t size = loadU16(octets.data() + at);
      at += 2;
      if (size < least || octets.size() - at < size) return false;
      at += size;
    }
    if (!entry.hasLinks()) return true;
    if (entry.rdata % alignof(std::int32_t) != 0 || entry.rdata < entry.count * sizeof(std::int32_t)) return false;
    return std::ranges::all_of(std::span(node.links(&entry), entry.count), [&](std::int32_t link) {
      return link <= missing || starts_.has(std::int64_t{units} + link);
    });
  }

  // What a Zone reads of it when it is made.
  bool isSoundApex() const {
    const ZoneNode apex = image_.nodeAt(0);
    const RRset soa = apex.rrset(Type::SOA).data;
    if (soa.count == 0 || soa.front().size() < leastSoaSize) return false;
    return image_.layout().nsec3Count == 0 || chosenNsec3Parameters(apex.rrset(Type::NSEC3PARAM).data).has_value();
  }

  const ZoneImage& image_;
  ByteSpan octets_;
  Starts starts_;
  std::size_t nsecs_ = 0;
};

}  // namespace

bool isSoundImage(const ZoneImage& image) {
  return Soundness(image).check();
}

}  // namespace taut::detail
