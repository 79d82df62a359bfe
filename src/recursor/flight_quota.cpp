#include "flight_quota.hpp"

#include <algorithm>
#include <utility>

namespace taut {

FlightQuota::Place::Place(FlightQuota& quota, NameView zone, StopToken parent)
    : quota_(quota), stop_(parent), zone_(&quota.enter(zone)) {
  zone_->places.pushBack(*this);
}

void FlightQuota::Place::moveTo(NameView zone) {
  if (zone_ == nullptr || zone_->name == zone) return;
  Zone& next = quota_.enter(zone);
  leave();
  zone_ = &next;
  next.places.pushBack(*this);
}

void FlightQuota::Place::setSilent(bool silent) {
  auto& hook = static_cast<ListHook<Hopeless>&>(*this);
  if (silent == hook.isLinked() || zone_ == nullptr) return;
  if (silent)
    quota_.silent_.pushBack(*this);
  else
    hook.unlink();
}

void FlightQuota::Place::leave() {
  if (zone_ == nullptr) return;
  setSilent(false);
  ListHook<>::unlink();
  quota_.leave(*std::exchange(zone_, nullptr));
}

FlightQuota::Zone& FlightQuota::enter(NameView zone) {
  auto place = zones_.find(zone);
  if (place == zones_.end()) {
    auto made = std::make_unique<Zone>(zone);
    const NameView name = made->name;
    place = zones_.emplace(name, std::move(made)).first;
  }
  setCount(*place->second, place->second->count + 1);
  ++count_;
  return *place->second;
}

void FlightQuota::leave(Zone& zone) {
  --count_;
  setCount(zone, zone.count - 1);
  if (zone.count == 0) zones_.erase(zones_.find(zone.name.view()));
}

void FlightQuota::setCount(Zone& zone, std::size_t count) {
  if (zone.count > 0) zone.unlink();
  zone.count = count;
  if (count == 0) return;
  const std::size_t level = std::min(count, levels_.size() - 1);
  levels_[level].pushBack(zone);
  highest_ = std::max(highest_, level);
}

FlightQuota::Zone* FlightQuota::busiest() {
  while (highest_ > 0 && levels_[highest_].empty()) --highest_;
  return highest_ == 0 ? nullptr : &levels_[highest_].front();
}

void FlightQuota::giveWay(Place& place) {
  place.leave();
  place.stop_.requestStop();  // last: the fetch may end, and its place with it
}

bool FlightQuota::admit(NameView zone, bool isSilent) {
  if (isSilent) return false;
  if (!silent_.empty()) {
    giveWay(silent_.front());
    return true;
  }
  const auto own = zones_.find(zone);
  const std::size_t owns = own == zones_.end() ? 0 : own->second->count;
  Zone* const most = busiest();
  if (most == nullptr || most->count < owns + 2) return false;
  giveWay(most->places.front());
  return true;
}

}  // namespace taut
