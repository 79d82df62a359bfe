#include "taut/dns/edns.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <vector>

#include <doctest/doctest.h>

#include "support/packet.hpp"

namespace taut::edns_test {

namespace {

constexpr std::array<std::uint8_t, 40> octets = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14,
                                                 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
                                                 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40};

ByteSpan first(std::size_t count) {
  return ByteSpan(octets).first(count);
}

}  // namespace

TEST_CASE("OPT's class is the payload size, and its TTL holds version and DO") {
  const auto edns = Edns::parse(1232, 0x00008000, {});
  REQUIRE(edns.has_value());
  CHECK(edns->udpPayloadSize == 1232);
  CHECK(edns->version == 0);
  CHECK(edns->dnssecOk);
  CHECK(edns->cookie.size == 0);
  CHECK_FALSE(edns->nsid);

  const auto other = Edns::parse(0, 0xff017fff, {});
  REQUIRE(other.has_value());
  CHECK(other->version == 1);
  CHECK_FALSE(other->dnssecOk);  // the other bits of the flags are not DO
}

TEST_CASE("Options are read up to the end of OPT") {
  Packet options;
  options.option(3, {}).option(10, first(24)).option(11, {}).option(12, first(5)).option(65001, first(40));
  const auto edns = Edns::parse(4096, 0, options);
  REQUIRE(edns.has_value());
  CHECK(edns->nsid);
  CHECK(edns->keepalive);
  CHECK(edns->padding);
  CHECK(std::ranges::equal(edns->cookie.client(), first(8)));
  CHECK(std::ranges::equal(edns->cookie.server(), first(24).subspan(8)));
  CHECK(edns->options.size() == options.size());
}

TEST_CASE("A client's cookie alone has no server part, and no cookie has neither") {
  const auto edns = Edns::parse(1232, 0, Packet().option(10, first(8)));
  REQUIRE(edns.has_value());
  CHECK(edns->cookie.client().size() == 8);
  CHECK(edns->cookie.server().empty());
  CHECK(Cookie().client().empty());
  CHECK(Cookie().server().empty());
}

TEST_CASE("A cookie has 8, or 16 to 40 octets") {
  std::vector<std::uint8_t> data(64);
  for (std::size_t size = 0; size <= data.size(); ++size) {
    CAPTURE(size);
    const Packet options = Packet().option(10, ByteSpan(data).first(size));
    CHECK(Edns::parse(1232, 0, options).has_value() == (size == 8 || (size >= 16 && size <= 40)));
  }
}

TEST_CASE("Of several cookies the first counts, whatever the others are") {
  const auto edns = Edns::parse(1232, 0, Packet().option(10, first(8)).option(10, first(3)).option(10, first(40)));
  REQUIRE(edns.has_value());
  CHECK(edns->cookie.size == 8);
  CHECK_FALSE(Edns::parse(1232, 0, Packet().option(10, first(3)).option(10, first(8))).has_value());
}

TEST_CASE("Options that do not add up to RDLENGTH are malformed, wherever they are cut") {
  const Packet options = Packet().option(3, {}).option(12, first(5));
  for (std::size_t size = 0; size <= options.size(); ++size) {
    CAPTURE(size);
    const bool whole = size == 0 || size == 4 || size == options.size();
    CHECK(Edns::parse(1232, 0, options.span().first(size)).has_value() == whole);
  }
  CHECK_FALSE(Edns::parse(1232, 0, Packet().u16(12).u16(0xffff)).has_value());
}

TEST_CASE("Unknown options are ignored, empty ones too") {
  CHECK(Edns::parse(1232, 0, Packet().option(0, {}).option(65535, first(1)).option(9, first(4))).has_value());
}

TEST_CASE("The data of a keepalive or NSID in a request means nothing") {
  const auto edns = Edns::parse(1232, 0, Packet().option(11, first(3)).option(3, first(7)));
  REQUIRE(edns.has_value());
  CHECK(edns->keepalive);
  CHECK(edns->nsid);
}

TEST_CASE("The options of an unknown version are left alone: BADVERS comes first") {
  const auto edns = Edns::parse(1232, 0x00010000, Packet().u8(1));
  REQUIRE(edns.has_value());
  CHECK(edns->version == 1);
}

TEST_CASE("Malformed options leave the fixed fields and no option") {
  Edns edns;
  const Packet options = Packet().option(3, {}).option(10, first(8)).option(12, {}).u8(1);
  CHECK_FALSE(edns.read(4096, 0x8000, options));
  CHECK(edns.udpPayloadSize == 4096);
  CHECK(edns.dnssecOk);
  CHECK_FALSE(edns.nsid);
  CHECK_FALSE(edns.padding);
  CHECK(edns.cookie.size == 0);
  CHECK(edns.options.empty());
}

namespace {

// A CLIENT_SUBNET option: family, source and scope, then the address.
std::optional<Edns> withSubnet(std::initializer_list<std::uint8_t> data) {
  const std::vector<std::uint8_t> octetsOfOption(data);
  return Edns::parse(1232, 0, Packet().option(8, octetsOfOption));
}

std::vector<std::uint8_t> written(const ClientSubnet& subnet, std::uint8_t scope) {
  std::array<std::uint8_t, 64> buffer;
  ByteWriter writer{MutableByteSpan(buffer)};
  subnet.write(writer, scope);
  CHECK(writer.size() == subnet.size());
  return {buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(writer.size())};
}

}  // namespace

TEST_CASE("A client subnet is read as its family says, and written back as it came") {
  const auto v4 = withSubnet({0, 1, 24, 0, 192, 0, 2});
  REQUIRE(v4.has_value());
  REQUIRE(v4->clientSubnet.has_value());
  CHECK(v4->clientSubnet->network == Address::v4({192, 0, 2, 0}));
  CHECK(v4->clientSubnet->sourcePrefix == 24);
  CHECK(written(*v4->clientSubnet, 20) == std::vector<std::uint8_t>{0, 1, 24, 20, 192, 0, 2});
  const auto v6 = withSubnet({0, 2, 33, 0, 0x20, 0x01, 0x0d, 0xb8, 0x80});
  REQUIRE(v6.has_value());
  CHECK(v6->clientSubnet->network == Address::v6({0x20, 0x01, 0x0d, 0xb8, 0x80}));
  CHECK(written(*v6->clientSubnet, 0) == std::vector<std::uint8_t>{0, 2, 33, 0, 0x20, 0x01, 0x0d, 0xb8, 0x80});
  const auto whole = withSubnet({0, 1, 32, 0, 192, 0, 2, 1});
  REQUIRE(whole.has_value());
  CHECK(whole->clientSubnet->network == Address::v4({192, 0, 2, 1}));
}

TEST_CASE("A client may hide where it is by a subnet of no bits, with a family or without") {
  for (const std::uint8_t family : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{2}}) {
    CAPTURE(family);
    const auto edns = withSubnet({0, family, 0, 0});
    REQUIRE(edns.has_value());
    REQUIRE(edns->clientSubnet.has_value());
    CHECK(edns->clientSubnet->sourcePrefix == 0);
    CHECK(edns->clientSubnet->network.empty() == (family == 0));
    CHECK(written(*edns->clientSubnet, 0) == std::vector<std::uint8_t>{0, family, 0, 0});
  }
  CHECK_FALSE(Edns::parse(1232, 0, {})->clientSubnet.has_value());
}

TEST_CASE("A malformed client subnet is a format error (RFC 7871 section 6)") {
  CHECK_FALSE(withSubnet({}));
  CHECK_FALSE(withSubnet({0, 1, 24}));                   // no scope
  CHECK_FALSE(withSubnet({0, 3, 0, 0}));                 // an unknown family
  CHECK_FALSE(withSubnet({0, 1, 24, 0, 192, 0}));        // too few octets
  CHECK_FALSE(withSubnet({0, 1, 24, 0, 192, 0, 2, 0}));  // too many
  CHECK_FALSE(withSubnet({0, 1, 0, 0, 192}));
  CHECK_FALSE(withSubnet({0, 1, 33, 0, 192, 0, 2, 1, 128}));  // more bits than an address has
  CHECK_FALSE(withSubnet({0, 1, 255, 0, 192, 0, 2, 1}));
  CHECK_FALSE(withSubnet({0, 0, 8, 0, 192}));         // bits without a family
  CHECK_FALSE(withSubnet({0, 1, 23, 0, 192, 0, 3}));  // a bit after the prefix
  CHECK_FALSE(withSubnet({0, 2, 1, 0, 0x40}));
  CHECK_FALSE(withSubnet({0, 1, 24, 24, 192, 0, 2}));  // a scope in a query
  std::vector<std::uint8_t> v6(4 + 17);
  v6[1] = 2;
  v6[2] = 129;
  CHECK_FALSE(Edns::parse(1232, 0, Packet().option(8, v6)));
}

TEST_CASE("Of several client subnets the first counts, whatever the others are") {
  const std::vector<std::uint8_t> good{0, 1, 8, 0, 10};
  const auto edns = Edns::parse(1232, 0, Packet().option(8, good).option(8, {}));
  REQUIRE(edns.has_value());
  CHECK(edns->clientSubnet->network == Address::v4({10, 0, 0, 0}));
  CHECK_FALSE(Edns::parse(1232, 0, Packet().option(8, {}).option(8, good)).has_value());
}

TEST_CASE("A client subnet is cut to fewer bits, and to no more than it has") {
  const ClientSubnet subnet{Address::v4({192, 0, 2, 255}), 32};
  CHECK(subnet.cutTo(24) == ClientSubnet{Address::v4({192, 0, 2, 0}), 24});
  CHECK(subnet.cutTo(25) == ClientSubnet{Address::v4({192, 0, 2, 128}), 25});
  CHECK(subnet.cutTo(0) == ClientSubnet{Address::anyV4(), 0});
  CHECK(subnet.cutTo(24).cutTo(32) == ClientSubnet{Address::v4({192, 0, 2, 0}), 24});
  CHECK(ClientSubnet().cutTo(8) == ClientSubnet());
}

}  // namespace taut::edns_test
