#include "taut/resolver/server_history.hpp"

#include <chrono>

#include <doctest/doctest.h>

namespace server_history_test {

namespace {

using namespace std::chrono_literals;
using taut::Duration;
using taut::ServerHistory;
using taut::TimePoint;

struct Fixture {
  void answer(Duration roundTrip) {
    const TimePoint sent = now;
    now += roundTrip;
    history.answered(sent, now);
  }
  void keepSilent(Duration waited) {
    const TimePoint sent = now;
    now += waited;
    history.silent(sent, now);
  }
  void fail(int times) {
    for (int i = 0; i < times; ++i) history.failed(now);
  }
  // How long it takes until a probe is due.
  Duration pause() const {
    Duration pause{};
    while (!history.probeDue(now + pause)) pause += 1ms;
    return pause;
  }

  ServerHistory history;
  TimePoint now{1h};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "of a server that was never asked 376 ms are assumed, and a probe is due") {
  CHECK_FALSE(history.known());
  CHECK_FALSE(history.impaired());
  CHECK(history.expected() == 376ms);
  CHECK(history.probeDue(now));
}

TEST_CASE_FIXTURE(Fixture, "the expected time is RFC 6298's: smoothed, and four times the variance") {
  answer(100ms);
  CHECK(history.known());
  CHECK(history.expected() == 100ms + 4 * 50ms);
  answer(180ms);
  // SRTT = 7/8 * 100 + 1/8 * 180, RTTVAR = 3/4 * 50 + 1/4 * 80
  CHECK(history.expected() == 110ms + 4 * 57'500us);
  for (int i = 0; i < 100; ++i) answer(10ms);
  CHECK(history.expected() < 11ms);
}

TEST_CASE_FIXTURE(Fixture, "an answer within one turn of the loop counts as a measurement") {
  answer(0ms);
  CHECK(history.known());
  CHECK(history.expected() < 1ms);
}

TEST_CASE_FIXTURE(Fixture,
                  "each time-out in a row doubles the expected time, up to two minutes, and one answer resets it") {
  answer(10ms);
  keepSilent(1s);
  CHECK(history.impaired());
  CHECK(history.expected() == 2s);
  keepSilent(1s);
  CHECK(history.expected() == 4s);
  keepSilent(11s);
  CHECK(history.expected() == 22s);
  for (int i = 0; i < 10; ++i) keepSilent(1s);
  CHECK(history.expected() == 120s);
  answer(10ms);
  CHECK_FALSE(history.impaired());
  CHECK(history.expected() < 40ms);
}

TEST_CASE_FIXTURE(Fixture, "a reply that is an error ends the silence too, but measures nothing") {
  keepSilent(1s);
  history.heard(now);
  CHECK_FALSE(history.impaired());
  CHECK(history.expected() == 376ms);
}

TEST_CASE_FIXTURE(Fixture, "of attempts that wait at the same time one time-out counts") {
  const TimePoint sent = now;
  for (int i = 0; i < 100; ++i) history.silent(sent + i * 1ms, sent + 1s + i * 1ms);
  CHECK(history.expected() == 2s);
  history.silent(sent + 1s, sent + 2s);
  CHECK(history.expected() == 4s);
}

TEST_CASE_FIXTURE(Fixture,
                  "a question that takes long says nothing about a server that answered another one meanwhile") {
  const TimePoint slow = now;
  now += 500ms;
  answer(10ms);
  history.silent(slow, slow + 1s);
  CHECK_FALSE(history.impaired());
  CHECK(history.expected() == 30ms);
}

TEST_CASE_FIXTURE(Fixture, "three failures in a row that others did not have make a server lame, until it answers") {
  fail(2);
  CHECK_FALSE(history.impaired());
  answer(10ms);
  fail(2);
  CHECK_FALSE(history.lame());
  fail(1);
  CHECK(history.lame());
  CHECK(history.impaired());
  history.heard(now);
  CHECK(history.lame());
  answer(10ms);
  CHECK_FALSE(history.lame());
}

TEST_CASE_FIXTURE(Fixture,
                  "probes are due each minute, and while it is silent or lame after two seconds up to half a minute") {
  answer(10ms);
  CHECK(pause() == 60s);
  keepSilent(1s);
  CHECK(pause() == 2s);
  keepSilent(1s);
  CHECK(pause() == 4s);
  for (int i = 0; i < 10; ++i) keepSilent(1s);
  CHECK(pause() == 30s);
  answer(10ms);
  fail(3);
  CHECK(pause() == 1s);
  fail(1);
  CHECK(pause() == 2s);
  fail(1000);
  CHECK(pause() == 30s);
}

TEST_CASE_FIXTURE(Fixture, "a probe whose outcome is not known puts off the next one") {
  keepSilent(1s);
  now += 10s;
  CHECK(history.probeDue(now));
  history.probed(now);
  CHECK(pause() == 2s);
}

}  // namespace server_history_test
