#include "zone/record_log.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace record_log_test {

using namespace taut;
using namespace taut::detail;

namespace {

std::vector<std::uint8_t> rdataOf(std::uint32_t number) {
  std::vector<std::uint8_t> rdata(number * 7919 % 3000, static_cast<std::uint8_t>(number));
  if (number % 1000 == 0) rdata.resize(65535);
  return rdata;
}

}  // namespace

TEST_CASE("runs of records are met in the order in which they were added, and found by their places") {
  constexpr std::uint32_t runs = 20'000;  // some blocks of the largest size
  RecordLog log;
  CHECK(log.firstRun() == nullptr);
  for (std::uint32_t i = 0; i < runs; ++i) {
    const Name owner(fmt::format("n{}.example", i));
    log.add(owner, Type::TXT, i, rdataOf(i), nullptr, i);
    if (i % 3 == 0) log.add(owner, Type::A, i + 1, rdataOf(i + 1), nullptr, i);
  }
  // Where a block was full, an owner has a second run.
  REQUIRE(log.runCount() >= runs);
  REQUIRE(log.runCount() < runs + 100);

  std::vector<RunPlace> places;
  std::uint32_t next = 0;
  bool isFirst = true;  // the first record of the owner
  for (const OwnerRun* run = log.firstRun(); run != nullptr; run = log.nextRun(*run)) {
    if (!places.empty()) REQUIRE(places.back() < log.placeOf(*run));
    places.push_back(log.placeOf(*run));
    const LoggedRecord* record = run->first();
    for (std::uint32_t i = 0; i < run->count; ++i, record = record->next()) {
      REQUIRE(run->name() == Name(fmt::format("n{}.example", next)));
      REQUIRE(record->type == static_cast<std::uint16_t>(isFirst ? Type::TXT : Type::A));
      const auto rdata = rdataOf(isFirst ? next : next + 1);
      REQUIRE(std::vector<std::uint8_t>(record->rdata().begin(), record->rdata().end()) == rdata);
      isFirst = !isFirst || next % 3 != 0;
      if (isFirst) ++next;
    }
  }
  CHECK(next == runs);
  REQUIRE(places.size() == log.runCount());
  const OwnerRun* run = log.firstRun();
  for (const RunPlace place : places) {
    REQUIRE(&log.run(place) == run);
    run = log.nextRun(*run);
  }

  for (const RunPlace place : places) log.release(log.run(place));
  log.releaseAll();
  CHECK(log.firstRun() == nullptr);
}

}  // namespace record_log_test
