#include "taut/dns/address_name.hpp"

#include <array>
#include <cstdint>
#include <string>

#include <doctest/doctest.h>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/random.hpp"
#include "taut/dns/name.hpp"

namespace taut::address_name_test {

namespace {

Address address(const char* text) {
  return Address::parse(text).value();
}

std::string reversed(const char* name) {
  const auto found = addressOfReverseName(Name(name));
  return found ? found->hostText() : "";
}

std::string labelled(const char* label) {
  const auto found = addressOfLabel(label);
  return found ? found->hostText() : "";
}

}  // namespace

TEST_CASE("Reverse names are those of RFC 1035 section 3.5 and RFC 3596 section 2.5") {
  CHECK(reverseName(address("10.2.0.52")).toString() == "52.0.2.10.in-addr.arpa.");
  CHECK(reverseName(address("10.2.0.52:53")).toString() == "52.0.2.10.in-addr.arpa.");
  CHECK(reverseName(address("4321:0:1:2:3:4:567:89ab")).toString() ==
        "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa.");
  CHECK(reverseName(Address()).isRoot());
}

TEST_CASE("A reverse name gives its address in any case, and what is none gives nothing") {
  CHECK(reversed("52.0.2.10.IN-ADDR.ARPA") == "10.2.0.52");
  CHECK(reversed("B.A.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.IP6.ARPA") ==
        "4321:0:1:2:3:4:567:89ab");
  for (const char* const none : {
           ".",
           "in-addr.arpa",
           "2.10.in-addr.arpa",
           "1.52.0.2.10.in-addr.arpa",
           "256.0.2.10.in-addr.arpa",
           "052.0.2.10.in-addr.arpa",
           "x.0.2.10.in-addr.arpa",
           "-1.0.2.10.in-addr.arpa",
           "0/25.2.0.192.in-addr.arpa",
           "52.0.2.10.in-addr.example",
           "52.0.2.10.ip6.arpa",
           "1.2.3.4.ip6.arpa",
           "g.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa",
           "ba.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa",
       })
    CHECK_MESSAGE(reversed(none) == "", none);
}

TEST_CASE("A label of an address has letters, digits and hyphens within alone") {
  CHECK(addressLabel(address("192.0.2.1:53")) == "192-0-2-1");
  CHECK(addressLabel(address("2001:db8::1")) == "2001-db8-0-0-0-0-0-1");
  CHECK(addressLabel(address("::")) == "0-0-0-0-0-0-0-0");
  CHECK(addressLabel(Address()).empty());
}

TEST_CASE("A label gives its address, and what is none gives nothing") {
  CHECK(labelled("192-0-2-1") == "192.0.2.1");
  CHECK(labelled("2001-DB8-0-0-0-0-0-1") == "2001:db8::1");
  CHECK(labelled("2001-db8--1") == "2001:db8::1");
  CHECK(labelled("1-2--3") == "1:2::3");
  for (const char* const none :
       {"", "-", "192-0-2", "192-0-2-256", "192-0-2-01", "192.0.2.1", "2001:db8::1", "192-53", "1-2-3-4-5", "a-b-c-d",
        "1--2--3", "www", "1-2-3-4-5-6-7-8-9", "2001-db8--1%1", "00001-2-3-4-5-6-7-8"})
    CHECK_MESSAGE(labelled(none) == "", none);
  CHECK_FALSE(addressOfLabel(std::string(63, '1')));
  CHECK_FALSE(addressOfLabel(std::string("1-2-3-4\0", 8)));
}

TEST_CASE("Any address survives as a reverse name and as a label") {
  for (int i = 0; i < 1000; ++i) {
    std::array<std::uint8_t, 16> octets{};
    fillRandom(octets);
    for (const Address& one : {Address::v6(octets), Address::v4({octets[0], octets[1], octets[2], octets[3]})}) {
      REQUIRE(addressOfReverseName(reverseName(one)) == one);
      REQUIRE(addressOfLabel(addressLabel(one)) == one);
    }
  }
}

}  // namespace taut::address_name_test
