#include "taut/base/parse_number.hpp"

#include <cstdint>

#include <doctest/doctest.h>

using taut::parseNumber;

TEST_CASE("a number is the whole text, within what its type holds") {
  CHECK(parseNumber<std::uint8_t>("255") == 255);
  CHECK(parseNumber<std::uint8_t>("007") == 7);
  CHECK(parseNumber<std::int64_t>("-9223372036854775808") == INT64_MIN);
  CHECK(parseNumber<std::uint16_t>("Ff0a", 16) == 0xff0a);
  for (const char* const text : {"", "-", "256", "-1", "+1", " 1", "1 ", "1x", "0x1", "1.0"})
    CHECK_MESSAGE(!parseNumber<std::uint8_t>(text), text);
  CHECK(!parseNumber<std::int64_t>("9223372036854775808"));
  CHECK(!parseNumber<std::uint16_t>("10000", 16));
}
