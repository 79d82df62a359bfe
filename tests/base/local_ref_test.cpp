#include "taut/base/local_ref.hpp"

#include <utility>

#include <doctest/doctest.h>

#include "support/counted.hpp"

namespace local_ref_test {

using taut::CountedObject;
using taut::LocalCounted;
using taut::LocalRef;

namespace {

struct Snapshot : LocalCounted {
  explicit Snapshot(int value) : counted(value) {}
  CountedObject counted;
};

}  // namespace

TEST_CASE("the last reference deletes the object, and no other does") {
  CountedObject::reset();
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
  CHECK(CountedObject::live() == 1);
  auto moved = std::move(first);
  CHECK_FALSE(first);
  CHECK(moved->useCount() == 1);
  moved = taut::makeLocalRef<Snapshot>(4);
  CHECK(CountedObject::live() == 1);
  moved = *&moved;
  CHECK(moved->counted.value() == 4);
  moved.reset();
  CHECK(CountedObject::live() == 0);
}

}  // namespace local_ref_test
