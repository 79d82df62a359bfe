#include "taut/resolver/nat64_prefix.hpp"

#include <string>

#include <doctest/doctest.h>

namespace nat64_prefix_test {

namespace {

using taut::Address;
using taut::Nat64Prefix;

Address address(const char* text) {
  return Address::parse(text).value();
}

}  // namespace

TEST_CASE("addresses are embedded as the table of RFC 6052 section 2.4 has them, and found again") {
  const struct {
    const char* prefix;
    const char* embedded;
  } rows[] = {{"2001:db8::/32", "2001:db8:c000:221::"},
              {"2001:db8:100::/40", "2001:db8:1c0:2:21::"},
              {"2001:db8:122::/48", "2001:db8:122:c000:2:2100::"},
              {"2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"},
              {"2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"},
              {"2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"},
              {"64:ff9b::/96", "64:ff9b::192.0.2.33"}};
  for (const auto& row : rows) {
    CAPTURE(row.prefix);
    const auto prefix = Nat64Prefix::parse(row.prefix);
    REQUIRE(prefix);
    CHECK(prefix->embed(address("192.0.2.33")) == address(row.embedded));
    CHECK(prefix->extract(address(row.embedded)) == address("192.0.2.33"));
  }
}

TEST_CASE("addresses with another prefix, or with a bit in the reserved octet, stand for none") {
  const auto prefix = Nat64Prefix::parse("2001:db8:122::/48").value();
  CHECK_FALSE(prefix.extract(address("2001:db8:123:c000:2:2100::")));
  CHECK_FALSE(prefix.extract(address("2001:db8:122:c000:102:2100::")));
  CHECK_FALSE(prefix.extract(address("192.0.2.33")));
  CHECK(prefix.extract(address("2001:db8:122:c000:2:2100::1")) == address("192.0.2.33"));
}

TEST_CASE("text that is no prefix for NAT64 is refused") {
  for (const char* const text :
       {"", "64:ff9b::", "64:ff9b::/", "64:ff9b::/95", "64:ff9b::/128", "64:ff9b::/96x", "/96", "64:ff9b::1/96",
        "2001:db8:122:344:100::/96", "192.0.2.0/32", "[64:ff9b::]:53/96", "fe80::%1/96", "2001:db8:1::/32"}) {
    CAPTURE(text);
    CHECK_FALSE(Nat64Prefix::parse(text));
  }
}

TEST_CASE("the well-known prefix is for addresses that mean the same everywhere, another one for all") {
  const Nat64Prefix wellKnown;
  CHECK(wellKnown == Nat64Prefix::parse("64:ff9b::/96").value());
  CHECK(wellKnown.mayEmbed(address("192.0.2.1")));
  for (const char* const text : {"10.0.0.1", "127.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.0.1", "100.64.0.1",
                                 "0.0.0.0", "224.0.0.1", "255.255.255.255"}) {
    CAPTURE(text);
    CHECK_FALSE(wellKnown.mayEmbed(address(text)));
    CHECK(Nat64Prefix::parse("2001:db8::/96").value().mayEmbed(address(text)));
  }
}

}  // namespace nat64_prefix_test
