#include "taut/base/address_policy.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>

#include "taut/base/parse_number.hpp"

namespace taut {

namespace {

using Octets = std::span<const std::uint8_t>;

bool samePrefix(Octets left, Octets right, std::size_t bits) {
  const std::size_t whole = bits / 8;
  if (!std::equal(left.begin(), left.begin() + whole, right.begin())) return false;
  if (bits % 8 == 0) return true;
  return ((left[whole] ^ right[whole]) >> (8 - bits % 8)) == 0;
}

bool isZeroAfter(Octets octets, std::size_t bits) {
  for (std::size_t i = bits; i < octets.size() * 8; ++i)
    if ((octets[i / 8] >> (7 - i % 8) & 1) != 0) return false;
  return true;
}

std::optional<std::uint8_t> parsePrefixBits(std::string_view text, std::size_t most) {
  const auto bits = parseNumber<std::uint8_t>(text);
  return bits && *bits <= most ? bits : std::nullopt;
}

constexpr std::uint8_t mappedBits = 96;

Address withoutMapping(const Address& address) {
  static constexpr std::array<std::uint8_t, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const Octets octets = address.bytes();
  if (!address.isV6() || !std::equal(mapped.begin(), mapped.end(), octets.begin())) return address;
  return Address::v4({octets[12], octets[13], octets[14], octets[15]}, address.port());
}

}  // namespace

AddressPolicy& AddressPolicy::add(std::string_view network, Action action) {
  const auto fail = [&](std::string_view why) {
    throw std::invalid_argument(fmt::format(
        "'{}' is not a network: {}; expected an address such as 192.0.2.1 or 2001:db8::1, or a network such "
        "as 192.0.2.0/24",
        network, why));
  };
  const std::size_t slash = network.find('/');
  const auto address = Address::parse(network.substr(0, slash));
  if (!address || address->port() != 0) fail("the address cannot be read");
  const std::size_t width = address->bytes().size() * 8;
  auto bits = std::optional<std::uint8_t>(static_cast<std::uint8_t>(width));
  if (slash != std::string_view::npos) bits = parsePrefixBits(network.substr(slash + 1), width);
  if (!bits) fail(fmt::format("the prefix length is not a number from 0 to {}", width));
  if (!isZeroAfter(address->bytes(), *bits)) fail("bits are set after the prefix");
  const Address plain = withoutMapping(*address);
  const bool mapped = plain != *address && *bits >= mappedBits;
  if (mapped) bits = static_cast<std::uint8_t>(*bits - mappedBits);
  rules_.push_back({mapped ? plain : *address, *bits, action});
  return *this;
}

AddressPolicy::Action AddressPolicy::firstMatch(const Address& client) const {
  const Address address = withoutMapping(client);
  for (const Rule& rule : rules_)
    if (rule.network.family() == address.family() && samePrefix(rule.network.bytes(), address.bytes(), rule.prefixBits))
      return rule.action;
  return otherwise_;
}

std::optional<std::uint8_t> AddressPolicy::longestMatch(const Address& client) const {
  const Address address = withoutMapping(client);
  std::optional<std::uint8_t> longest;
  for (const Rule& rule : rules_)
    if (rule.action == Action::allow && rule.network.family() == address.family() &&
        (!longest || rule.prefixBits > *longest) && samePrefix(rule.network.bytes(), address.bytes(), rule.prefixBits))
      longest = rule.prefixBits;
  return longest;
}

}  // namespace taut
