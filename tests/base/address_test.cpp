#include "taut/base/address.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_set>

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace address_test {

using taut::Address;

namespace {

std::string canonical(std::string_view text, std::uint16_t port = 0) {
  const auto address = Address::parse(text, port);
  return address ? address->toText() : "(none)";
}

}  // namespace

TEST_CASE("an address is read with and without a port") {
  CHECK(Address::parse("192.0.2.1") == Address::v4({192, 0, 2, 1}));
  CHECK(Address::parse("192.0.2.1", 53) == Address::v4({192, 0, 2, 1}, 53));
  CHECK(Address::parse("192.0.2.1:5300", 53) == Address::v4({192, 0, 2, 1}, 5300));
  CHECK(Address::parse("::1", 53) == Address::loopbackV6(53));
  CHECK(Address::parse("[::1]", 53) == Address::loopbackV6(53));
  CHECK(Address::parse("[::1]:5300", 53) == Address::loopbackV6(5300));
  CHECK(Address::parse("0.0.0.0") == Address::anyV4());
  CHECK(Address::parse("::") == Address::anyV6());
  CHECK(Address::parse("127.0.0.1:65535")->port() == 65535);
}

TEST_CASE("a scope is read by name and by number") {
  const auto byName = Address::parse("fe80::1%lo", 53);
  REQUIRE(byName);
  CHECK(byName->scope() > 0);
  CHECK(byName->port() == 53);
  CHECK(Address::parse("[fe80::1%lo]:53") == byName);
  CHECK(Address::parse("fe80::1%7")->scope() == 7);
  CHECK_FALSE(Address::parse("fe80::1%no-such-interface"));
  CHECK_FALSE(Address::parse("fe80::1%"));
}

TEST_CASE("text that is no address is refused") {
  for (const auto* text : {"",
                           "example.com",
                           "192.0.2",
                           "192.0.2.256",
                           "192.0.2.1:",
                           "192.0.2.1:65536",
                           "192.0.2.1:-1",
                           "192.0.2.1:5x",
                           "192.0.2.1 ",
                           " 192.0.2.1",
                           ":53",
                           "[::1",
                           "[::1]53",
                           "[::1]:",
                           "[192.0.2.1]",
                           "[]:53",
                           "1:2",
                           "::1::2",
                           "[::1]:70000",
                           "1111111111111111111111111111111111111111111111111111111111111:1:1"}) {
    CAPTURE(text);
    CHECK_FALSE(Address::parse(text));
  }
}

TEST_CASE("an address is printed as it is read") {
  CHECK(canonical("192.0.2.1") == "192.0.2.1");
  CHECK(canonical("192.0.2.1", 53) == "192.0.2.1:53");
  CHECK(canonical("2001:DB8:0:0::1") == "2001:db8::1");
  CHECK(canonical("2001:db8::1", 53) == "[2001:db8::1]:53");
  CHECK(canonical("[fe80::1%lo]:53") == "[fe80::1%lo]:53");
  CHECK(Address().toText() == "(no address)");
  CHECK(fmt::format("{} {:h}", Address::loopbackV4(53), Address::loopbackV6(53)) == "127.0.0.1:53 ::1");
}

TEST_CASE("an address survives the kernel's form") {
  for (const auto* text : {"192.0.2.1:53", "[2001:db8::1]:5300", "[fe80::1%lo]:53"}) {
    const auto address = Address::parse(text);
    REQUIRE(address);
    sockaddr_storage storage{};
    const auto length = address->toSockaddr(storage);
    CHECK(storage.ss_family == address->family());
    CHECK(Address::fromSockaddr(&storage, length) == *address);
    CHECK(Address::fromSockaddr(&storage, length - 1).empty());
  }
  sockaddr_storage storage{};
  CHECK(Address().toSockaddr(storage) == 0);
  storage.ss_family = AF_UNIX;
  CHECK(Address::fromSockaddr(&storage, sizeof storage).empty());
  CHECK(Address::fromSockaddr(&storage, 0).empty());
}

TEST_CASE("an address knows its kind and its bytes") {
  const auto v4 = Address::v4({192, 0, 2, 1}, 53);
  CHECK(v4.isV4());
  CHECK_FALSE(v4.isV6());
  CHECK(v4.bytes().size() == 4);
  CHECK(v4.bytes()[3] == 1);
  CHECK(Address::loopbackV6().bytes().size() == 16);
  CHECK(Address().empty());
  CHECK(Address().bytes().empty());
  CHECK(Address::anyV4(53).isWildcard());
  CHECK(Address::anyV6(53).isWildcard());
  CHECK_FALSE(v4.isWildcard());
  CHECK_FALSE(Address().isWildcard());
  CHECK(Address::v4({127, 9, 9, 9}).isLoopback());
  CHECK(Address::loopbackV6(1).isLoopback());
  CHECK_FALSE(v4.isLoopback());
  CHECK(Address::v4({169, 254, 1, 1}).isLinkLocal());
  CHECK(Address::parse("febf::1")->isLinkLocal());
  CHECK_FALSE(Address::parse("fec0::1")->isLinkLocal());
}

TEST_CASE("addresses are equal where host, port and scope are") {
  const auto address = Address::v4({192, 0, 2, 1}, 53);
  CHECK(address != address.withPort(54));
  CHECK(address.sameHost(address.withPort(54)));
  CHECK(Address::anyV4() != Address::anyV6());
  CHECK(Address::v6({}, 0, 1) != Address::v6({}, 0, 2));
  std::unordered_set<Address> all;
  for (int port = 0; port < 1000; ++port) all.insert(address.withPort(static_cast<std::uint16_t>(port)));
  CHECK(all.size() == 1000);
  CHECK(all.count(address) == 1);
}

TEST_CASE("addresses overlap that have one port and one host, or of which one is the wildcard of its family") {
  const auto overlap = [](const char* one, const char* other) {
    const Address a = Address::parse(one).value();
    const Address b = Address::parse(other).value();
    CHECK(a.overlaps(b) == b.overlaps(a));
    return a.overlaps(b);
  };
  CHECK(overlap("127.0.0.1:53", "127.0.0.1:53"));
  CHECK(overlap("0.0.0.0:53", "127.0.0.1:53"));
  CHECK(overlap("[::]:53", "[::1]:53"));
  CHECK(overlap("[::]:53", "[::]:53"));
  CHECK_FALSE(overlap("127.0.0.1:53", "127.0.0.1:54"));
  CHECK_FALSE(overlap("127.0.0.1:53", "127.0.0.2:53"));
  CHECK_FALSE(overlap("0.0.0.0:53", "127.0.0.1:54"));
  CHECK_FALSE(overlap("[::]:53", "127.0.0.1:53"));
  CHECK_FALSE(overlap("0.0.0.0:53", "[::]:53"));
  CHECK_FALSE(overlap("0.0.0.0", "0.0.0.0"));
}

}  // namespace address_test
