#include "taut/zone/zone_set.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace taut {

namespace {

constexpr std::size_t largeFrom = std::size_t{512} << 10;  // octets of all zones

std::uint64_t hashOf(std::uint64_t nameHash, Class rrClass) {
  const std::uint64_t hash = nameHash + static_cast<std::uint64_t>(rrClass) * 0x9e3779b97f4a7c15;
  return hash ^ std::rotr(hash, 29);
}

std::uint64_t hashOf(NameView origin, Class rrClass) {
  return hashOf(origin.hash(), rrClass);
}

}  // namespace

ZoneSet::ZoneSet(std::span<const std::shared_ptr<const Zone>> zones, std::span<const ZonesOfView> views) {
  add(zones);
  for (const ZonesOfView& given : views) {
    auto view = std::make_unique<ZoneSet>(given.zones);
    view->outer_ = this;
    view->viewName_ = given.view;
    views_.push_back(std::move(view));
  }
}

ZoneSet::ZoneSet(std::span<const std::shared_ptr<const Zone>> zones, std::shared_ptr<const ZoneSet> beside)
    : outer_(beside.get()), beside_(std::move(beside)) {
  add(zones);
  if (outer_->isLarge()) isLarge_ = true;
}

void ZoneSet::add(std::span<const std::shared_ptr<const Zone>> zones) {
  table_ = std::vector<Slot>(std::bit_ceil(zones.size() * 2 + 1));
  zones_.reserve(zones.size());
  for (const auto& zone : zones) {
    if (!zone) continue;
    octets_ += zone->memoryUse();
    if (Slot* const there = slot(zone->origin(), zone->rrClass())) {
      if (!zone->isLoaded()) continue;
      zones_[there->index] = zone;
      there->zone = zone.get();
      continue;
    }
    const std::uint64_t hash = hashOf(zone->origin(), zone->rrClass());
    std::size_t at = hash & (table_.size() - 1);
    while (table_[at].zone != nullptr) at = (at + 1) & (table_.size() - 1);
    table_[at].zone = zone.get();
    table_[at].hash = static_cast<std::uint32_t>(hash >> 32);
    table_[at].index = static_cast<std::uint32_t>(zones_.size());
    zones_.push_back(zone);
    const std::size_t depth = zone->origin().labelCount();
    depths_[depth / 64] |= std::uint64_t{1} << depth % 64;
  }
  isLarge_ = octets_ >= largeFrom;
}

void ZoneSet::restrict(NameView origin, Class rrClass, AccessList clients, std::string_view view) {
  if (!view.empty()) {
    const auto found = std::ranges::find(views_, view, &ZoneSet::viewName);
    if (found != views_.end()) (*found)->restrict(origin, rrClass, std::move(clients));
    return;
  }
  Slot* const found = slot(origin, rrClass);
  if (found == nullptr) return;
  Restricted& restricted = restricted_[found->index];
  restricted = {std::move(clients), Zone::notLoaded(origin, rrClass)};
  found->zone = restricted.standIn.get();
}

void ZoneSet::addUnserved(std::shared_ptr<const Zone> zone) {
  unserved_.push_back(zones_.size());
  zones_.push_back(std::move(zone));
}

// With the mutex locked. There is hardly ever more than one.
std::optional<std::size_t> ZoneSet::findUnserved(NameView origin, Class rrClass) const {
  const auto found = std::ranges::find_if(unserved_, [&](std::size_t place) {
    return zones_[place]->rrClass() == rrClass && zones_[place]->origin() == origin;
  });
  return found == unserved_.end() ? std::nullopt : std::optional(*found);
}

std::shared_ptr<const Zone> ZoneSet::replace(std::shared_ptr<const Zone> version, std::string_view view) {
  if (!view.empty()) {
    const auto found = std::ranges::find(views_, view, &ZoneSet::viewName);
    auto before = found == views_.end() ? nullptr : (*found)->replace(std::move(version));
    if (before) ++replacements_;
    return before;
  }
  const std::size_t size = version->memoryUse();
  const std::lock_guard lock(mutex_);
  Slot* const found = slot(version->origin(), version->rrClass());
  if (found == nullptr) {
    const auto place = findUnserved(version->origin(), version->rrClass());
    if (!place) return nullptr;
    ++replacements_;
    return std::exchange(zones_[*place], std::move(version));
  }
  std::shared_ptr<const Zone> before = std::exchange(zones_[found->index], std::move(version));
  if (!restricted_.contains(found->index)) found->zone.store(zones_[found->index].get(), std::memory_order_release);
  octets_ += size - before->memoryUse();
  isLarge_.store(octets_ >= largeFrom || (beside_ && beside_->isLarge()), std::memory_order_relaxed);
  ++replacements_;
  return before;
}

std::shared_ptr<const Zone> ZoneSet::get(NameView origin, Class rrClass) const {
  if (auto served = getServed(origin, rrClass)) return served;
  if (unserved_.empty()) return nullptr;
  const std::lock_guard lock(mutex_);
  const auto place = findUnserved(origin, rrClass);
  return place ? zones_[*place] : nullptr;
}

std::shared_ptr<const Zone> ZoneSet::getServed(NameView origin, Class rrClass) const {
  const std::lock_guard lock(mutex_);
  const Slot* const found = slot(origin, rrClass);
  return found != nullptr ? zones_[found->index] : nullptr;
}

const Zone* ZoneSet::behind(const Zone& found, const Query& query) const {
  if (const Slot* const own = slot(found.origin(), found.rrClass())) {
    const auto known = restricted_.find(own->index);
    if (known != restricted_.end() && known->second.standIn.get() == &found) {
      if (!known->second.clients.allows(query)) return nullptr;
      const std::lock_guard lock(mutex_);
      return zones_[own->index].get();
    }
  }
  return outer_ != nullptr ? outer_->behind(found, query) : &found;
}

// A shard that asks for one of them meanwhile does not wait for all.
std::vector<std::shared_ptr<const Zone>> ZoneSet::zones() const {
  constexpr std::size_t atATime = 256;
  std::vector<std::shared_ptr<const Zone>> zones;
  zones.reserve(zones_.size());
  while (zones.size() < zones_.size()) {
    const std::lock_guard lock(mutex_);
    const std::size_t end = std::min(zones.size() + atATime, zones_.size());
    while (zones.size() < end) zones.push_back(zones_[zones.size()]);
  }
  return zones;
}

const ZoneSet* ZoneSet::view(std::string_view name) const {
  const auto found = std::ranges::find(views_, name, &ZoneSet::viewName);
  return found == views_.end() ? nullptr : found->get();
}

const Zone* ZoneSet::findInView(NameView name, Class rrClass) const {
  const Zone* const own = findOwn(name, rrClass);
  const Zone* const outer = outer_->find(name, rrClass);
  if (own == nullptr || outer == nullptr) return own != nullptr ? own : outer;
  // Both enclose the name, so the longer origin has more octets.
  return own->origin().size() >= outer->origin().size() ? own : outer;
}

const Zone* ZoneSet::findOwn(NameView name, Class rrClass) const {
  std::array<std::uint8_t, maxLabelCount + 1> offsets;  // of the name and its ancestors, the root last
  std::size_t labels = 0;
  std::size_t at = 0;
  for (; name.data()[at] != 0; at += name.data()[at] + 1u) offsets[labels++] = static_cast<std::uint8_t>(at);
  offsets[labels] = static_cast<std::uint8_t>(at);
  for (std::size_t depth = labels;; --depth) {
    if ((depths_[depth / 64] >> depth % 64 & 1) != 0) {
      const std::size_t offset = offsets[labels - depth];
      const NameView origin = NameView::trusted(name.data() + offset, name.size() - offset);
      if (const auto* found = slot(origin, rrClass)) return found->zone.load(std::memory_order_acquire);
    }
    if (depth == 0) return nullptr;
  }
}

const ZoneSet::Slot* ZoneSet::slot(NameView origin, Class rrClass) const {
  if (table_.empty()) return nullptr;
  const std::uint64_t hash = hashOf(origin, rrClass);
  const std::size_t mask = table_.size() - 1;
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    const Slot& place = table_[at];
    const Zone* const zone = place.zone.load(std::memory_order_acquire);
    if (zone == nullptr) return nullptr;
    if (place.hash == static_cast<std::uint32_t>(hash >> 32) && zone->rrClass() == rrClass && zone->origin() == origin)
      return &place;
  }
}

ZoneSet::Slot* ZoneSet::slot(NameView origin, Class rrClass) {
  return const_cast<Slot*>(std::as_const(*this).slot(origin, rrClass));
}

ZoneSet::LookAhead::LookAhead(const ZoneSet& zones, NameView name, std::uint64_t hash) {
  const ZoneSet& looked = zones.beside_ && zones.beside_->isLarge() ? *zones.beside_ : zones;
  if (looked.table_.empty()) return;
  NameView origin = name;
  std::size_t labels = origin.labelCount();
  const auto isServed = [&] { return (looked.depths_[labels / 64] >> labels % 64 & 1) != 0; };
  for (; labels > 0 && !isServed(); --labels) origin = origin.parent();
  hash_ = hash;
  const std::uint64_t ofOrigin = hashOf(origin.size() == name.size() ? hash : origin.hash(), Class::IN);
  originHash_ = static_cast<std::uint32_t>(ofOrigin >> 32);
  slot_ = &looked.table_[ofOrigin & (looked.table_.size() - 1)];
  __builtin_prefetch(slot_);
}

// Another zone may have taken this slot, and this zone is a few slots further then. A search would not pay.
void ZoneSet::LookAhead::prefetchZone() {
  if (slot_ == nullptr || slot_->hash != originHash_) return;
  zone_ = slot_->zone.load(std::memory_order_acquire);
  if (zone_ != nullptr) zone_->prefetch();
}

void ZoneSet::LookAhead::prefetchIndex() const {
  if (zone_ != nullptr && zone_->isLoaded()) zone_->prefetch(hash_);
}

void ZoneSet::LookAhead::prefetchNode() const {
  if (zone_ != nullptr && zone_->isLoaded()) zone_->prefetchNode(hash_);
}

}  // namespace taut
