#include "taut/dns/edns.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "support/packet.hpp"

namespace taut {

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
  CHECK(Edns::parse(1232, 0, Packet().option(0, {}).option(65535, first(1)).option(8, first(4))).has_value());
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

}  // namespace taut
