// What a version of a zone that has a delta knows of its nodes: see ZoneDelta.
#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "closest_encloser.hpp"
#include "nsec3_chain.hpp"
#include "taut/zone/zone.hpp"
#include "zone_links.hpp"

namespace taut {

namespace {

using detail::NodeHeader;
using detail::ZoneDelta;

using Places = std::span<const std::uint32_t>;

// The last of a list's first `count` places that counts; null where none does.
template <class Counts>
const NodeHeader* lastThatCounts(const NodeHeader* first, Places places, std::size_t count, const Counts& counts) {
  while (count > 0) {
    const NodeHeader* const place = first->at(places[--count]);
    if (counts(place)) return place;
  }
  return nullptr;
}

// How many of the first places the predicate is true for.
template <class Predicate>
std::size_t countWhile(const NodeHeader* first, Places places, const Predicate& isFirst) {
  const auto* const end = std::partition_point(places.data(), places.data() + places.size(),
                                               [&](std::uint32_t units) { return isFirst(first->at(units)); });
  return static_cast<std::size_t>(end - places.data());
}

// Of several lists of places in canonical order, the last place that counts among the first ones of each list, of which
// there are `countOfFirst`; where there is none, the last of all.
template <class Lists, class CountOfFirst, class Counts>
const NodeHeader* lastOf(const NodeHeader* first, const Lists& lists, const CountOfFirst& countOfFirst,
                         const Counts& counts) {
  const auto latest = [&](const auto& countIn) {
    const NodeHeader* best = nullptr;
    for (const Places list : lists) {
      const NodeHeader* const found = lastThatCounts(first, list, countIn(list), counts);
      if (found != nullptr && (best == nullptr || found->owner() > best->owner())) best = found;
    }
    return best;
  };
  const NodeHeader* const before = latest(countOfFirst);
  return before != nullptr ? before : latest([](Places list) { return list.size(); });
}

std::array<Places, ZoneDelta::levelCount + 1> listsOf(Places image, const ZoneDelta& delta,
                                                      ZoneDelta::Places detail::DeltaLevel::*added) {
  std::array<Places, ZoneDelta::levelCount + 1> lists{image};
  std::ranges::transform(delta.levels(), lists.begin() + 1, [&](const auto& level) { return Places((*level).*added); });
  return lists;
}

}  // namespace

const NodeHeader* Zone::place(NameView name, std::uint64_t hash) const {
  if (const ZoneNode found = image_.node(name, hash)) return found.header();
  return delta_ ? delta_->added(name, hash) : nullptr;
}

const NodeHeader* Zone::nsec3Place(NameView owner) const {
  const auto search = [&](Places places) -> const NodeHeader* {
    const std::size_t at =
        countWhile(image_.first(), places, [&](const NodeHeader* place) { return place->owner() < owner; });
    const NodeHeader* const found = at < places.size() ? image_.first()->at(places[at]) : nullptr;
    return found != nullptr && found->owner() == owner ? found : nullptr;
  };
  const NodeHeader* found = search(image_.nsec3Owners().units());
  if (!delta_) return found;
  for (const auto& level : delta_->levels())
    if (found == nullptr) found = search(level->nsec3Owners);
  return found;
}

ZoneNode Zone::nodeOfVersion(ZoneNode found, NameView name, std::uint64_t hash) const {
  const NodeHeader* const place = found ? found.header() : delta_->added(name, hash);
  return place != nullptr ? ZoneNode(delta_->current(place)) : ZoneNode();
}

// As `find`, of a name that the image has this node of. The hash is computed again for a name that it does not have:
// that way `find` need not keep it for all zones that have no delta.
ZoneLookup Zone::findInVersion(ZoneNode found, NameView name) const {
  ZoneLookup result;
  result.node = found ? current(found.header()) : nodeOfVersion(found, name, name.hash());
  const auto nodeOf = [this](NameView ancestor) { return node(ancestor); };
  result.encloser = result.node ? result.node : detail::closestEncloser(name, origin_, apex(), nodeOf);

  ZoneNode top = result.encloser;
  while (top.isOccluded()) top = parent(top);
  if (top.isCut()) {
    result.cut = top;
  } else if (top.hasDname() && top != result.node) {
    result.dname = top;
  } else if (!result.node && top.hasWildcardChild()) {
    result.wildcard = node(detail::WildcardName(top.owner()).view());
  }
  return result;
}

ZoneNode Zone::closestEncloser(NameView name) const {
  return detail::closestEncloser(name, origin_, apex(),
                                 [this](NameView ancestor) { return image_.node(ancestor, ancestor.hash()); });
}

const NodeHeader* Zone::targetPlace(NameView name) const {
  const ZoneLookup found = find(name);
  if (found.dname) return nullptr;
  const ZoneNode node = found.node ? found.node : found.wildcard;
  if (!delta_ || !node) return node.header();
  return place(node.owner(), node.owner().hash());
}

// A link is followed where it leads to a node of the first version that no other has replaced, and was not a guess of
// which name would be there. Else the name is looked up.
ZoneNode Zone::targetOfVersion(const ZoneRRset& set, std::size_t record, ByteSpan rdata) const {
  const std::int32_t units = set.links_[record];
  if (units == detail::outside) return {};
  if (units != detail::missing) {
    const NodeHeader* const place = set.node_->at(units);
    if (!place->has(detail::nodeflag::stale) && !place->owner().isWildcard()) return ZoneNode(place);
  }
  const auto name = detail::targetName(set.node_->owner(), set.data.type, rdata);
  const NodeHeader* const place = targetPlace(*name);
  return place != nullptr ? current(place) : ZoneNode();
}

bool Zone::hasNsecAt(const NodeHeader* place) const {
  const ZoneNode node = current(place);
  return node && !node.isOccluded() && node.has(Type::NSEC);
}

bool Zone::hasNsec3At(const NodeHeader* place) const {
  if (!place->has(detail::nodeflag::stale)) return true;
  const ZoneNode node = current(place);
  return node && detail::isInChain(node, origin_, nsec3Parameters_);
}

ZoneNode Zone::nsecOfVersion(NameView name) const {
  const auto lists = listsOf(image_.nsecChain().units(), *delta_, &detail::DeltaLevel::nsecs);
  const auto countOfFirst = [&](Places list) {
    return countWhile(image_.first(), list, [&](const NodeHeader* place) { return place->owner() <= name; });
  };
  const auto counts = [this](const NodeHeader* place) { return hasNsecAt(place); };
  return current(lastOf(image_.first(), lists, countOfFirst, counts));
}

Nsec3Match Zone::nsec3OfVersion(const Nsec3Hash& hash) const {
  const auto label = nsec3Label(hash);
  const std::string_view wanted(label.data(), label.size());
  const auto isNotAfter = [&](const NodeHeader* place) { return detail::compareLabels(place->owner(), wanted) <= 0; };
  const Places chain = image_.nsec3Chain().units();
  const auto lists = listsOf(chain, *delta_, &detail::DeltaLevel::nsec3Chain);
  const auto countOfFirst = [&](Places list) {
    if (list.data() != chain.data()) return countWhile(image_.first(), list, isNotAfter);
    const std::size_t index = image_.findNsec3(hash).index();
    return isNotAfter(image_.first()->at(chain[index])) ? index + 1 : 0;
  };
  const auto counts = [this](const NodeHeader* place) { return hasNsec3At(place); };
  const NodeHeader* const found = lastOf(image_.first(), lists, countOfFirst, counts);
  return {current(found), detail::compareLabels(found->owner(), wanted) == 0};
}

}  // namespace taut
