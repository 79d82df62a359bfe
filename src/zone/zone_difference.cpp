#include "taut/zone/zone_difference.hpp"

#include <cassert>
#include <utility>

namespace taut {

ZoneDifference::ZoneDifference(RecordList removed, RecordList added)
    : removed_(std::move(removed)), added_(std::move(added)) {
  assert(!removed_.empty() && removed_.front().type == Type::SOA);
  assert(!added_.empty() && added_.front().type == Type::SOA);
  removed_.shrinkToFit();
  added_.shrinkToFit();
}

}  // namespace taut
