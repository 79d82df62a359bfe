// Addresses as the RDATA of A and AAAA records, and hints in others, have them (RFC 1035 section 3.4.1, RFC 3596
// section 2.2).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"

namespace taut {

// Without a port, of 4 or 16 octets. Nothing for any other number of them.
inline std::optional<Address> addressOfOctets(ByteSpan octets) {
  if (octets.size() == 4) return Address::v4({octets[0], octets[1], octets[2], octets[3]});
  std::array<std::uint8_t, 16> v6;
  if (octets.size() != v6.size()) return std::nullopt;
  std::ranges::copy(octets, v6.begin());
  return Address::v6(v6);
}

}  // namespace taut
