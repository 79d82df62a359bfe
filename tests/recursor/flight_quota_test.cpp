#include "recursor/flight_quota.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "taut/base/stop_token.hpp"
#include "taut/dns/name.hpp"

namespace taut {

namespace {

using Places = std::vector<std::unique_ptr<FlightQuota::Place>>;

void take(FlightQuota& quota, Places& places, const char* zone, int count) {
  for (int i = 0; i < count; ++i)
    places.push_back(std::make_unique<FlightQuota::Place>(quota, Name(zone), StopToken()));
}

}  // namespace

TEST_CASE("where places are left every fetch is admitted") {
  FlightQuota quota(32);
  Places places;
  take(quota, places, "evil.com", 31);
  CHECK(quota.admit(Name("evil.com")));
  CHECK(quota.size() == 31);
}

TEST_CASE("where none is left the zone that has most of them gives one up, that of its oldest fetch") {
  FlightQuota quota(32);
  Places places;
  take(quota, places, "kept.net", 8);
  take(quota, places, "evil.com", 24);
  CHECK_FALSE(quota.admit(Name("evil.com")));
  CHECK(quota.admit(Name("other.com")));
  CHECK(quota.size() == 31);
  for (std::size_t i = 0; i < places.size(); ++i) {
    CHECK(places[i]->gaveWay() == (i == 8));
    CHECK(places[i]->token().stopRequested() == (i == 8));
  }
  take(quota, places, "other.com", 1);
  CHECK(quota.admit(Name("kept.net")));
  CHECK(places[9]->gaveWay());
}

TEST_CASE("a zone gives a place up where the other one has two fewer at least") {
  FlightQuota quota(32);
  Places places;
  for (char zone = 'a'; zone < 'a' + 15; ++zone) take(quota, places, std::string(1, zone).c_str(), 2);
  take(quota, places, "one.com", 1);
  take(quota, places, "another.com", 1);
  CHECK_FALSE(quota.admit(Name("one.com")));
  CHECK_FALSE(quota.admit(Name("a")));
  CHECK(quota.size() == 32);
  CHECK(quota.admit(Name("other.com")));
  CHECK(quota.size() == 31);
}

TEST_CASE("where each zone has one place none is given up") {
  FlightQuota quota(4);
  Places places;
  for (const char* const zone : {"a", "b", "c", "d"}) take(quota, places, zone, 1);
  CHECK_FALSE(quota.admit(Name("other.com")));
  CHECK(quota.size() == 4);
}

TEST_CASE("a place counts for the zone that it has moved to") {
  FlightQuota quota(4);
  Places places;
  take(quota, places, "com", 4);
  for (const auto& place : places) place->moveTo(Name("evil.com"));
  CHECK(quota.admit(Name("com")));
  CHECK(places[0]->gaveWay());
  places[0]->moveTo(Name("com"));  // it has none any more
  CHECK(quota.size() == 3);
  places.clear();
  CHECK(quota.size() == 0);
}

TEST_CASE("a fetch may end, and its place with it, while it is told to give way") {
  struct Ending final : StopCallbackBase {
    explicit Ending(Places& places) : StopCallbackBase(&end), all(places) {}
    static void end(StopCallbackBase& callback) noexcept {
      Places& all = static_cast<Ending&>(callback).all;
      all.erase(all.begin());
    }
    Places& all;
  };
  FlightQuota quota(4);
  Places places;
  take(quota, places, "evil.com", 4);
  Ending ending(places);
  REQUIRE(ending.attach(places[0]->token()));
  CHECK(quota.admit(Name("other.com")));
  CHECK(places.size() == 3);
  CHECK(quota.size() == 3);
}

}  // namespace taut
