#include "taut/base/clock.hpp"

#include <chrono>

#include <doctest/doctest.h>

namespace clock_test {

namespace {

using namespace std::chrono_literals;
using taut::Clock;
using taut::Duration;
using taut::ManualClock;

}  // namespace

TEST_CASE("a clock that is moved by hand stands still in between, and its calendar goes with it") {
  ManualClock clock;
  const auto time = clock.now();
  const auto wallTime = clock.wallTime();
  CHECK(clock.now() == time);
  clock.advance(1h + 1ms);
  CHECK(clock.now() - time == 1h + 1ms);
  CHECK(clock.wallTime() - wallTime == 1h + 1ms);
}

TEST_CASE("who waits by a clock that is moved by hand waits for ever, or jumps where it skips what is idle") {
  ManualClock clock;
  const auto deadline = clock.now() + 1h;
  for (const bool forThread : {false, true}) {
    CAPTURE(forThread);
    CHECK_FALSE(clock.waitFor(deadline, forThread));
  }
  clock.waitedFor(deadline);
  CHECK(clock.now() == deadline - 1h);
  clock.skipIdle(3ms);
  CHECK(clock.waitFor(deadline, false) == Duration(3ms));
  clock.waitedFor(deadline);
  CHECK(clock.now() == deadline);
  CHECK(clock.waitFor(deadline, false) == Duration::zero());
}

TEST_CASE("a clock that skips what is idle gives another thread a second for its result, and no more") {
  ManualClock clock;
  clock.skipIdle(3ms);
  const auto deadline = clock.now() + 1h;
  CHECK(clock.waitFor(deadline, true) == Duration(1s));
  clock.waitedFor(deadline);
  CHECK(clock.now() == deadline);
  CHECK(clock.waitFor(deadline, true) == Duration::zero());
}

TEST_CASE("by the system's clock one waits until the deadline, and not at all where it has passed") {
  const Clock& clock = Clock::system();
  for (const bool forThread : {false, true}) {
    CAPTURE(forThread);
    const auto wait = clock.waitFor(clock.now() + 1h, forThread);
    REQUIRE(wait);
    CHECK(*wait > 59min);
    CHECK(*wait <= 1h);
    CHECK(clock.waitFor(clock.now() - 1h, forThread) == Duration::zero());
  }
}

}  // namespace clock_test
