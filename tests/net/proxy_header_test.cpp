#include "taut/net/proxy_header.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "support/proxy_octets.hpp"
#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"

namespace proxy_header_test {

namespace {

using namespace taut;
using namespace taut::proxyoctets;

const Address peer = Address::v4({10, 0, 0, 1}, 5353);

std::string header(char command, char family, std::string_view rest) {
  std::string octets(signature);
  octets.push_back(command);
  octets.push_back(family);
  octets.push_back(static_cast<char>(rest.size() >> 8));
  octets.push_back(static_cast<char>(rest.size() & 255));
  return octets.append(rest);
}

std::string clientIn(std::string_view octets) {
  const auto read = ProxyHeader::read(asBytes(octets));
  return read ? read->clientOf(peer).toText() : "none";
}

}  // namespace

TEST_CASE("a header says for which client of IPv4 or IPv6 it is, over either protocol") {
  CHECK(clientIn(header(0x21, 0x11, v4)) == "192.0.2.7:32769");
  CHECK(clientIn(header(0x21, 0x12, v4)) == "192.0.2.7:32769");
  CHECK(clientIn(header(0x21, 0x21, v6)) == "[2001:db8::7]:32769");
  CHECK(clientIn(header(0x21, 0x22, v6)) == "[2001:db8::7]:32769");
}

TEST_CASE("a balancer that speaks for itself has its own address, whatever the rest of the header") {
  CHECK(clientIn(header(0x20, 0x00, "")) == "10.0.0.1:5353");
  CHECK(clientIn(header(0x20, 0x12, v4)) == "10.0.0.1:5353");
  CHECK(clientIn(header(0x20, 0x7f, "any")) == "10.0.0.1:5353");
}

TEST_CASE("what follows the addresses is part of the header, and passed over") {
  const std::string tlv("\x04\x00\x03pad", 6);
  const std::string octets = header(0x21, 0x12, std::string(v4) + tlv);
  const auto read = ProxyHeader::read(asBytes(octets + "a message"));
  REQUIRE(read);
  CHECK(read->size() == octets.size());
  CHECK(read->clientOf(peer).toText() == "192.0.2.7:32769");
}

TEST_CASE("a header of up to 512 octets is read, a longer one is none") {
  const std::string largest(ProxyHeader::maxSize - ProxyHeader::fixedSize - v4.size(), 'x');
  CHECK(clientIn(header(0x21, 0x11, std::string(v4) + largest)) == "192.0.2.7:32769");
  CHECK(clientIn(header(0x21, 0x11, std::string(v4) + largest + 'x')) == "none");
}

TEST_CASE("every header that breaks off is none") {
  for (const std::string& octets : {header(0x21, 0x12, v4), header(0x21, 0x22, v6), header(0x20, 0, "")})
    for (std::size_t size = 0; size < octets.size(); ++size) CHECK(clientIn(octets.substr(0, size)) == "none");
}

TEST_CASE("addresses that are shorter than their family are none") {
  CHECK(clientIn(header(0x21, 0x11, v4.substr(1))) == "none");
  CHECK(clientIn(header(0x21, 0x22, v6.substr(1))) == "none");
  CHECK(clientIn(header(0x21, 0x21, v4)) == "none");
}

TEST_CASE("other versions, commands, families and protocols are none") {
  for (const int command : {0x11, 0x31, 0x22, 0x2f, 0x01}) CHECK(clientIn(header(char(command), 0x12, v4)) == "none");
  for (const int family : {0x00, 0x10, 0x13, 0x31, 0x32, 0x41})
    CHECK(clientIn(header(0x21, static_cast<char>(family), std::string(v4) + std::string(204, 'x'))) == "none");
}

TEST_CASE("the text of version 1, and a DNS message, are none") {
  CHECK(clientIn("PROXY TCP4 192.0.2.7 203.0.113.1 32769 53\r\n") == "none");
  CHECK(clientIn(std::string_view("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01", 17)) ==
        "none");
  CHECK(clientIn("") == "none");
}

TEST_CASE("the length of a header is known from its first sixteen octets") {
  const std::string octets = header(0x21, 0x22, v6);
  CHECK(ProxyHeader::sizeOf(asBytes(octets).first(16)) == std::size_t{52});
  CHECK_FALSE(ProxyHeader::sizeOf(asBytes(octets).first(15)));
  CHECK_FALSE(ProxyHeader::sizeOf(asBytes(header(0x21, 0x22, std::string(497, 'x')))));
}

}  // namespace proxy_header_test
