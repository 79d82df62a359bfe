#include "taut/server/server_cookies.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include <sodium/crypto_shorthash.h>

#include "taut/base/parse_number.hpp"
#include "taut/base/random.hpp"

namespace taut {

namespace {

using Hash = std::array<std::uint8_t, crypto_shorthash_BYTES>;
static_assert(sizeof(ServerCookies::Secret) == crypto_shorthash_KEYBYTES);

constexpr std::uint8_t version = 1;
constexpr std::size_t clientSize = 8;
constexpr std::size_t timeOffset = clientSize + 4;  // after the version and three reserved octets
constexpr std::size_t hashOffset = clientSize + 8;
constexpr std::int32_t oldest = 3600;  // seconds
constexpr std::int32_t newest = -300;  // a clock that is ahead of ours
constexpr std::int32_t renewAfter = 1800;

Hash hashOf(const ServerCookies::Secret& secret, ByteSpan option, const Address& client) {
  std::array<std::uint8_t, hashOffset + 16> input;
  const ByteSpan address = client.bytes();
  std::ranges::copy(option.first(hashOffset), input.begin());
  std::ranges::copy(address, input.begin() + hashOffset);
  Hash hash;
  crypto_shorthash(hash.data(), input.data(), hashOffset + address.size(), secret.data());
  return hash;
}

bool matches(const ServerCookies::Secret& secret, const Cookie& cookie, const Address& client) {
  const Hash expected = hashOf(secret, cookie.octets, client);
  return std::equal(expected.begin(), expected.end(), cookie.octets.begin() + hashOffset);
}

// Seconds since the cookie was made, by serial number arithmetic; negative where its clock was ahead.
std::int32_t ageOf(const Cookie& cookie, std::uint32_t now) {
  return static_cast<std::int32_t>(now - loadU32(cookie.octets.data() + timeOffset));
}

bool isCurrent(const Cookie& cookie, std::uint32_t now) {
  if (cookie.size != ServerCookies::Option().size() || cookie.octets[clientSize] != version) return false;
  const std::int32_t age = ageOf(cookie, now);
  return age <= oldest && age >= newest;
}

}  // namespace

ServerCookies::ServerCookies(std::vector<Secret> secrets) : secrets_(std::move(secrets)) {
  if (secrets_.empty() || secrets_.size() > maxSecrets)
    throw std::invalid_argument("cookie secrets: expected 1 to 8 of them");
}

std::optional<ServerCookies::Secret> ServerCookies::parseSecret(std::string_view text) {
  Secret secret;
  if (text.size() != 2 * secret.size()) return std::nullopt;
  for (std::size_t i = 0; i < secret.size(); ++i) {
    const auto octet = parseNumber<std::uint8_t>(text.substr(2 * i, 2), 16);
    if (!octet) return std::nullopt;
    secret[i] = *octet;
  }
  return secret;
}

ServerCookies::Secret ServerCookies::randomSecret() {
  Secret secret;
  fillRandom(secret);
  return secret;
}

std::uint32_t ServerCookies::timestamp(WallTime time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch());
  return static_cast<std::uint32_t>(seconds.count());
}

bool ServerCookies::isValid(const Cookie& cookie, const Address& client, std::uint32_t now) const {
  const auto proves = [&](const Secret& secret) { return matches(secret, cookie, client); };
  return isCurrent(cookie, now) && std::ranges::any_of(secrets_, proves);
}

ServerCookies::Option ServerCookies::makeOption(const Cookie& cookie, const Address& client, std::uint32_t now) const {
  Option option{};
  if (isCurrent(cookie, now) && ageOf(cookie, now) <= renewAfter && matches(secrets_.front(), cookie, client)) {
    std::copy_n(cookie.octets.begin(), option.size(), option.begin());
    return option;
  }
  std::copy_n(cookie.octets.begin(), clientSize, option.begin());
  option[clientSize] = version;
  storeU32(option.data() + timeOffset, now);
  const Hash hash = hashOf(secrets_.front(), option, client);
  std::ranges::copy(hash, option.begin() + hashOffset);
  return option;
}

}  // namespace taut
