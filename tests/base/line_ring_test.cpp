#include "taut/base/line_ring.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>

#include <doctest/doctest.h>

namespace line_ring_test {

using taut::LineRing;

TEST_CASE("lines come out in the order in which they went in, and what found no room is counted") {
  LineRing ring(2);
  CHECK(!ring.take());
  for (int round = 0; round < 3; ++round) {
    ring.add("a");
    CHECK(!ring.isFull());
    ring.add("b");
    CHECK(ring.isFull());
    ring.add("c");
    CHECK(ring.dropped() == static_cast<std::uint64_t>(round + 1));
    CHECK(ring.take() == "a");
    CHECK(ring.take() == "b");
    CHECK(!ring.take());
  }
}

TEST_CASE("each line that another thread writes is taken once and in order, or counted as dropped") {
  constexpr std::size_t count = 20'000;
  LineRing ring(16);
  std::atomic<bool> ended = false;
  std::thread writer([&] {
    for (std::size_t i = 0; i < count; ++i) ring.add(std::to_string(i));
    ended = true;
  });
  std::size_t taken = 0;
  std::size_t next = 0;
  bool inOrder = true;
  for (bool last = false; !last;) {
    last = ended;
    while (const auto line = ring.take()) {
      const std::size_t number = std::stoul(*line);
      inOrder = inOrder && number >= next;
      next = number + 1;
      ++taken;
    }
  }
  writer.join();
  CHECK(inOrder);
  CHECK(taken + ring.dropped() == count);
}

}  // namespace line_ring_test
