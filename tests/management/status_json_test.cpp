#include "management/status_json.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "management/zone_summary.hpp"
#include "taut/dns/name.hpp"

namespace {

std::shared_ptr<const taut::Zone> missingZone(int number) {
  return taut::Zone::notLoaded(taut::Name("zone" + std::to_string(number) + ".example"));
}

}  // namespace

TEST_CASE("the summary of many zones names a few of them, and counts all") {
  std::vector<std::shared_ptr<const taut::Zone>> zones;
  for (int i = 0; i < 1000; ++i) zones.push_back(missingZone(i));
  const taut::ZoneSummary summary = taut::summaryOf(taut::ZoneSet(zones));
  CHECK(summary.total == 1000);
  CHECK(summary.loaded == 0);
  CHECK(summary.shown.size() == taut::ZoneSummary::maxShown);
}

TEST_CASE("the status says what the server is doing, for how long, and of each zone whether it is loaded") {
  taut::ManagementSnapshot snapshot;
  snapshot.version = "1.2.3";
  snapshot.uptime = std::chrono::seconds(7);
  snapshot.readiness = taut::Readiness::draining;
  snapshot.zones = std::make_shared<const taut::ZoneSet>(std::vector{missingZone(1)});
  CHECK(taut::statusJson(snapshot, taut::summaryOf(*snapshot.zones)) ==
        R"({"version":"1.2.3","state":"draining","uptime":7,"zones":{"total":1,"loaded":0,)"
        R"("shown":[{"zone":"zone1.example.","state":"not loaded"}]}})");
}
