#include "recursor/flight_quota.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "taut/base/stop_token.hpp"
#include "taut/dns/name.hpp"

namespace taut::flight_quota_test {

namespace {

using Places = std::vector<std::unique_ptr<FlightQuota::Place>>;

void take(FlightQuota& quota, Places& places, const char* zone, int count) {
  for (int i = 0; i < count; ++i)
    places.push_back(std::make_unique<FlightQuota::Place>(quota, Name(zone), StopToken()));
}

}  // namespace

TEST_CASE("there is room until all places are taken") {
  FlightQuota quota(32);
  Places places;
  take(quota, places, "evil.com", 31);
  CHECK(quota.hasRoom());
  take(quota, places, "other.com", 1);
  CHECK_FALSE(quota.hasRoom());
  places.clear();
  CHECK(quota.hasRoom());
}

TEST_CASE("where none is left the zone that has most of them gives one up, that of its oldest fetch") {
  FlightQuota quota(32);
  Places places;
  take(quota, places, "kept.net", 8);
  take(quota, places, "evil.com", 24);
  CHECK_FALSE(quota.admit(Name("evil.com"), false));
  CHECK(quota.admit(Name("other.com"), false));
  CHECK(quota.hasRoom());
  for (std::size_t i = 0; i < places.size(); ++i) {
    CHECK(places[i]->gaveWay() == (i == 8));
    CHECK(places[i]->token().stopRequested() == (i == 8));
  }
  take(quota, places, "other.com", 1);
  CHECK(quota.admit(Name("kept.net"), false));
  CHECK(places[9]->gaveWay());
}

TEST_CASE("a zone gives a place up where the other one has two fewer at least") {
  FlightQuota quota(32);
  Places places;
  for (char zone = 'a'; zone < 'a' + 15; ++zone) take(quota, places, std::string(1, zone).c_str(), 2);
  take(quota, places, "one.com", 1);
  take(quota, places, "another.com", 1);
  CHECK_FALSE(quota.admit(Name("one.com"), false));
  CHECK_FALSE(quota.admit(Name("a"), false));
  CHECK_FALSE(quota.hasRoom());
  CHECK(quota.admit(Name("other.com"), false));
  CHECK(quota.hasRoom());
}

TEST_CASE("where each zone has one place none is given up") {
  FlightQuota quota(4);
  Places places;
  for (const char* const zone : {"a", "b", "c", "d"}) take(quota, places, zone, 1);
  CHECK_FALSE(quota.admit(Name("other.com"), false));
  CHECK_FALSE(quota.hasRoom());
}

TEST_CASE("a place counts for the zone that it has moved to") {
  FlightQuota quota(4);
  Places places;
  take(quota, places, "com", 4);
  for (const auto& place : places) place->moveTo(Name("evil.com"));
  CHECK(quota.admit(Name("com"), false));
  CHECK(places[0]->gaveWay());
  places[0]->moveTo(Name("com"));  // it has none any more
  CHECK(quota.hasRoom());
  take(quota, places, "com", 1);
  CHECK_FALSE(quota.hasRoom());
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
  CHECK(quota.admit(Name("other.com"), false));
  CHECK(places.size() == 3);
  CHECK(quota.hasRoom());
}

TEST_CASE("what was silent longest gives way first, however few places its zone has") {
  FlightQuota quota(8);
  Places places;
  take(quota, places, "evil.com", 6);
  take(quota, places, "silent.net", 1);
  take(quota, places, "other.net", 1);
  places[7]->setSilent(true);
  places[6]->setSilent(true);
  CHECK(quota.admit(Name("evil.com"), false));
  CHECK(places[7]->gaveWay());
  CHECK(places[7]->token().stopRequested());
  take(quota, places, "evil.com", 1);
  CHECK(quota.admit(Name("new.com"), false));
  CHECK(places[6]->gaveWay());
  CHECK_FALSE(places[0]->gaveWay());
}

TEST_CASE("what was silent keeps its place once it was answered, or asks the servers of another zone") {
  FlightQuota quota(4);
  Places places;
  for (const char* const zone : {"a", "b", "c", "d"}) take(quota, places, zone, 1);
  places[0]->setSilent(true);
  places[0]->setSilent(false);
  places[1]->setSilent(true);
  places[1]->moveTo(Name("below.b"));
  CHECK_FALSE(quota.admit(Name("other.com"), false));
  CHECK_FALSE(places[0]->gaveWay());
  CHECK_FALSE(places[1]->gaveWay());
}

TEST_CASE("nothing gives way to a zone whose servers are silent") {
  FlightQuota quota(8);
  Places places;
  take(quota, places, "evil.com", 7);
  take(quota, places, "silent.net", 1);
  places[7]->setSilent(true);
  CHECK_FALSE(quota.admit(Name("other.net"), true));
  CHECK_FALSE(quota.hasRoom());
}

}  // namespace taut::flight_quota_test
