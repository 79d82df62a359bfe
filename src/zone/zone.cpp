#include "taut/zone/zone.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "nsec3_chain.hpp"
#include "taut/base/bytes.hpp"
#include "zone_image_writer.hpp"

namespace taut {

namespace {

namespace nodeflag = detail::nodeflag;

detail::ZoneCounts countsOf(const detail::ZoneLayout& layout) {
  return {layout.recordCount, layout.nodeCount, layout.nsecCount, layout.nsec3OwnerCount, layout.nsec3Count};
}

// "*.<parent>" on the stack. A name of 254 octets or more has no room for such a child, and the zone has none.
class WildcardName {
 public:
  explicit WildcardName(NameView parent) : size_(parent.size() + 2) {
    octets_[0] = 1;
    octets_[1] = '*';
    std::memcpy(octets_.data() + 2, parent.data(), parent.size());
  }

  NameView view() const { return NameView::trusted(octets_.data(), size_); }

 private:
  std::size_t size_;
  std::array<std::uint8_t, maxNameSize + 2> octets_;
};

}  // namespace

std::shared_ptr<const Zone> Zone::notLoaded(NameView origin, Class rrClass) {
  return std::make_shared<const Zone>(detail::ZoneImageWriter::loneApex(origin, rrClass));
}

Zone::Zone(detail::ZoneImage image, std::shared_ptr<const detail::ZoneDelta> delta)
    : delta_(std::move(delta)),
      apex_(current(image.first()).header()),
      image_(std::move(image)),
      origin_(image_.first()->owner()),
      counts_(delta_ ? delta_->counts() : countsOf(image_.layout())),
      rrClass_(static_cast<Class>(apex().header()->rrClass)) {
  const ZoneRRset soa = this->soa();
  if (!soa) return;
  const ByteSpan rdata = soa.data.front();
  const std::uint32_t minimum = loadU32(rdata.data() + rdata.size() - 4);
  serial_ = loadU32(rdata.data() + rdata.size() - 20);
  negativeTtl_ = std::min({soa.data.ttl, minimum, detail::ttlMask});
  signed_ = soa.rrsig.count != 0;
  if (hasNsec3()) nsec3Parameters_ = *detail::chosenNsec3Parameters(apex().rrset(Type::NSEC3PARAM).data);
}

std::size_t Zone::memoryUse() const {
  return sizeof *this + image_.memoryUse() + (delta_ ? delta_->octets() : 0);
}

// Every ancestor of a node is a node, so that a bisection finds the depth of the closest encloser: a name of 127 labels
// costs seven probes.
ZoneNode Zone::closestEncloser(NameView name) const {
  std::array<std::uint8_t, maxLabelCount + 1> offsets;  // of the ancestors between the name and the origin
  std::size_t count = 0;
  const std::size_t originAt = name.size() - origin_.size();
  for (std::size_t at = name.data()[0] + 1u; at < originAt; at += name.data()[at] + 1u)
    offsets[count++] = static_cast<std::uint8_t>(at);
  ZoneNode encloser = apex();
  std::size_t nearest = 0;  // the first ancestor that may exist
  while (nearest < count) {
    const std::size_t middle = nearest + (count - nearest - 1) / 2;
    const NameView ancestor = NameView::trusted(name.data() + offsets[middle], name.size() - offsets[middle]);
    if (const ZoneNode found = node(ancestor)) {
      encloser = found;
      count = middle;
    } else {
      nearest = middle + 1;
    }
  }
  return encloser;
}

// Most names are of ordinary nodes, of which nothing else need be known.
ZoneLookup Zone::find(NameView name, std::uint64_t hash) const {
  constexpr auto special = nodeflag::occluded | nodeflag::cut | nodeflag::dname | nodeflag::stale;
  const ZoneNode found = image_.node(name, hash);
  if (!found || found.header()->has(special)) return findSpecial(found, name, hash);
  ZoneLookup result;
  result.node = result.encloser = found;
  return result;
}

ZoneLookup Zone::findSpecial(ZoneNode found, NameView name, std::uint64_t hash) const {
  ZoneLookup result;
  result.node = delta_ ? nodeOfVersion(found, name, hash) : found;
  result.encloser = result.node ? result.node : closestEncloser(name);

  ZoneNode top = result.encloser;
  while (top.isOccluded()) top = parent(top);
  if (top.isCut()) {
    result.cut = top;
  } else if (top.hasDname() && top != result.node) {
    result.dname = top;
  } else if (!result.node && top.hasWildcardChild()) {
    result.wildcard = node(WildcardName(top.owner()).view());
  }
  return result;
}

ZoneNode Zone::nsecCovering(NameView name) const {
  if (!hasNsec()) return {};
  if (delta_) return nsecOfVersion(name);
  const auto chain = image_.nsecChain().units();
  const auto after = std::upper_bound(chain.begin(), chain.end(), name, [this](NameView wanted, std::uint32_t units) {
    return wanted < image_.nodeAt(units).owner();
  });
  return image_.nodeAt(after == chain.begin() ? chain.back() : after[-1]);
}

Nsec3Match Zone::nsec3(ZoneNode node) const {
  if (!hasNsec3()) return {};
  const auto* const links = node.header()->nsec3Links();
  return links != nullptr ? nsec3At(links->self, node.owner()) : nsec3(node.owner());
}

Nsec3Match Zone::nsec3Wildcard(ZoneNode encloser) const {
  if (!hasNsec3()) return {};
  const auto* const links = encloser.header()->nsec3Links();
  if (links != nullptr && !delta_) return nsec3At(links->wildcard, {});
  const auto wildcard = Name::join("*", encloser.owner());
  if (links == nullptr) return wildcard ? nsec3(wildcard->view()) : Nsec3Match{};
  return nsec3At(links->wildcard, wildcard && !encloser.isCut() ? wildcard->view() : encloser.owner());
}

// `name` is the one whose place this is; without a delta it does not matter.
Nsec3Match Zone::nsec3At(detail::Nsec3Place place, NameView name) const {
  const ZoneNode owner = image_.nsec3Chain()[place.index()];
  if (!delta_) return {owner, place.isExact()};
  const bool isWidened = !place.isExact() && delta_->isWidened(place.index());
  if (isWidened || !hasNsec3At(owner.header())) return nsec3(name);
  return {current(owner.header()), place.isExact()};
}

Nsec3Match Zone::nsec3(NameView name) const {
  if (!hasNsec3()) return {};
  return nsec3(nsec3Hash(name, nsec3Parameters_));
}

Nsec3Match Zone::nsec3(const Nsec3Hash& hash) const {
  if (!hasNsec3()) return {};
  if (delta_) return nsec3OfVersion(hash);
  const detail::Nsec3Place place = image_.findNsec3(hash);
  return {image_.nsec3Chain()[place.index()], place.isExact()};
}

}  // namespace taut
