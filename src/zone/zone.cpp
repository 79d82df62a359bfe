#include "taut/zone/zone.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "closest_encloser.hpp"
#include "nsec3_chain.hpp"
#include "taut/base/bytes.hpp"
#include "zone_image_writer.hpp"

namespace taut {

namespace {

namespace nodeflag = detail::nodeflag;

detail::ZoneCounts countsOf(const detail::ZoneLayout& layout) {
  return {layout.recordCount, layout.nodeCount, layout.nsecCount, layout.nsec3OwnerCount, layout.nsec3Count};
}

}  // namespace

std::shared_ptr<const Zone> Zone::notLoaded(NameView origin, Class rrClass) {
  return std::make_shared<const Zone>(detail::ZoneImageWriter::loneApex(origin, rrClass));
}

Zone::Zone(detail::ZoneImage image, std::shared_ptr<const detail::ZoneDelta> delta)
    : image_(std::move(image)),
      apex_(delta ? delta->current(image_.first()) : image_.first()),
      origin_(image_.first()->owner()),
      delta_(std::move(delta)),
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

// Most names are of ordinary nodes that are the same in all versions: nothing else need be known of them.
ZoneLookup Zone::find(NameView name, std::uint64_t hash) const {
  constexpr auto special = nodeflag::occluded | nodeflag::cut | nodeflag::dname | nodeflag::stale;
  ZoneLookup result;
  result.node = result.encloser = image_.node(name, hash);
  if (result.node && !result.node.header()->has(special)) return result;
  if (delta_ != nullptr) [[unlikely]]
    return findInVersion(result.node, name);
  if (!result.node) result.encloser = closestEncloser(name);

  const detail::NodeHeader* top = result.encloser.header();
  std::uint16_t flags = top->flags();
  for (; (flags & nodeflag::occluded) != 0; flags = top->flags()) top = top->parentPlace();
  if ((flags & nodeflag::cut) != 0) {
    result.cut = ZoneNode(top);
  } else if ((flags & nodeflag::dname) != 0 && top != result.node.header()) {
    result.dname = ZoneNode(top);
  } else if (!result.node && (flags & nodeflag::wildcardChild) != 0) {
    const detail::WildcardName wildcard(top->owner());
    result.wildcard = image_.node(wildcard.view(), wildcard.view().hash());
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
