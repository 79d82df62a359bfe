#include "taut/dns/serial_policy.hpp"

#include <chrono>

#include <doctest/doctest.h>

namespace taut::serial_policy_test {

using namespace std::chrono_literals;

namespace {

// Shortly before midnight, by UTC.
constexpr std::chrono::sys_seconds evening =
    std::chrono::sys_days(std::chrono::year(2026) / std::chrono::November / 28) + 23h + 59min + 58s;

std::uint32_t next(SerialPolicy policy, std::uint32_t last, std::chrono::sys_seconds now = evening) {
  return nextSerial(policy, Serial(last), now).value();
}

}  // namespace

TEST_CASE("A version that no master file gives a serial counts up, also where a file's serial would be kept") {
  for (const SerialPolicy policy : {SerialPolicy::keep, SerialPolicy::increment}) {
    CHECK(next(policy, 7) == 8);
    CHECK(next(policy, 0xffffffff) == 1);
  }
}

TEST_CASE("A serial of the time is the seconds since 1970, and counts up where these are not newer") {
  constexpr std::uint32_t seconds = 1795910398;
  CHECK(next(SerialPolicy::unixtime, 7) == seconds);
  CHECK(next(SerialPolicy::unixtime, seconds - 1) == seconds);
  CHECK(next(SerialPolicy::unixtime, seconds) == seconds + 1);
  CHECK(next(SerialPolicy::unixtime, 2026112800) == 2026112801);
  CHECK(next(SerialPolicy::unixtime, seconds, evening + 1s) == seconds + 1);
}

TEST_CASE("A serial of the date is the day of UTC and two digits, and counts up where that is not newer") {
  CHECK(next(SerialPolicy::date, 7) == 2026112800);
  CHECK(next(SerialPolicy::date, 2026112799) == 2026112800);
  CHECK(next(SerialPolicy::date, 2026112800) == 2026112801);
  CHECK(next(SerialPolicy::date, 2026112899) == 2026112900);
  CHECK(next(SerialPolicy::date, 2026112905) == 2026112906);
  CHECK(next(SerialPolicy::date, 2026112800, evening + 2s) == 2026112900);
}

TEST_CASE("A serial of the time or the date goes round as all serials do, and is never 0") {
  CHECK(next(SerialPolicy::unixtime, 4000000000u) == 1795910398);
  CHECK(next(SerialPolicy::unixtime, 2500000000u) == 2500000001u);
  constexpr std::chrono::sys_seconds round{std::chrono::seconds(std::int64_t{1} << 32)};
  CHECK(next(SerialPolicy::unixtime, 0xfffffff0, round) == 0xfffffff1);
  CHECK(next(SerialPolicy::unixtime, 0xfffffff0, round + 5s) == 5);
  CHECK(next(SerialPolicy::date, 4200000000u) == 2026112800);
  CHECK(next(SerialPolicy::date, 2500000000u) == 2500000001u);
}

}  // namespace taut::serial_policy_test
