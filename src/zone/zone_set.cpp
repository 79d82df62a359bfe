#include "taut/zone/zone_set.hpp"

#include <algorithm>
#include <bit>

namespace taut {

namespace {

std::uint64_t hashOf(NameView origin, Class rrClass) {
  const std::uint64_t hash = origin.hash() + static_cast<std::uint64_t>(rrClass) * 0x9e3779b97f4a7c15;
  return hash ^ hash >> 32;
}

}  // namespace

ZoneSet::ZoneSet(std::span<const std::shared_ptr<const Zone>> zones) {
  table_.resize(std::bit_ceil(zones.size() * 2 + 1));
  zones_.reserve(zones.size());
  for (const auto& zone : zones) {
    if (!zone) continue;
    const std::size_t mask = table_.size() - 1;
    std::size_t slot = hashOf(zone->origin(), zone->rrClass()) & mask;
    const auto isOther = [&](const Zone& there) {
      return there.rrClass() != zone->rrClass() || there.origin() != zone->origin();
    };
    while (table_[slot] != 0 && isOther(*zones_[table_[slot] - 1])) slot = (slot + 1) & mask;
    if (table_[slot] != 0) {
      zones_[table_[slot] - 1] = zone;
      continue;
    }
    zones_.push_back(zone);
    table_[slot] = static_cast<std::uint32_t>(zones_.size());
    const std::size_t depth = zone->origin().labelCount();
    depths_[depth / 64] |= std::uint64_t{1} << depth % 64;
  }
}

std::shared_ptr<const Zone> ZoneSet::get(NameView origin, Class rrClass) const {
  const auto* found = slot(origin, rrClass);
  return found != nullptr ? *found : nullptr;
}

const Zone* ZoneSet::find(NameView name, Class rrClass, std::size_t mostLabels) const {
  std::size_t labels = name.labelCount();
  for (;; name = name.parent(), --labels) {
    const bool served = (depths_[labels / 64] >> labels % 64 & 1) != 0;
    if (served && labels <= mostLabels)
      if (const auto* found = slot(name, rrClass)) return found->get();
    if (labels == 0) return nullptr;
  }
}

const std::shared_ptr<const Zone>* ZoneSet::slot(NameView origin, Class rrClass) const {
  if (table_.empty()) return nullptr;
  const std::size_t mask = table_.size() - 1;
  for (std::size_t at = hashOf(origin, rrClass) & mask; table_[at] != 0; at = (at + 1) & mask) {
    const auto& zone = zones_[table_[at] - 1];
    if (zone->rrClass() == rrClass && zone->origin() == origin) return &zone;
  }
  return nullptr;
}

}  // namespace taut
