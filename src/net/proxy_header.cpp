#include "taut/net/proxy_header.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace taut {

namespace {

// What no message of another protocol begins with, as the specification says.
constexpr std::array<std::uint8_t, 12> signature = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
                                                    0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
constexpr std::size_t lengthOffset = 14;

constexpr std::uint8_t version2 = 0x20;
constexpr std::uint8_t local = version2 | 0;
constexpr std::uint8_t proxied = version2 | 1;

// Address families with the protocol of the client, TCP or UDP, which need not be that of the balancer.
constexpr std::uint8_t v4Stream = 0x11;
constexpr std::uint8_t v4Datagram = 0x12;
constexpr std::uint8_t v6Stream = 0x21;
constexpr std::uint8_t v6Datagram = 0x22;

struct Ends {
  Address client;
  Address destination;
};

template <std::size_t Octets>
Address addressOf(ByteSpan octets, std::uint16_t port) {
  std::array<std::uint8_t, Octets> host;
  std::ranges::copy(octets, host.begin());
  if constexpr (Octets == 4)
    return Address::v4(host, port);
  else
    return Address::v6(host, port);
}

// The client's address and that of the other end, then the client's port and the other one.
template <std::size_t Octets>
std::optional<Ends> readEnds(ByteSpan addresses) {
  ByteReader reader(addresses);
  const ByteSpan client = reader.take(Octets);
  const ByteSpan destination = reader.take(Octets);
  const std::uint16_t clientPort = reader.u16();
  const std::uint16_t destinationPort = reader.u16();
  if (!reader.ok()) return std::nullopt;
  return Ends{addressOf<Octets>(client, clientPort), addressOf<Octets>(destination, destinationPort)};
}

std::optional<Ends> endsIn(std::uint8_t family, ByteSpan addresses) {
  switch (family) {
    case v4Stream:
    case v4Datagram:
      return readEnds<4>(addresses);
    case v6Stream:
    case v6Datagram:
      return readEnds<16>(addresses);
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<std::size_t> ProxyHeader::sizeOf(ByteSpan begin) noexcept {
  if (begin.size() < fixedSize || !std::ranges::equal(signature, begin.first(signature.size()))) return std::nullopt;
  const std::size_t size = fixedSize + loadU16(begin.data() + lengthOffset);
  return size <= maxSize ? std::optional(size) : std::nullopt;
}

std::optional<ProxyHeader> ProxyHeader::read(ByteSpan octets) noexcept {
  const auto size = sizeOf(octets);
  if (!size || octets.size() < *size) return std::nullopt;
  const std::uint8_t versionAndCommand = octets[signature.size()];
  if (versionAndCommand == local) return ProxyHeader(*size, {}, {});
  if (versionAndCommand != proxied) return std::nullopt;
  const auto ends = endsIn(octets[signature.size() + 1], octets.first(*size).subspan(fixedSize));
  if (!ends) return std::nullopt;
  return ProxyHeader(*size, ends->client, ends->destination);
}

}  // namespace taut
