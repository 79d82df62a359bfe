#include "taut/zone/zone_delta.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

namespace taut::detail {

void UnitsTable::makeRoom() {
  constexpr std::size_t least = 16;
  if (2 * (size_ + 1) <= slots_.size()) return;
  UnitsTable larger;
  larger.slots_.resize(std::max(2 * slots_.size(), least));
  forEach([&](std::uint32_t key, std::uint32_t value) { larger.add(key, value); });
  *this = std::move(larger);
}

void UnitsTable::put(std::uint32_t key, std::uint32_t value) {
  if (const std::uint32_t* const found = find(key))
    const_cast<std::uint32_t&>(*found) = value;
  else
    add(key, value);
}

void UnitsTable::add(std::uint32_t key, std::uint32_t value) {
  makeRoom();
  std::size_t at = startOf(key);
  while (!slots_[at].isEmpty()) at = (at + 1) & (slots_.size() - 1);
  slots_[at] = {key, value};
  ++size_;
}

std::size_t DeltaLevel::octets() const {
  const std::size_t listed = names.size() + nsecs.size() + nsec3Owners.size() + nsec3Chain.size();
  return sizeof *this + moved.octets() + added.octets() + widened.octets() + listed * sizeof(std::uint32_t);
}

const NodeHeader* ZoneDelta::moved(const NodeHeader* place) const {
  const std::uint32_t units = unitsOf(place);
  for (const auto& level : levels_)
    if (const std::uint32_t* const found = level->moved.find(units)) return *found != 0 ? at(*found) : nullptr;
  return place;
}

const NodeHeader* ZoneDelta::added(NameView name, std::uint64_t hash) const {
  const auto isWanted = [&](std::uint32_t units) { return at(units)->owner() == name; };
  for (const auto& level : levels_)
    if (const std::uint32_t* const found = level->added.find(static_cast<std::uint32_t>(hash), isWanted))
      return at(*found);
  return nullptr;
}

bool ZoneDelta::isWidened(std::size_t index) const {
  return std::ranges::any_of(
      levels_, [&](const auto& level) { return level->widened.find(static_cast<std::uint32_t>(index)) != nullptr; });
}

std::size_t ZoneDelta::size() const {
  return std::accumulate(levels_.begin(), levels_.end(), std::size_t{0},
                         [](std::size_t sum, const auto& level) { return sum + level->size(); });
}

std::size_t ZoneDelta::octets() const {
  return std::accumulate(levels_.begin(), levels_.end(), sizeof *this,
                         [](std::size_t sum, const auto& level) { return sum + level->octets(); });
}

}  // namespace taut::detail
