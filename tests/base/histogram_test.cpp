#include "taut/base/histogram.hpp"

#include <chrono>
#include <cstddef>

#include <doctest/doctest.h>

#include "taut/base/counter.hpp"

namespace histogram_test {

namespace {

using namespace taut;
using namespace std::chrono_literals;

}  // namespace

TEST_CASE("a counter goes up and down by what it is told") {
  Counter counter;
  ++counter;
  counter += 10;
  --counter;
  counter -= 3;
  CHECK(counter.value() == 7);
  counter.set(2);
  CHECK(counter.value() == 2);
}

TEST_CASE("a duration is counted in the first range whose bound it does not exceed, and the sum is exact") {
  DurationCounters counters;
  for (const Duration duration : {Duration(0ns), Duration(50us), Duration(51us), Duration(2500ms), Duration(1min)})
    counters.add(duration);
  const DurationHistogram histogram = counters.value();
  CHECK(histogram.counts[0] == 2);
  CHECK(histogram.counts[1] == 1);
  CHECK(histogram.counts[8] == 1);
  CHECK(histogram.counts[9] == 1);
  CHECK(histogram.total() == 5);
  CHECK(histogram.sum == doctest::Approx(62.500101));
}

TEST_CASE("sizes of messages are counted by range, up to the largest message, and their sum is exact") {
  SizeCounters counters;
  double sum = 0;
  for (const std::size_t size : {std::size_t{0}, std::size_t{64}, std::size_t{65}, std::size_t{1232}, std::size_t{1233},
                                 std::size_t{4096}, std::size_t{4097}, std::size_t{65535}}) {
    counters.add(size);
    sum += static_cast<double>(size);
  }
  const SizeHistogram histogram = counters.value();
  CHECK(histogram.counts == std::array<std::uint64_t, 8>{2, 1, 0, 0, 1, 2, 1, 1});
  CHECK(histogram.sum == sum);
}

TEST_CASE("batches are counted by how many came at once, none among them") {
  BatchCounters counters;
  for (const std::size_t count : {0u, 1u, 2u, 3u, 4u, 300u}) counters.add(count);
  const BatchHistogram histogram = counters.value();
  CHECK(histogram.counts == std::array<std::uint64_t, 10>{1, 1, 1, 2, 0, 0, 0, 0, 0, 1});
  CHECK(histogram.sum == 310);
}

TEST_CASE("the sum of two histograms has the numbers of both") {
  BatchHistogram one;
  one.counts[0] = 1;
  one.sum = 2;
  BatchHistogram other = one;
  other += one;
  CHECK(other.counts[0] == 2);
  CHECK(other.sum == 4);
}

}  // namespace histogram_test
