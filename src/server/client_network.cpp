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

std::string ClientNetwork::toString() const {
  std::array<std::uint8_t, 16> octets{};
  for (std::size_t i = 0; i < v6Octets; ++i) octets[i] = static_cast<std::uint8_t>(number_ >> 8 * (v6Octets - 1 - i));
  if (number_ >> 56 == 4)
    return fmt::format("{:h}/{}", Address::v4({octets[0], octets[1], octets[2], 0}), 8 * v4Octets);
  return fmt::format("{:h}/{}", Address::v6(octets), 8 * v6Octets);
}

}  // namespace taut
