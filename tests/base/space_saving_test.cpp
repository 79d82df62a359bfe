#include "taut/base/space_saving.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace space_saving_test {

namespace {

using Sketch = taut::SpaceSaving<std::string, 32>;
using Exact = std::map<std::string, std::uint64_t>;

// All hashes are among a few, so that chains are long too.
std::uint64_t hashOf(std::string_view key) {
  std::uint64_t hash = 0;
  for (const char letter : key) hash = hash * 31 + static_cast<unsigned char>(letter);
  return hash % 100;
}

void add(Sketch& sketch, Exact& exact, const std::string& key, std::uint64_t weight = 1) {
  sketch.add(key, hashOf(key), weight);
  exact[key] += weight;
}

// What the sketch promises of each thing that has a count, and of each that comes often.
void checkBounds(const Sketch& sketch, const Exact& exact) {
  constexpr std::size_t capacity = 32;
  const std::uint64_t allowed = sketch.total() / capacity;
  const auto top = sketch.top(capacity);
  for (const auto& counted : top) {
    const std::uint64_t count = exact.at(counted.key);
    CHECK(counted.atLeast() <= count);
    CHECK(count <= counted.count);
    CHECK(counted.error <= allowed);
  }
  for (const auto& [key, count] : exact) {
    if (count <= allowed) continue;
    const bool found = std::ranges::find(top, key, &taut::Counted<std::string>::key) != top.end();
    CHECK_MESSAGE(found, key);
  }
}

}  // namespace

TEST_CASE("few things are counted exactly, and the most frequent come first") {
  Sketch sketch;
  Exact exact;
  for (int i = 0; i < 3; ++i) add(sketch, exact, "three");
  add(sketch, exact, "nine", 9);
  add(sketch, exact, "one");
  const auto top = sketch.top(10);
  REQUIRE(top.size() == 3);
  CHECK(top[0].key == "nine");
  CHECK(top[0].count == 9);
  CHECK(top[1].key == "three");
  CHECK(top[2].key == "one");
  CHECK(top[2].error == 0);
  CHECK(sketch.total() == 13);
  CHECK(sketch.top(1).size() == 1);
}

TEST_CASE("counts keep to their bounds, whatever comes, and what comes often is never missed") {
  std::mt19937 random(7);
  for (const int things : {20, 33, 1000, 100'000}) {
    Sketch sketch;
    Exact exact;
    // Few things come often, and all others rarely.
    std::geometric_distribution<int> often(0.2);
    std::uniform_int_distribution<int> rarely(0, things);
    for (int i = 0; i < 20'000; ++i) {
      const int number = random() % 2 == 0 ? often(random) : 100 + rarely(random);
      add(sketch, exact, std::to_string(number), 1 + random() % 3);
    }
    checkBounds(sketch, exact);
  }
}

TEST_CASE("what comes in turn, in waves, or always new keeps to the bounds too") {
  Sketch sketch;
  Exact exact;
  for (int i = 0; i < 3000; ++i) add(sketch, exact, std::to_string(i % 40));
  checkBounds(sketch, exact);
  for (int i = 0; i < 3000; ++i) add(sketch, exact, "wave" + std::to_string(i / 100));
  checkBounds(sketch, exact);
  for (int i = 0; i < 3000; ++i) add(sketch, exact, "new" + std::to_string(i));
  add(sketch, exact, "often", 500);
  checkBounds(sketch, exact);
  CHECK(sketch.top(1).front().key == "often");
}

TEST_CASE("names that come once each never look as if they came often") {
  Sketch sketch;
  for (int i = 0; i < 100'000; ++i) sketch.add(std::to_string(i), hashOf(std::to_string(i)), 1);
  for (const auto& counted : sketch.top(32)) CHECK(counted.atLeast() == 1);
}

TEST_CASE("halving keeps the order, forgets what is over, and makes room for what is new") {
  Sketch sketch;
  Exact exact;
  for (int i = 1; i <= 32; ++i) add(sketch, exact, std::to_string(i), static_cast<std::uint64_t>(i));
  sketch.halve();
  CHECK(sketch.total() == 32 * 33 / 4);
  const auto halved = sketch.top(32);
  CHECK(halved.size() == 31);
  CHECK(halved.front().key == "32");
  CHECK(halved.front().count == 16);
  for (int i = 0; i < 6; ++i) sketch.halve();
  CHECK(sketch.total() == 4);
  CHECK(sketch.top(32).empty());
  sketch.add(std::string_view("new"), 5, 1);
  REQUIRE(sketch.top(32).size() == 1);
  CHECK(sketch.top(32).front().error == 0);
}

}  // namespace space_saving_test
