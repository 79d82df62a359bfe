#include "busy_watch.hpp"

#include <utility>

namespace taut {

BusyWatch::Remark BusyWatch::look(std::optional<TimePoint> busySince, TimePoint now) {
  if (busySince != busySince_) {
    const bool wasSaid = std::exchange(said_, false);
    if (wasSaid) busyFor_ = now - *busySince_;
    busySince_ = busySince;
    next_ = firstAfter;
    if (wasSaid) return Remark::goesOn;
  }
  if (!busySince_ || now - *busySince_ < next_) return Remark::nothing;
  busyFor_ = now - *busySince_;
  while (next_ <= busyFor_) next_ *= 2;
  return Remark::busy;
}

}  // namespace taut
