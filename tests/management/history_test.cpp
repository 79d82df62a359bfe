#include "management/history.hpp"

#include <chrono>

#include <doctest/doctest.h>

#include "taut/dns/type.hpp"

namespace history_test {

using namespace std::chrono_literals;
using taut::History;
using taut::Rcode;
using taut::ServerStatistics;

namespace {

ServerStatistics after(std::uint64_t questions) {
  ServerStatistics statistics;
  statistics.requests[0][0][taut::typeSlot(taut::Type::A)] = questions;
  statistics.responses[taut::rcodeSlot(Rcode::NOERROR)][0] = questions;
  return statistics;
}

}  // namespace

TEST_CASE("a sample is what was counted since the one before, for a second, however long that was") {
  History history;
  history.add(after(100), 1s);
  CHECK(history.samples().empty());
  history.add(after(130), 1s);
  history.add(after(230), 2s);
  REQUIRE(history.samples().size() == 2);
  CHECK(history.samples()[0].questions == 30);
  CHECK(history.samples()[1].questions == 50);
  CHECK(history.samples()[1].replies[0] == 50);
}

TEST_CASE("replies are told apart by RCODE, and rare ones are put together") {
  ServerStatistics statistics;
  History history;
  history.add(statistics, 1s);
  for (const Rcode rcode : {Rcode::NXDOMAIN, Rcode::SERVFAIL, Rcode::REFUSED, Rcode::FORMERR, Rcode::NOTIMP})
    statistics.responses[taut::rcodeSlot(rcode)][1] = 10 + static_cast<std::uint64_t>(rcode);
  history.add(statistics, 1s);
  CHECK(history.samples().back().replies == std::array<std::uint64_t, 5>{0, 13, 12, 15, 25});
}

TEST_CASE("times are the upper bounds of the ranges that hold half and 99 of 100 of the queries") {
  ServerStatistics statistics;
  History history;
  history.add(statistics, 1s);
  statistics.durations.counts[0] = 97;  // up to 50 µs
  statistics.durations.counts[4] = 2;   // up to 5 ms
  statistics.durations.counts[9] = 1;   // longer than all bounds
  history.add(statistics, 1s);
  CHECK(history.samples().back().median == 50);
  CHECK(history.samples().back().p99 == 5000);
  statistics.durations.counts[9] = 11;
  history.add(statistics, 1s);
  CHECK(history.samples().back().median == 2'500'000);
  history.add(statistics, 1s);
  CHECK(history.samples().back().p99 == 0);
}

TEST_CASE("five minutes are kept, and no more") {
  History history;
  for (std::uint64_t i = 0; i <= 2 * History::maxSamples; ++i) history.add(after(i * i), 1s);
  REQUIRE(history.samples().size() == History::maxSamples);
  CHECK(history.samples().back().questions == 4 * History::maxSamples - 1);
  CHECK(history.toJson().starts_with("[[601,601,0,"));
}

}  // namespace history_test
