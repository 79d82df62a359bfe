#include "taut/server/server_cookies.hpp"

#include <algorithm>
#include <charconv>

#include "taut/base/random.hpp"

namespace taut {

namespace {

constexpr std::uint8_t version = 1;
constexpr std::size_t clientSize = 8;
constexpr std::size_t hashedSize = clientSize + 8;  // client cookie, version, reserved, timestamp
constexpr std::int32_t oldest = 3600;               // seconds; RFC 9018 section 4.3
constexpr std::int32_t newest = -300;               // a clock that is ahead of ours
constexpr std::int32_t renewAfter = 1800;

std::uint64_t hashOf(const SipHashKey& secret, ByteSpan head, const Address& client) {
  std::array<std::uint8_t, hashedSize + 16> input;
  std::ranges::copy(head.first(hashedSize), input.begin());
  const ByteSpan address = client.bytes();
  std::ranges::copy(address, input.begin() + hashedSize);
  return sipHash24(secret, ByteSpan(input).first(hashedSize + address.size()));
}

// Seconds since the cookie was made; negative where its clock was ahead.
std::int32_t ageOf(const Cookie& cookie, std::uint32_t now) {
  return static_cast<std::int32_t>(now - loadU32(cookie.octets.data() + clientSize + 4));
}

}  // namespace

std::optional<ServerCookies::Secret> ServerCookies::parseSecret(std::string_view text) {
  Secret secret;
  if (text.size() != 2 * secret.size()) return std::nullopt;
  for (std::size_t i = 0; i < secret.size(); ++i) {
    const char* const at = text.data() + 2 * i;
    const auto [end, error] = std::from_chars(at, at + 2, secret[i], 16);
    if (error != std::errc() || end != at + 2) return std::nullopt;
  }
  return secret;
}

ServerCookies::Secret ServerCookies::randomSecret() {
  Secret secret;
  fillRandom(secret);
  return secret;
}

bool ServerCookies::matches(const Secret& secret, const Cookie& cookie, const Address& client) const {
  std::uint64_t hash;
  std::memcpy(&hash, cookie.octets.data() + hashedSize, sizeof hash);
  return hash == hashOf(secret, cookie.octets, client);
}

bool ServerCookies::isValid(const Cookie& cookie, const Address& client, std::uint32_t now) const {
  if (cookie.size != Option().size() || cookie.octets[clientSize] != version) return false;
  const std::int32_t age = ageOf(cookie, now);
  if (age > oldest || age < newest) return false;
  return matches(secret_, cookie, client) || (previous_ && matches(*previous_, cookie, client));
}

ServerCookies::Option ServerCookies::makeOption(const Cookie& cookie, const Address& client, std::uint32_t now) const {
  Option option{};
  if (isValid(cookie, client, now) && ageOf(cookie, now) < renewAfter && matches(secret_, cookie, client)) {
    std::copy_n(cookie.octets.begin(), option.size(), option.begin());
    return option;
  }
  std::copy_n(cookie.octets.begin(), clientSize, option.begin());
  option[clientSize] = version;
  storeU32(option.data() + clientSize + 4, now);
  const std::uint64_t hash = hashOf(secret_, option, client);
  std::memcpy(option.data() + hashedSize, &hash, sizeof hash);
  return option;
}

}  // namespace taut
