// When a secondary zone is checked, asked for again and given up: the SOA's times (RFC 1035 section 3.3.13, RFC 1912
// section 2.2) within bounds, and spread so that zones that were loaded together are not asked for together.
#pragma once

#include <chrono>

#include "taut/base/clock.hpp"
#include "taut/zone/zone.hpp"

namespace taut {

struct ZoneTimers {
  static constexpr std::chrono::seconds least{2};
  static constexpr std::chrono::seconds most = std::chrono::weeks(4);

  // The zone is loaded. A zone does not expire before it could have been checked once and once more.
  static ZoneTimers of(const Zone& zone);

  std::chrono::seconds refresh = least;  // each of the three from `least` to `most`; expire up to twice as much
  std::chrono::seconds retry = least;
  std::chrono::seconds expire = least;
  std::chrono::seconds soaExpire = least;  // as the SOA has it, and so as a primary that has the zone itself tells it
};

// From three quarters of it to all of it.
Duration spread(Duration interval);

// After so many failures, at least 1, to get a zone of which there is no version: 2, 4, 8 … 3600 seconds, more or less
// by up to a half.
Duration delayWithoutVersion(unsigned failures);

}  // namespace taut
