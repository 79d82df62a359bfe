#include "taut/dnstap/frame_ring.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace frame_ring_test {

using taut::ByteSpan;
using taut::FrameRing;
using taut::MutableByteSpan;

namespace {

bool put(FrameRing& ring, const std::string& frame) {
  const MutableByteSpan room = ring.add(frame.size());
  if (room.empty()) return false;
  std::ranges::copy(frame, room.begin());
  return true;
}

// Takes so many octets of what is to be written.
std::string take(FrameRing& ring, std::size_t octets) {
  const ByteSpan next = ring.unwritten().first(std::min(octets, ring.unwritten().size()));
  std::string taken(next.begin(), next.end());
  ring.written(taken.size());
  return taken;
}

std::string asFrame(const std::string& text) {
  std::string frame(FrameRing::lengthSize, '\0');
  frame.back() = static_cast<char>(text.size());
  return frame + text;
}

}  // namespace

TEST_CASE("frames leave in the order in which they came, each behind its length") {
  FrameRing ring(64);
  CHECK(ring.empty());
  CHECK(put(ring, "one"));
  CHECK(put(ring, "three"));
  CHECK(ring.count() == 2);
  CHECK(take(ring, 64) == asFrame("one") + asFrame("three"));
  CHECK(ring.empty());
  CHECK(ring.count() == 0);
}

TEST_CASE("a frame without room is not taken, and those that are there stay") {
  FrameRing ring(16);
  CHECK(put(ring, "12345678"));
  CHECK_FALSE(put(ring, "1"));
  CHECK(ring.count() == 1);
  CHECK(take(ring, 16) == asFrame("12345678"));
  CHECK(put(ring, "123456789012"));
  CHECK_FALSE(put(ring, "1"));
}

TEST_CASE("written says how many frames have left as a whole") {
  FrameRing ring(64);
  put(ring, "one");
  put(ring, "two");
  put(ring, "three");
  CHECK(ring.written(6) == 0);
  CHECK(ring.written(8) == 2);
  CHECK(ring.count() == 1);
  CHECK(ring.written(9) == 1);
  CHECK(ring.empty());
}

TEST_CASE("a frame that was written in part is there as a whole for another stream") {
  FrameRing ring(64);
  put(ring, "one");
  put(ring, "two");
  CHECK(ring.written(9) == 1);
  CHECK(take(ring, 0).empty());
  ring.writeAgain();
  CHECK(take(ring, 64) == asFrame("two"));
}

TEST_CASE("what is being written stays in place while frames are added, also around the end") {
  FrameRing ring(32);
  put(ring, "12345678");
  put(ring, "abcd");
  take(ring, 12);
  const ByteSpan inFlight = ring.unwritten();
  CHECK(put(ring, "XYZ"));
  CHECK(put(ring, "around"));  // at the front of the memory again
  CHECK(std::string(inFlight.begin(), inFlight.end()) == asFrame("abcd"));
  CHECK(take(ring, 15) == asFrame("abcd") + asFrame("XYZ"));
  CHECK(take(ring, 64) == asFrame("around"));
  CHECK(ring.empty());
}

TEST_CASE("whatever sizes come and go, what leaves is what was taken in") {
  FrameRing ring(257);
  std::string expected;
  std::string left;
  std::size_t taken = 0;
  std::size_t refused = 0;
  std::uint32_t state = 1;
  const auto next = [&state](std::uint32_t limit) {
    state = state * 1664525 + 1013904223;
    return (state >> 16) % limit;
  };
  for (int i = 0; i < 20000; ++i) {
    const std::string frame(1 + next(60), static_cast<char>('a' + next(26)));
    if (put(ring, frame)) {
      expected += asFrame(frame);
      ++taken;
    } else {
      ++refused;
    }
    if (next(3) == 0) left += take(ring, next(120));
  }
  while (!ring.empty()) left += take(ring, 1 + next(50));
  CHECK(left == expected);
  CHECK(taken > 1000);
  CHECK(refused > 1000);
  CHECK(ring.count() == 0);
}

}  // namespace frame_ring_test
