#include "zone/crc32c.hpp"

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include <doctest/doctest.h>

namespace crc32c_test {

using namespace taut;
using detail::crc32c;

TEST_CASE("the checksums are those of RFC 3720") {
  const std::vector<std::uint8_t> zeroes(32);
  const std::vector<std::uint8_t> ones(32, 0xff);
  CHECK(crc32c(zeroes) == 0x8a9136aa);
  CHECK(crc32c(ones) == 0x62a8ab43);
  CHECK(crc32c(asBytes("123456789")) == 0xe3069283);
  CHECK(crc32c({}) == 0);
}

TEST_CASE("the checksum is the same with and without the instruction, and in pieces") {
  std::mt19937 random(3720);
  std::vector<std::uint8_t> octets(100);
  for (std::uint8_t& octet : octets) octet = static_cast<std::uint8_t>(random());
  for (std::size_t size = 0; size <= octets.size(); ++size) {
    const ByteSpan all = ByteSpan(octets).first(size);
    const std::uint32_t expected = detail::crc32cOfTables(all);
    CHECK(crc32c(all) == expected);
    CHECK(crc32c(all.subspan(size / 3), crc32c(all.first(size / 3))) == expected);
  }
}

}  // namespace crc32c_test
