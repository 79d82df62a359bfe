#include "taut/base/result.hpp"

#include <memory>
#include <string>
#include <utility>

#include <doctest/doctest.h>

namespace result_test {

using taut::Failure;
using taut::Result;

namespace {

Result<std::string, int> find(bool found) {
  if (!found) return Failure(404);
  return "text";
}

Result<int, int> sameTypes(bool good) {
  if (!good) return Failure(1);
  return 1;
}

Result<void, std::string> act(bool good) {
  if (!good) return Failure("reason");
  return {};
}

}  // namespace

TEST_CASE("a result is a value or a reason") {
  const auto good = find(true);
  REQUIRE(good);
  CHECK(*good == "text");
  CHECK(good->size() == 4);
  const auto bad = find(false);
  CHECK_FALSE(bad.ok());
  CHECK(bad.error() == 404);
  CHECK(find(false).valueOr("other") == "other");
  CHECK(find(true).valueOr("other") == "text");
}

TEST_CASE("value and reason may have the same type") {
  CHECK(sameTypes(true).ok());
  CHECK_FALSE(sameTypes(false).ok());
}

TEST_CASE("a value that only moves can be taken out") {
  Result<std::unique_ptr<int>, int> result(std::make_unique<int>(3));
  const auto pointer = std::move(result).value();
  CHECK(*pointer == 3);
}

TEST_CASE("success without a value is a result too") {
  CHECK(act(true).ok());
  CHECK(act(false).error() == "reason");
}

}  // namespace result_test
