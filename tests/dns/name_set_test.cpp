#include "taut/dns/name_set.hpp"

#include <cstddef>
#include <string>

#include <doctest/doctest.h>

#include <fmt/format.h>

#include "support/heap_counter.hpp"

namespace taut::name_set_test {

TEST_CASE("A set has the names that were inserted, in any case, and no others") {
  NameSet names;
  CHECK_FALSE(names.contains(Name("example")));
  CHECK(names.insert(Name("Example")));
  CHECK_FALSE(names.insert(Name("eXAMPLE")));
  CHECK(names.contains(Name("example")));
  CHECK_FALSE(names.contains(Name("www.example")));
  CHECK_FALSE(names.contains(Name("ample")));
  CHECK(names.size() == 1);
}

TEST_CASE("A name is covered by the longest name of the set that it is within") {
  NameSet names;
  CHECK_FALSE(names.covering(Name("www.example")));
  names.insert(Name("example"));
  names.insert(Name("Ads.example"));
  CHECK(names.covering(Name("x.y.ADS.example"))->toString() == "Ads.example.");
  CHECK(names.covering(Name("ads.example"))->toString() == "Ads.example.");
  CHECK(names.covering(Name("bads.example"))->toString() == "example.");
  CHECK_FALSE(names.covering(Name("example.org")));
  CHECK_FALSE(names.covering(Name()));
  names.insert(Name());
  CHECK(names.covering(Name("example.org"))->isRoot());
}

TEST_CASE("Every one of many names is found") {
  NameSet names;
  for (int i = 0; i < 20000; ++i) REQUIRE(names.insert(Name(fmt::format("host{}.example", i))));
  names.shrinkToFit();
  for (int i = 0; i < 20000; ++i) REQUIRE(names.contains(Name(fmt::format("HOST{}.example", i))));
  CHECK_FALSE(names.contains(Name("host20000.example")));
  CHECK(names.size() == 20000);
}

TEST_CASE("A name of a large set costs its octets, one more, and at most eleven of index") {
  NameSet names;
  std::size_t octets = 0;
  for (int i = 0; i < 50000; ++i) {
    const Name name(fmt::format("tracker{}.ads{}.example.com", i, i % 100));
    names.insert(name);
    octets += name.size() + 1;
  }
  names.shrinkToFit();
  CHECK(names.memory() <= octets + names.size() * 11);
  const std::size_t before = HeapCounter::allocations();
  CHECK(names.covering(Name("x.tracker7.ads7.example.com")));
  CHECK(HeapCounter::allocations() == before);
}

}  // namespace taut::name_set_test
