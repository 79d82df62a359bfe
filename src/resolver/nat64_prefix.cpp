#include "taut/resolver/nat64_prefix.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "taut/base/address_policy.hpp"
#include "taut/base/parse_number.hpp"

namespace taut {

namespace {

constexpr std::array<unsigned, 6> lengths = {32, 40, 48, 56, 64, 96};
constexpr std::size_t reserved = 8;  // the octet around which an address is written

using Octets = std::array<std::uint8_t, 16>;

Octets octetsOf(const Address& address) {
  Octets octets{};
  std::ranges::copy(address.bytes(), octets.begin());
  return octets;
}

// Where the octets of an IPv4 address lie.
std::array<std::size_t, 4> placesAfter(std::uint8_t bits) {
  std::array<std::size_t, 4> places{};
  std::size_t at = bits / 8u;
  for (std::size_t& place : places) {
    if (at == reserved) ++at;
    place = at++;
  }
  return places;
}

AddressPolicy globalNetworks() {
  AddressPolicy policy;
  for (const char* const network : {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
                                    "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "224.0.0.0/3"})
    policy.refuse(network);
  return policy;
}

}  // namespace

std::optional<Nat64Prefix> Nat64Prefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == text.npos) return std::nullopt;
  const auto address = Address::parse(text.substr(0, slash));
  const auto bits = parseNumber<unsigned>(text.substr(slash + 1));
  if (!bits || std::ranges::find(lengths, *bits) == lengths.end()) return std::nullopt;
  if (!address || !address->isV6() || address->port() != 0 || address->scope() != 0) return std::nullopt;
  const Octets octets = octetsOf(*address);
  const bool hasMore =
      std::any_of(octets.begin() + *bits / 8, octets.end(), [](std::uint8_t octet) { return octet != 0; });
  if (hasMore || octets[reserved] != 0) return std::nullopt;
  return Nat64Prefix(*address, static_cast<std::uint8_t>(*bits));
}

Address Nat64Prefix::embed(const Address& v4) const {
  Octets octets = octetsOf(prefix_);
  const auto places = placesAfter(bits_);
  for (std::size_t i = 0; i < places.size(); ++i) octets[places[i]] = v4.bytes()[i];
  return Address::v6(octets);
}

std::optional<Address> Nat64Prefix::extract(const Address& v6) const {
  if (!v6.isV6()) return std::nullopt;
  const Octets octets = octetsOf(v6);
  const std::size_t size = bits_ / 8u;
  if (!std::equal(octets.begin(), octets.begin() + size, prefix_.bytes().begin())) return std::nullopt;
  if (octets[reserved] != 0) return std::nullopt;
  std::array<std::uint8_t, 4> v4{};
  const auto places = placesAfter(bits_);
  for (std::size_t i = 0; i < places.size(); ++i) v4[i] = octets[places[i]];
  return Address::v4(v4);
}

bool Nat64Prefix::mayEmbed(const Address& v4) const {
  static const AddressPolicy global = globalNetworks();
  return *this != Nat64Prefix() || global.allows(v4);
}

}  // namespace taut
