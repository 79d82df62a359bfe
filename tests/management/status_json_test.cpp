#include "management/status_json.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "management/zone_summary.hpp"
#include "taut/dns/name.hpp"
#include "taut/zone/zone_file.hpp"

namespace status_json_test {

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

TEST_CASE("the summary has the zones of views with their names, those that are not loaded first") {
  const std::vector outer{taut::parseZone("a. 1 SOA n.x. h.x. 1 2 3 4 5\na. 1 NS n.x.\n").zone};
  const std::vector views{taut::ZonesOfView{"inside", {missingZone(1)}}};
  const taut::ZoneSummary summary = taut::summaryOf(taut::ZoneSet(outer, views));
  CHECK(summary.total == 2);
  CHECK(summary.loaded == 1);
  REQUIRE(summary.shown.size() == 2);
  CHECK(summary.shown[0].view == "inside");
  CHECK(summary.shown[0].zone == views[0].zones[0]);
  CHECK(summary.shown[1].view.empty());
}

TEST_CASE("the status says what the server is doing, for how long, and of each zone whether it is loaded") {
  taut::ManagementSnapshot snapshot;
  snapshot.version = "1.2.3";
  snapshot.process = 4711;
  snapshot.uptime = std::chrono::seconds(7);
  snapshot.readiness = taut::Readiness::draining;
  snapshot.zones = std::make_shared<const taut::ZoneSet>(std::vector{missingZone(1)});
  snapshot.statistics.shards = 2;
  CHECK(taut::statusJson(snapshot, taut::summaryOf(*snapshot.zones))
            .starts_with(
                R"({"version":"1.2.3","process":4711,"state":"draining","uptime":7,"engine":"io_uring","threads":2,)"
                R"("zones":{"total":1,"loaded":0,)"
                R"("shown":[{"zone":"zone1.example.","view":"","state":"not loaded"}]},"secondaries":{"zones":0,)"));
}

TEST_CASE("statistics name what was counted, and leave out types, RCODEs and limits that were not") {
  taut::ServerStatistics statistics;
  statistics.requests[0][0][taut::typeSlot(taut::Type::A)] = 3;
  statistics.requests[1][1][taut::typeSlot(taut::Type::A)] = 4;
  statistics.responses[taut::rcodeSlot(taut::Rcode::NXDOMAIN)][0] = 5;
  statistics.dropped[static_cast<std::size_t>(taut::DropReason::rateLimit)] = 6;
  const std::string json = taut::statisticsJson(statistics);
  CHECK(json.starts_with(R"({"questions":7,"transports":{"udp":3,"tcp":4},"types":{"A":7},"rcodes":{"NXDOMAIN":5},)"));
  CHECK(json.find(R"("limits":{"rate-limit":6})") != std::string::npos);
  const std::string text = taut::statisticsText(statistics);
  CHECK(text.find("\nrcodes.NXDOMAIN                  5\n") != std::string::npos);
  CHECK(text.find("AAAA") == std::string::npos);
}

TEST_CASE("what is asked most is told with the number of questions that it was asked at least") {
  taut::ManagementSnapshot snapshot;
  snapshot.zones = std::make_shared<const taut::ZoneSet>();
  snapshot.top.queries = 640;
  snapshot.top.names.push_back({taut::Name("a\"\\\\\\027<b>.example"), 320, 64});
  snapshot.top.clients.push_back({taut::TopClient{std::uint64_t{4} << 56 | std::uint64_t{0xc0000201} << 24}, 64, 0});
  snapshot.top.types.push_back({taut::Type::SVCB, 640, 0});
  const std::string json = taut::statusJson(snapshot, taut::ZoneSummary());
  CHECK(json.ends_with(R"("top":{"questions":640,"names":[{"name":"a\\\"\\\\\\027<b>.example.","questions":256}],)"
                       R"("clients":[{"client":"192.0.2.1","questions":64}],)"
                       R"("types":[{"type":"SVCB","questions":640}]}})"));
}

}  // namespace status_json_test
