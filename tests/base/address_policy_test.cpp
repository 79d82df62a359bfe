#include "taut/base/address_policy.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace address_policy_test {

namespace {

using namespace taut;
using Action = AddressPolicy::Action;

bool allows(const AddressPolicy& policy, std::string_view client) {
  return policy.allows(Address::parse(client).value());
}

std::string complaint(std::string_view network) {
  try {
    AddressPolicy().allow(network);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("an empty policy applies its default action to every address") {
  CHECK(allows(AddressPolicy(), "192.0.2.1"));
  CHECK_FALSE(allows(AddressPolicy(Action::refuse), "192.0.2.1"));
  CHECK_FALSE(allows(AddressPolicy(Action::refuse), "2001:db8::1"));
}

TEST_CASE("a network holds exactly the addresses that begin with its prefix") {
  AddressPolicy policy(Action::refuse);
  policy.allow("192.0.2.64/26").allow("2001:db8:8000::/33").allow("198.51.100.7");
  CHECK(allows(policy, "192.0.2.64"));
  CHECK(allows(policy, "192.0.2.127:4711"));
  CHECK_FALSE(allows(policy, "192.0.2.63"));
  CHECK_FALSE(allows(policy, "192.0.2.128"));
  CHECK(allows(policy, "2001:db8:ffff::1"));
  CHECK_FALSE(allows(policy, "2001:db8:7fff::1"));
  CHECK(allows(policy, "198.51.100.7"));
  CHECK_FALSE(allows(policy, "198.51.100.6"));
}

TEST_CASE("a prefix of no bits holds every address of its family and none of the other") {
  AddressPolicy policy(Action::refuse);
  policy.allow("0.0.0.0/0");
  CHECK(allows(policy, "255.255.255.255"));
  CHECK_FALSE(allows(policy, "::1"));
}

TEST_CASE("the first network that holds the address decides") {
  AddressPolicy policy;
  policy.refuse("192.0.2.1").allow("192.0.2.0/24").refuse("192.0.0.0/16");
  CHECK_FALSE(allows(policy, "192.0.2.1"));
  CHECK(allows(policy, "192.0.2.2"));
  CHECK_FALSE(allows(policy, "192.0.3.1"));
  CHECK(allows(policy, "198.51.100.1"));
}

TEST_CASE("an IPv4 address within IPv6 counts as the IPv4 address, on either side") {
  AddressPolicy policy(Action::refuse);
  policy.allow("192.0.2.0/24").allow("::ffff:198.51.100.0/120");
  CHECK(allows(policy, "::ffff:192.0.2.9"));
  CHECK(allows(policy, "::ffff:198.51.100.9"));
  CHECK(allows(policy, "198.51.100.9"));
  CHECK_FALSE(allows(policy, "::ffff:203.0.113.9"));
}

TEST_CASE("what is not a network is refused in words that name it and say what was expected") {
  for (const std::string_view text :
       {"", "/", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/+8", "192.0.2.0/8x", "192.0.2/24",
        "2001:db8::/129", "example.com", "192.0.2.1:53", "192.0.2.0/24/24"}) {
    CAPTURE(text);
    const std::string words = complaint(text);
    CHECK(words.find("'" + std::string(text) + "'") != std::string::npos);
    CHECK(words.find("expected") != std::string::npos);
  }
}

TEST_CASE("a network with bits after its prefix is refused") {
  CHECK(complaint("192.0.2.1/24").find("bits are set after the prefix") != std::string::npos);
  CHECK(complaint("192.0.2.128/24").find("bits are set after the prefix") != std::string::npos);
  CHECK(complaint("2001:db8::1/64").find("bits are set after the prefix") != std::string::npos);
  CHECK(complaint("192.0.2.128/25").empty());
}

TEST_CASE("policies are equal where they have the same networks and actions in the same order") {
  const auto policy = [] { return AddressPolicy(Action::refuse).allow("192.0.2.0/24").refuse("2001:db8::/32"); };
  CHECK(policy() == policy());
  CHECK(policy() != AddressPolicy(Action::allow).allow("192.0.2.0/24").refuse("2001:db8::/32"));
  CHECK(policy() != AddressPolicy(Action::refuse).allow("192.0.2.0/25").refuse("2001:db8::/32"));
  CHECK(policy() != AddressPolicy(Action::refuse).allow("192.0.2.0/24").allow("2001:db8::/32"));
  CHECK(policy() != policy().allow("198.51.100.1"));
}

TEST_CASE("the longest allowed network that holds an address is found, whatever the order") {
  AddressPolicy policy(AddressPolicy::Action::refuse);
  policy.allow("192.0.2.0/24").allow("192.0.0.0/16").allow("192.0.2.8/29").refuse("192.0.2.9").allow("2001:db8::/32");
  const auto longest = [&policy](const char* address) { return policy.longestMatch(Address::parse(address).value()); };
  CHECK(longest("192.0.2.9") == 29);
  CHECK(longest("::ffff:192.0.2.1") == 24);
  CHECK(longest("192.0.3.1") == 16);
  CHECK(longest("2001:db8::1") == 32);
  CHECK_FALSE(longest("198.51.100.1"));
  CHECK_FALSE(longest("2001:db9::1"));
}

}  // namespace address_policy_test
