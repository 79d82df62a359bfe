#include "taut/transfer/zone_timers.hpp"

#include <algorithm>
#include <chrono>
#include <memory>

#include <doctest/doctest.h>

#include "secondary_support.hpp"

namespace zone_timers_test {

namespace {

using namespace taut;  // NOLINT(google-build-using-namespace)

TEST_CASE("the times of an SOA are kept within 2 seconds and 4 weeks, and expiry leaves time for two checks") {
  const ZoneTimers usual = ZoneTimers::of(*loaded(exampleZone(1)));
  CHECK(usual.refresh == 1h);
  CHECK(usual.retry == 10min);
  CHECK(usual.expire == 24h);
  const ZoneTimers none = ZoneTimers::of(*loaded(exampleZone(1, {}, "0 0 0")));
  CHECK(none.refresh == 2s);
  CHECK(none.retry == 2s);
  CHECK(none.expire == 4s);
  const ZoneTimers all = ZoneTimers::of(*loaded(exampleZone(1, {}, "2147483647 2147483647 2147483647")));
  CHECK(all.refresh == std::chrono::weeks(4));
  CHECK(all.expire == std::chrono::weeks(8));
  const ZoneTimers odd = ZoneTimers::of(*loaded(exampleZone(1, {}, "3600 600 10")));
  CHECK(odd.expire == 70min);
}

TEST_CASE("an interval is spread over its last quarter") {
  Duration least = 1h;
  Duration most = 0s;
  for (int i = 0; i < 1000; ++i) {
    const Duration one = spread(1h);
    least = std::min(least, one);
    most = std::max(most, one);
  }
  CHECK(least >= 45min);
  CHECK(least < 46min);
  CHECK(most <= 1h);
  CHECK(most > 59min);
}

TEST_CASE("the delay without a version doubles with each failure up to an hour, more or less by a half") {
  for (const auto& [failures, middle] :
       {std::pair(1u, 2s), {2u, 4s}, {5u, 32s}, {11u, 2048s}, {12u, 3600s}, {60000u, 3600s}})
    for (int i = 0; i < 100; ++i) {
      CHECK(delayWithoutVersion(failures) >= middle / 2);
      CHECK(delayWithoutVersion(failures) <= middle * 3 / 2);
    }
}

}  // namespace

}  // namespace zone_timers_test
