#include "zone/spread_search.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include <doctest/doctest.h>

namespace spread_search_test {

using namespace taut::detail;

namespace {

IndexRange equalRange(const std::vector<std::uint32_t>& sorted, std::uint32_t wanted) {
  const auto [begin, end] = std::equal_range(sorted.begin(), sorted.end(), wanted);
  return {static_cast<std::size_t>(begin - sorted.begin()), static_cast<std::size_t>(end - sorted.begin())};
}

// Values of every kind: spread evenly, dense in one place, many of them equal, and at either end.
std::vector<std::uint32_t> values(std::size_t count, std::mt19937& random) {
  std::vector<std::uint32_t> all(count);
  const unsigned kind = random() % 4;
  for (std::uint32_t& value : all) {
    value = static_cast<std::uint32_t>(random());
    if (kind == 1) value %= 1000;
    if (kind == 2) value = 0x80000000 + value % 8;
    if (kind == 3) value = value % 3 == 0 ? UINT32_MAX : value % 3 == 1 ? 0 : value;
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

TEST_CASE("The range of equal values is that of std::equal_range, however the values lie") {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    const auto sorted = values(random() % 400, random);
    std::vector<std::uint32_t> wanted{0, 1, UINT32_MAX - 1, UINT32_MAX, static_cast<std::uint32_t>(random())};
    for (const std::uint32_t value : sorted) wanted.insert(wanted.end(), {value - 1, value, value + 1});
    const bool same = std::all_of(wanted.begin(), wanted.end(), [&](std::uint32_t value) {
      return equalRangeOfSpread(sorted, value) == equalRange(sorted, value);
    });
    CHECK(same);
  }
}

}  // namespace spread_search_test
