#include "taut/zone/zone_node_range.hpp"

#include <algorithm>

namespace taut {

ZoneNodeRange::Iterator ZoneNodeRange::begin() const {
  Iterator iterator;
  iterator.first_ = first_;
  iterator.listed_ = listed_;
  iterator.delta_ = delta_;
  if (delta_ != nullptr)
    std::ranges::transform(delta_->levels(), iterator.added_.begin(),
                           [this](const auto& level) { return std::span((*level).*added_); });
  iterator.start();
  return iterator;
}

ZoneNodeRange::Iterator ZoneNodeRange::after(NameView name) const {
  Iterator iterator;
  iterator.first_ = first_;
  const auto behind = [&](std::span<const std::uint32_t> places) {
    const auto* const found =
        std::partition_point(places.data(), places.data() + places.size(),
                             [&](std::uint32_t units) { return first_->at(units)->owner() <= name; });
    return places.subspan(static_cast<std::size_t>(found - places.data()));
  };
  iterator.listed_ = behind(listed_);
  iterator.delta_ = delta_;
  if (delta_ != nullptr)
    std::ranges::transform(delta_->levels(), iterator.added_.begin(),
                           [&](const auto& level) { return behind((*level).*added_); });
  iterator.start();
  return iterator;
}

void ZoneNodeRange::Iterator::start() {
  findLeast();
  ++*this;
}

void ZoneNodeRange::Iterator::findLeast() {
  least_ = added_.size();
  for (std::size_t level = 0; level < added_.size(); ++level) {
    if (added_[level].empty()) continue;
    if (least_ == added_.size() ||
        first_->at(added_[level].front())->owner() < first_->at(added_[least_].front())->owner())
      least_ = level;
  }
}

// The lesser of the next name that is listed and the next one that was added, if the version has a node there.
void ZoneNodeRange::Iterator::nextOfBoth() {
  do {
    const bool anyAdded = least_ != added_.size();
    if (listed_.empty() && !anyAdded) {
      node_ = nullptr;
      return;
    }
    const auto placeOf = [this](const Places& places) { return first_->at(places.front()); };
    const bool takesAdded =
        anyAdded && (listed_.empty() || placeOf(added_[least_])->owner() < placeOf(listed_)->owner());
    Places& next = takesAdded ? added_[least_] : listed_;
    node_ = delta_->current(placeOf(next));
    next = next.subspan(1);
    if (takesAdded) findLeast();
  } while (node_ == nullptr);
}

}  // namespace taut
