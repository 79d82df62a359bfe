#include "config/suggestion.hpp"

#include <vector>

#include <doctest/doctest.h>

namespace suggestion_test {

using namespace taut::config;

TEST_CASE("an edit is a character inserted, removed, replaced, or swapped with its neighbour") {
  CHECK(editDistance("zone", "zone") == 0);
  CHECK(editDistance("zon", "zone") == 1);
  CHECK(editDistance("zonee", "zone") == 1);
  CHECK(editDistance("zane", "zone") == 1);
  CHECK(editDistance("zoen", "zone") == 1);
  CHECK(editDistance("", "zone") == 4);
  CHECK(editDistance("zone", "acl") == 4);
}

TEST_CASE("the nearest word is at most two edits away, and as a whole not another word") {
  const std::vector<std::string_view> known = {"zone", "zone-list", "acl", "server"};
  CHECK(nearest("zoen", known) == "zone");
  CHECK(nearest("zone-lits", known) == "zone-list");
  CHECK(nearest("sevre", known) == "server");
  CHECK(!nearest("nothing", known));
  CHECK(!nearest("xyz", known));
  CHECK(!nearest("abc", known));
  CHECK(!nearest("", known));
}

}  // namespace suggestion_test
