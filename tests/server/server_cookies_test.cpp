#include "taut/server/server_cookies.hpp"

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "messages.hpp"

namespace server_cookies_test {

namespace {

using namespace taut;

Bytes fromHex(std::string_view text) {
  const auto digit = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); };
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(digit(text[i]) << 4 | digit(text[i + 1])));
  return bytes;
}

Cookie cookieOf(ByteSpan octets) {
  Cookie cookie;
  std::ranges::copy(octets, cookie.octets.begin());
  cookie.size = static_cast<std::uint8_t>(octets.size());
  return cookie;
}

Cookie cookieOf(std::string_view hex) {
  const Bytes bytes = fromHex(hex);
  return cookieOf(ByteSpan(bytes));
}

ServerCookies::Secret secretOf(std::string_view hex) {
  return ServerCookies::parseSecret(hex).value();
}

Bytes made(const ServerCookies& cookies, std::string_view from, std::string_view client, std::uint32_t now) {
  const ServerCookies::Option option = cookies.makeOption(cookieOf(from), Address::parse(client).value(), now);
  return Bytes(option.begin(), option.end());
}

constexpr std::string_view firstSecret = "e5e973e5a6b2a43f48e7dc849e37bfcf";
const Address client = Address::v4({198, 51, 100, 100});
constexpr std::uint32_t madeAt = 1559731985;
// RFC 9018 appendix A.1: what a server makes for this client then.
constexpr std::string_view learnt = "2464c4abcf10c957010000005cf79f111f8130c3eee29480";

}  // namespace

TEST_CASE("cookies are those of RFC 9018 appendix A") {
  const ServerCookies cookies({secretOf(firstSecret)});
  CHECK(made(cookies, "2464c4abcf10c957", "198.51.100.100", madeAt) == fromHex(learnt));
  // A.2: forty minutes later it is renewed.
  CHECK(made(cookies, learnt, "198.51.100.100", 1559734385) ==
        fromHex("2464c4abcf10c957010000005cf7a871d4a564a1442aca77"));
  // A.3: reserved octets that are set, in an old cookie.
  CHECK(made(cookies, "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", "203.0.113.203", 1559734700) ==
        fromHex("fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e"));
}

TEST_CASE("cookies for IPv6 and across a change of the secret are those of RFC 9018 appendix A.4") {
  const auto oldSecret = secretOf("dd3bdf9344b678b185a6f5cb60fca715");
  const auto newSecret = secretOf("445536bcd2513298075a5d379663c962");
  constexpr std::string_view address = "2001:db8:220:1:59de:d0f4:8769:82b8";
  constexpr std::string_view before = "22681ab97d52c298010000005cf7c57926556bd0934c72f8";
  CHECK(made(ServerCookies({oldSecret}), "22681ab97d52c298", address, 1559741817) == fromHex(before));
  const ServerCookies rolled({newSecret, oldSecret});
  const Address client6 = Address::parse(address).value();
  CHECK(rolled.isValid(cookieOf(before), client6, 1559741961));
  CHECK(made(rolled, before, address, 1559741961) == fromHex("22681ab97d52c298010000005cf7c609a6bb79d16625507a"));
  CHECK_FALSE(ServerCookies({newSecret}).isValid(cookieOf(before), client6, 1559741961));
}

TEST_CASE("a valid cookie that is fresh is returned as it is") {
  const ServerCookies cookies({secretOf(firstSecret)});
  CHECK(made(cookies, learnt, "198.51.100.100", madeAt + 1800) == fromHex(learnt));
  CHECK(made(cookies, learnt, "198.51.100.100", madeAt + 1801) != fromHex(learnt));
}

TEST_CASE("a cookie is valid from five minutes before its time to an hour after") {
  const ServerCookies cookies({secretOf(firstSecret)});
  const Cookie cookie = cookieOf(learnt);
  CHECK(cookies.isValid(cookie, client, madeAt - 300));
  CHECK_FALSE(cookies.isValid(cookie, client, madeAt - 301));
  CHECK(cookies.isValid(cookie, client, madeAt + 3600));
  CHECK_FALSE(cookies.isValid(cookie, client, madeAt + 3601));
  CHECK_FALSE(cookies.isValid(cookie, client, madeAt + 0x80000000u));
}

TEST_CASE("times are compared across the end of 32 bits") {
  const ServerCookies cookies({secretOf(firstSecret)});
  const Bytes late = made(cookies, "2464c4abcf10c957", "198.51.100.100", 0xffffff00u);
  CHECK(cookies.isValid(cookieOf(ByteSpan(late)), client, 0x00000100u));
}

TEST_CASE("a cookie of another client, with a changed octet, of another version or size is not valid") {
  const ServerCookies cookies({secretOf(firstSecret)});
  CHECK_FALSE(cookies.isValid(cookieOf(learnt), Address::v4({198, 51, 100, 101}), madeAt));
  for (std::size_t i = 0; i < 24; ++i) {
    Bytes changed = fromHex(learnt);
    changed[i] ^= 1;
    CHECK_FALSE(cookies.isValid(cookieOf(ByteSpan(changed)), client, madeAt));
  }
  Bytes longer = fromHex(learnt);
  longer.push_back(0);
  CHECK_FALSE(cookies.isValid(cookieOf(ByteSpan(longer)), client, madeAt));
  CHECK_FALSE(cookies.isValid(cookieOf(ByteSpan(longer).first(8)), client, madeAt));
  CHECK_FALSE(cookies.isValid(cookieOf(ByteSpan(longer).first(16)), client, madeAt));
}

TEST_CASE("the client's port does not count") {
  const ServerCookies cookies({secretOf(firstSecret)});
  CHECK(cookies.isValid(cookieOf(learnt), client.withPort(4711), madeAt));
}

TEST_CASE("a secret is 32 hexadecimal digits of either case, and nothing else") {
  CHECK(ServerCookies::parseSecret("E5E973E5A6B2A43F48E7DC849E37BFCF") == secretOf(firstSecret));
  for (const char* text :
       {"", "e5e973e5a6b2a43f48e7dc849e37bfc", "e5e973e5a6b2a43f48e7dc849e37bfcf0", "e5e973e5a6b2a43f48e7dc849e37bfcg",
        "0x e973e5a6b2a43f48e7dc849e37bfc", "-1e973e5a6b2a43f48e7dc849e37bfcf"})
    CHECK_FALSE(ServerCookies::parseSecret(text));
}

TEST_CASE("random secrets differ") {
  CHECK(ServerCookies::randomSecret() != ServerCookies::randomSecret());
}

TEST_CASE("there are one to eight secrets") {
  const auto secret = secretOf(firstSecret);
  CHECK_THROWS_AS(ServerCookies({}), std::invalid_argument);
  CHECK_NOTHROW(ServerCookies(std::vector(8, secret)));
  CHECK_THROWS_AS(ServerCookies(std::vector(9, secret)), std::invalid_argument);
}

}  // namespace server_cookies_test
