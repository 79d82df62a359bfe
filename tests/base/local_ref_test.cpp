#include "taut/base/local_ref.hpp"

#include <utility>

#include <doctest/doctest.h>

#include "support/counted.hpp"

using taut::Counted;
using taut::LocalCounted;
using taut::LocalRef;

namespace {

struct Snapshot : LocalCounted {
  explicit Snapshot(int value) : counted(value) {}
  Counted counted;
};

}  // namespace

TEST_CASE("the last reference deletes the object, and no other does") {
  Counted::reset();
  auto first = taut::makeLocalRef<Snapshot>(3);
  {
    const LocalRef<const Snapshot> none;
    const auto second = first;
    CHECK(first->useCount() == 2);
    CHECK(second->counted.value() == 3);
    CHECK(first == second);
    CHECK_FALSE(none);
  }
  CHECK(first->useCount() == 1);
  CHECK(Counted::live() == 1);
  auto moved = std::move(first);
  CHECK_FALSE(first);
  CHECK(moved->useCount() == 1);
  moved = taut::makeLocalRef<Snapshot>(4);
  CHECK(Counted::live() == 1);
  moved = *&moved;
  CHECK(moved->counted.value() == 4);
  moved.reset();
  CHECK(Counted::live() == 0);
}
