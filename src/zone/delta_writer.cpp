#include "delta_writer.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "nsec3_chain.hpp"

namespace taut::detail {

namespace {

// Entries of a level: with more it is merged into the next one. The first is copied for each version. The last one has
// no limit.
constexpr std::array<std::size_t, ZoneDelta::levelCount - 1> mostOfLevel{256, 4096};

ZoneDelta::Levels levelsOf(const ZoneDelta* delta) {
  if (delta != nullptr) return delta->levels();
  ZoneDelta::Levels levels;
  levels.fill(std::make_shared<const DeltaLevel>());
  return levels;
}

}  // namespace

DeltaWriter::DeltaWriter(const Zone& before)
    : before_(before),
      first_(before.image().first()),
      levels_(levelsOf(before.delta())),
      newest_(std::make_shared<DeltaLevel>(*levels_.front())) {}

void DeltaWriter::move(const NodeHeader* place, const NodeHeader* node) {
  newest_->moved.put(unitsOf(place), node != nullptr ? unitsOf(node) : 0);
  const_cast<NodeHeader*>(place)->markStale();
}

void DeltaWriter::addName(const NodeHeader* node) {
  newest_->added.add(static_cast<std::uint32_t>(node->owner().hash()), unitsOf(node));
  names_.push_back(unitsOf(node));
}

bool DeltaWriter::isListed(const NodeHeader* place, Places DeltaLevel::*list) const {
  const std::uint32_t units = unitsOf(place);
  return std::ranges::any_of(levels_, [&](const auto& level) {
    const Places& places = (*level).*list;
    const auto found = std::lower_bound(places.begin(), places.end(), units,
                                        [this](std::uint32_t a, std::uint32_t b) { return isBefore(a, b); });
    return found != places.end() && *found == units;
  });
}

void DeltaWriter::addNsec(const NodeHeader* place) {
  const bool isOfImage = unitsOf(place) < before_.image().layout().nodeUnits;
  if (isOfImage && !place->has(nodeflag::occluded) && place->find(Type::NSEC) != nullptr) return;
  if (!isListed(place, &DeltaLevel::nsecs)) nsecs_.push_back(unitsOf(place));
}

void DeltaWriter::addToChain(const NodeHeader* place) {
  const bool isOfImage = unitsOf(place) < before_.image().layout().nodeUnits;
  if (isOfImage && isInChain(ZoneNode(place), before_.origin(), before_.nsec3Parameters())) return;
  if (isListed(place, &DeltaLevel::nsec3Chain)) return;
  nsec3Chain_.push_back(unitsOf(place));
  const Nsec3Hash hash = *nsec3HashFromLabel(place->owner().firstLabel());
  newest_->widened.put(static_cast<std::uint32_t>(before_.image().findNsec3(hash).index()), 1);
}

void DeltaWriter::insert(Places& list, Places& added) const {
  const auto order = [this](std::uint32_t a, std::uint32_t b) { return isBefore(a, b); };
  std::ranges::sort(added, order);
  list.reserve(list.size() + added.size());
  const auto middle = static_cast<std::ptrdiff_t>(list.size());
  list.insert(list.end(), added.begin(), added.end());
  std::inplace_merge(list.begin(), list.begin() + middle, list.end(), order);
}

DeltaWriter::Places DeltaWriter::mergedPlaces(const Places& older, const Places& newer) const {
  Places all;
  all.reserve(older.size() + newer.size());
  std::ranges::merge(older, newer, std::back_inserter(all),
                     [this](std::uint32_t a, std::uint32_t b) { return isBefore(a, b); });
  return all;
}

// Without places in the lists of denial that no version has a node at any more: a search would go through them one by
// one. A place that gets a node again is listed again.
std::shared_ptr<DeltaLevel> DeltaWriter::merged(const DeltaLevel& older, const DeltaLevel& newer) const {
  auto both = std::make_shared<DeltaLevel>();
  both->moved = older.moved;
  both->added = older.added;
  both->widened = older.widened;
  newer.moved.forEach([&](std::uint32_t place, std::uint32_t node) { both->moved.put(place, node); });
  newer.added.forEach([&](std::uint32_t hash, std::uint32_t place) { both->added.add(hash, place); });
  newer.widened.forEach([&](std::uint32_t index, std::uint32_t) { both->widened.put(index, 1); });
  both->names = mergedPlaces(older.names, newer.names);
  both->nsec3Owners = mergedPlaces(older.nsec3Owners, newer.nsec3Owners);
  both->nsecs = mergedPlaces(older.nsecs, newer.nsecs);
  both->nsec3Chain = mergedPlaces(older.nsec3Chain, newer.nsec3Chain);
  const auto isGone = [&](std::uint32_t place) {
    const std::uint32_t* const node = both->moved.find(place);
    return node != nullptr && *node == 0;
  };
  std::erase_if(both->nsecs, isGone);
  std::erase_if(both->nsec3Chain, isGone);
  return both;
}

void DeltaWriter::pushDown(std::size_t level) {
  if (level >= mostOfLevel.size() || levels_[level]->size() <= mostOfLevel[level]) return;
  levels_[level + 1] = merged(*levels_[level + 1], *levels_[level]);
  levels_[level] = std::make_shared<const DeltaLevel>();
  pushDown(level + 1);
}

std::shared_ptr<const ZoneDelta> DeltaWriter::finish(const ZoneCounts& counts) {
  insert(newest_->names, names_);
  insert(newest_->nsecs, nsecs_);
  insert(newest_->nsec3Owners, nsec3Owners_);
  insert(newest_->nsec3Chain, nsec3Chain_);
  levels_.front() = newest_;
  pushDown(0);
  return std::make_shared<const ZoneDelta>(first_, levels_, counts);
}

}  // namespace taut::detail
