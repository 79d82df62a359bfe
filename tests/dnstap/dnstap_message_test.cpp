#include "taut/dnstap/dnstap_message.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace dnstap_message_test {

using namespace std::string_view_literals;
using taut::Address;
using taut::asBytes;
using taut::DnstapEntry;
using taut::DnstapIdentity;
using taut::DnstapMessage;
using taut::DnstapType;
using taut::Transport;
using taut::WallTime;

namespace {

std::string encode(const DnstapIdentity& identity, const DnstapMessage& message) {
  const DnstapEntry entry(identity, message);
  std::vector<std::uint8_t> octets(entry.size());
  entry.write(octets);
  return {octets.begin(), octets.end()};
}

constexpr WallTime at(std::int64_t seconds, std::int64_t nanoseconds) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::seconds(seconds) +
                                                                 std::chrono::nanoseconds(nanoseconds)));
}

}  // namespace

TEST_CASE("a query is encoded with who asked, how and when, after who the server is") {
  DnstapMessage message{DnstapType::authQuery};
  message.querier = Address::v4({192, 0, 2, 1}, 300);
  message.queryTime = at(1, 2);
  message.octets = asBytes("dns"sv);
  CHECK(encode({"ns1", "taut"}, message) ==
        "\x0a\x03ns1"
        "\x12\x04taut"
        "\x72\x1b"
        "\x08\x01\x10\x01\x18\x01"
        "\x22\x04\xc0\x00\x02\x01"
        "\x30\xac\x02"
        "\x40\x01\x4d\x02\x00\x00\x00"
        "\x52\x03"
        "dns"
        "\x78\x01"sv);
}

TEST_CASE("a response has both times, and the message as the response's") {
  DnstapMessage message{DnstapType::forwarderResponse};
  message.transport = Transport::tcp;
  message.responder = Address::v6({0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 53);
  message.queryTime = at(128, 0x01020304);
  message.responseTime = at(129, 0);
  message.octets = asBytes("dns"sv);
  CHECK(encode({"", ""}, message) ==
        "\x72\x2f"
        "\x08\x08\x10\x02\x18\x02"
        "\x2a\x10\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"
        "\x38\x35"
        "\x40\x80\x01\x4d\x04\x03\x02\x01"
        "\x60\x81\x01\x6d\x00\x00\x00\x00"
        "\x72\x03"
        "dns"
        "\x78\x01"sv);
}

TEST_CASE("the largest message, with the longest fields, is encoded whole") {
  const std::string octets(65535, 'x');
  const Address address = Address::v6({}, 65535);
  DnstapMessage message{
      DnstapType::clientResponse, Transport::tcp, address, address, at(-1, 0), at(-1, 0), asBytes(octets)};
  const std::string text(255, 'i');
  const std::string encoded = encode({text, text}, message);
  CHECK(encoded.find(octets) != std::string::npos);
  CHECK(encoded.ends_with("x\x78\x01"));
}

TEST_CASE("types have the names that the configuration knows") {
  CHECK(taut::dnstapTypeOf("auth-query") == DnstapType::authQuery);
  CHECK(taut::dnstapTypeOf("forwarder-response") == DnstapType::forwarderResponse);
  CHECK_FALSE(taut::dnstapTypeOf("resolver-query"));
  CHECK(taut::isResponse(DnstapType::clientResponse));
  CHECK_FALSE(taut::isResponse(DnstapType::clientQuery));
}

}  // namespace dnstap_message_test
