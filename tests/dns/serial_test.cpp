#include "taut/dns/serial.hpp"

#include <initializer_list>

#include <doctest/doctest.h>

namespace taut::serial_test {

TEST_CASE("A serial is newer than the half of all numbers that lie before it") {
  CHECK(isNewer(Serial(2), Serial(1)));
  CHECK_FALSE(isNewer(Serial(1), Serial(2)));
  CHECK(isNewer(Serial(0), Serial(0xffffffff)));
  CHECK(isNewer(Serial(0x7fffffff), Serial(0)));
  CHECK_FALSE(isNewer(Serial(0), Serial(0x7fffffff)));
  CHECK(isNewer(Serial(100), Serial(0xfffffff0)));
  CHECK_FALSE(isNewer(Serial(0xfffffff0), Serial(100)));
}

TEST_CASE("No serial is newer than itself, nor than one that is exactly half the numbers apart") {
  CHECK_FALSE(isNewer(Serial(7), Serial(7)));
  CHECK_FALSE(isNewer(Serial(0x80000000), Serial(0)));
  CHECK_FALSE(isNewer(Serial(0), Serial(0x80000000)));
  CHECK_FALSE(isNewer(Serial(0x80000005), Serial(5)));
  CHECK_FALSE(isNewer(Serial(5), Serial(0x80000005)));
}

TEST_CASE("The next serial is newer and never 0") {
  CHECK(Serial(1).next() == Serial(2));
  CHECK(Serial(0xffffffff).next() == Serial(1));
  CHECK(isNewer(Serial(0xffffffff).next(), Serial(0xffffffff)));
}

TEST_CASE("The previous serial is the one that the next one is after") {
  for (const std::uint32_t value : {1u, 2u, 0x80000000u, 0xffffffffu})
    CHECK(Serial(value).previous().next() == Serial(value));
}

}  // namespace taut::serial_test
