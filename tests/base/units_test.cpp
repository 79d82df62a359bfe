#include "taut/base/units.hpp"

#include <doctest/doctest.h>

namespace units_test {

using namespace taut;

TEST_CASE("a duration is read in milliseconds, and has a unit") {
  CHECK(parseDuration("500ms") == 500);
  CHECK(parseDuration("10s") == 10'000);
  CHECK(parseDuration("2m") == 120'000);
  CHECK(parseDuration("1h") == 3'600'000);
  CHECK(parseDuration("1d") == 86'400'000);
  CHECK(parseDuration("0s") == 0);
}

TEST_CASE("a size is read in octets, its units powers of 1024") {
  CHECK(parseSize("0") == 0);
  CHECK(parseSize("64K") == 65'536);
  CHECK(parseSize("256M") == 268'435'456);
  CHECK(parseSize("1G") == 1'073'741'824);
}

TEST_CASE("what is no number with a known unit is neither a duration nor a size") {
  for (const char* const text : {"", "s", "10", "0", "-1s", "1.5s", "1 s", "10 ", "1S", "1K", "9223372036854775807d"})
    CHECK_MESSAGE(!parseDuration(text), text);
  for (const char* const text : {"", "M", "-1", "1.5M", "1 M", "1MB", "1m", "9223372036854775807G"})
    CHECK_MESSAGE(!parseSize(text), text);
}

TEST_CASE("durations and sizes are written in the largest unit that divides them, and read back") {
  CHECK(durationText(0) == "0s");
  CHECK(durationText(1500) == "1500ms");
  CHECK(durationText(90'000) == "90s");
  CHECK(durationText(3'600'000) == "1h");
  CHECK(sizeText(0) == "0");
  CHECK(sizeText(1000) == "1000");
  CHECK(sizeText(268'435'456) == "256M");
  for (const std::int64_t number : {1LL, 999LL, 1000LL, 59'999LL, 60'000LL, 86'400'000LL, 1'048'577LL}) {
    CHECK(parseDuration(durationText(number)) == number);
    CHECK(parseSize(sizeText(number)) == number);
  }
}

}  // namespace units_test
