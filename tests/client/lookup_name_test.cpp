#include "taut/client/lookup_name.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace taut::lookup_name_test {

namespace {

std::string candidates(const LookupName& name, std::size_t ndots = 1) {
  const std::array search = {Name("a.example"), Name(), Name("b.example")};
  std::string text;
  for (const Name& candidate : name.candidates(search, ndots)) text += candidate.toString() + ' ';
  return text;
}

}  // namespace

TEST_CASE("A name with fewer dots than ndots is completed first, and one with as many last") {
  CHECK(candidates("www") == "www.a.example. www.b.example. www. ");
  CHECK(candidates("www", 0) == "www. www.a.example. www.b.example. ");
  CHECK(candidates("www.lab") == "www.lab. www.lab.a.example. www.lab.b.example. ");
  CHECK(candidates("www.lab", 2) == "www.lab.a.example. www.lab.b.example. www.lab. ");
}

TEST_CASE("A name that ends in a dot, one that is given whole, and the root are asked for as they are") {
  CHECK(candidates("www.") == "www. ");
  CHECK(candidates(std::string("www.")) == "www. ");
  CHECK(candidates(Name("www")) == "www. ");
  CHECK(candidates(Name("www").view()) == "www. ");
  CHECK(candidates(".") == ". ");
  CHECK(candidates("@") == ". ");
}

TEST_CASE("A dot that a backslash makes part of a label does not end a name") {
  CHECK(LookupName("www\\.").isRelative());
  CHECK_FALSE(LookupName("www\\\\.").isRelative());
  CHECK(LookupName("www\\\\\\.").isRelative());
  CHECK(candidates("www\\.") == "www\\..a.example. www\\..b.example. www\\.. ");
}

TEST_CASE("A completed name that is too long is left out") {
  std::string longest;
  for (int i = 0; i < 3; ++i) longest += std::string(63, 'a') + '.';
  longest += std::string(55, 'b');
  CHECK(candidates(longest) == longest + ". ");
}

TEST_CASE("Text that is no name says why") {
  CHECK((LookupName("a..b").error() == NameError::emptyLabel));
  CHECK((LookupName("").error() == NameError::emptyLabel));
  CHECK((LookupName(std::string(64, 'a')).error() == NameError::labelTooLong));
  CHECK((LookupName("a\\").error() == NameError::badEscape));
  CHECK_FALSE(LookupName("a").error());
}

}  // namespace taut::lookup_name_test
