#include "server/busy_watch.hpp"

#include <chrono>
#include <optional>

#include <doctest/doctest.h>

namespace busy_watch_test {

using namespace std::chrono_literals;

namespace {

using taut::BusyWatch;
using taut::TimePoint;
using Remark = taut::BusyWatch::Remark;

constexpr TimePoint begin{100s};

// Looks, and says what there is to say.
Remark lookAndSay(BusyWatch& watch, std::optional<TimePoint> busySince, TimePoint now) {
  const Remark remark = watch.look(busySince, now);
  if (remark == Remark::busy) watch.said();
  return remark;
}

}  // namespace

TEST_CASE("a shard that waits, or turns each time within a second, gives nothing to say") {
  BusyWatch watch;
  CHECK(watch.look(std::nullopt, begin) == Remark::nothing);
  CHECK(watch.look(begin, begin) == Remark::nothing);
  CHECK(watch.look(begin, begin + 999ms) == Remark::nothing);
  CHECK(watch.look(begin + 999ms, begin + 1500ms) == Remark::nothing);
  CHECK(watch.look(begin + 1500ms, begin + 2s) == Remark::nothing);
  CHECK(watch.look(std::nullopt, begin + 1h) == Remark::nothing);
}

TEST_CASE("a shard that is busy is said after 1, 2, 4 and 8 seconds, with how long that is") {
  BusyWatch watch;
  int said = 0;
  for (auto time = 0ms; time < 10s; time += 500ms) {
    CAPTURE(time.count());
    const Remark remark = watch.look(begin, begin + time);
    CHECK((remark == Remark::busy) == (time == 1s || time == 2s || time == 4s || time == 8s));
    if (remark != Remark::busy) continue;
    ++said;
    CHECK(watch.busyFor() == time);
  }
  CHECK(said == 4);
}

TEST_CASE("a look that comes late says once what it has missed") {
  BusyWatch watch;
  CHECK(watch.look(begin, begin + 5s) == Remark::busy);
  CHECK(watch.busyFor() == 5s);
  CHECK(watch.look(begin, begin + 7s) == Remark::nothing);
  CHECK(watch.look(begin, begin + 8s) == Remark::busy);
}

TEST_CASE("a shard that goes on is said once, and only where it was said to be busy") {
  BusyWatch watch;
  CHECK(lookAndSay(watch, begin, begin + 1s) == Remark::busy);
  CHECK(lookAndSay(watch, std::nullopt, begin + 1500ms) == Remark::goesOn);
  CHECK(watch.busyFor() == 1500ms);
  CHECK(lookAndSay(watch, std::nullopt, begin + 2s) == Remark::nothing);
  CHECK(lookAndSay(watch, begin + 3s, begin + 3500ms) == Remark::nothing);
  CHECK(lookAndSay(watch, begin + 3500ms, begin + 4500ms) == Remark::busy);
}

TEST_CASE("a shard that is busy once more right after it went on is said after a second of its own") {
  BusyWatch watch;
  CHECK(lookAndSay(watch, begin, begin + 3s) == Remark::busy);
  CHECK(lookAndSay(watch, begin + 3s, begin + 3500ms) == Remark::goesOn);
  CHECK(lookAndSay(watch, begin + 3s, begin + 3900ms) == Remark::nothing);
  CHECK(lookAndSay(watch, begin + 3s, begin + 4s) == Remark::busy);
  CHECK(watch.busyFor() == 1s);
}

TEST_CASE("a shard whose being busy was not said, as it went on meanwhile, is not said to go on") {
  BusyWatch watch;
  CHECK(watch.look(begin, begin + 1s) == Remark::busy);
  CHECK(watch.look(std::nullopt, begin + 1500ms) == Remark::nothing);
  CHECK(lookAndSay(watch, begin + 2s, begin + 3s) == Remark::busy);
  CHECK(watch.look(begin + 2s, begin + 4s) == Remark::busy);
  CHECK(watch.look(std::nullopt, begin + 5s) == Remark::goesOn);
}

}  // namespace busy_watch_test
