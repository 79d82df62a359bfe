#include "client_network.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace taut {

namespace {

constexpr std::size_t v4Octets = 3;
constexpr std::size_t v6Octets = 7;

}  // namespace

std::uint64_t networkNumber(const Address& client, std::size_t v4PrefixOctets) {
  const auto octets = client.bytes();
  const std::size_t count = std::min(client.isV6() ? v6Octets : v4PrefixOctets, octets.size());
  std::uint64_t number = octets.size();
  for (std::size_t i = 0; i < v6Octets; ++i) number = number << 8 | (i < count ? octets[i] : 0u);
  return number;
}

ClientNetwork::ClientNetwork(const Address& client) : number_(networkNumber(client, v4Octets)) {}

std::string networkText(std::uint64_t number, std::size_t v4PrefixOctets) {
  constexpr std::size_t v4Size = 4;
  std::array<std::uint8_t, 16> octets{};
  for (std::size_t i = 0; i < v6Octets; ++i) octets[i] = static_cast<std::uint8_t>(number >> 8 * (v6Octets - 1 - i));
  if (number >> 56 != v4Size) return fmt::format("{:h}/{}", Address::v6(octets), 8 * v6Octets);
  const Address v4 = Address::v4({octets[0], octets[1], octets[2], octets[3]});
  return v4PrefixOctets == v4Size ? v4.hostText() : fmt::format("{:h}/{}", v4, 8 * v4PrefixOctets);
}

std::string ClientNetwork::toString() const {
  return networkText(number_, v4Octets);
}

}  // namespace taut
