#include "snapshot_checks.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "nsec3_chain.hpp"
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
    if (nodes.empty() || nodes.front() != 0) return false;
    const auto start = [this](std::uint32_t units) { return starts_.add(units); };
    if (!std::ranges::all_of(nodes, start) || !std::ranges::all_of(owners, start)) return false;
    const auto begins = [this](std::uint32_t units) { return starts_.has(units); };
    if (!std::ranges::all_of(image_.nsec3Chain().units(), begins)) return false;
    if (!std::ranges::all_of(image_.nsecChain().units(), begins)) return false;
    const auto isSound = [this](std::uint32_t units) { return isSoundNode(units); };
    return std::ranges::all_of(nodes, isSound) && std::ranges::all_of(owners, isSound) &&
           nsecs_ == image_.layout().nsecCount && isSoundApex();
  }

 private:
  bool isSoundNode(std::uint32_t units) {
    const ByteSpan octets = octets_.subspan(units * nodeUnit);
    if (octets.size() < sizeof(NodeHeader)) return false;
    const NodeHeader& node = *image_.nodeAt(units).header();
    const std::size_t ownerAt = NodeHeader::entriesAt(node.hasNsec3Links()) + node.entryCount * sizeof(RRsetEntry);
    if (octets.size() < ownerAt || octets.size() - ownerAt < node.nameSize) return false;
    const auto owner = NameView::fromWire(octets.subspan(ownerAt, node.nameSize));
    if (!owner || owner->size() != node.nameSize || owner->labelCount() != node.labelCount()) return false;
    // Who looks for a cut above an occluded node goes from parent to parent.
    if (units == 0 ? node.parent != 0 || node.has(nodeflag::occluded)
                   : node.parent == 0 || !starts_.has(std::int64_t{units} - node.parent))
      return false;
    if (const Nsec3Links* const links = node.nsec3Links())
      if (std::max(links->self.index(), links->wildcard.index()) >= image_.layout().nsec3Count) return false;
    const auto isSound = [&](const RRsetEntry& entry) { return isSoundSet(units, octets, node, entry); };
    if (!std::all_of(node.entries(), node.entriesEnd(), isSound)) return false;
    if (!node.has(nodeflag::occluded) && node.find(Type::NSEC) != nullptr && isListed(node)) ++nsecs_;
    return true;
  }

  // The owners of NSEC3 records have no NSEC that counts.
  static bool isListed(const NodeHeader& node) { return node.find(Type::NSEC3) == nullptr; }

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
