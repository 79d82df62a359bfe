// Hashed denial of existence (RFC 5155): the hash over names, and its text form.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"

namespace taut {

using Nsec3Hash = std::array<std::uint8_t, 20>;  // SHA-1, the one algorithm there is (RFC 5155 section 11)

inline constexpr std::size_t nsec3LabelSize = 32;  // characters of a hash in base32hex

// What an NSEC3PARAM record says (RFC 5155 section 4); `salt` lies in the zone.
struct Nsec3Parameters {
  std::uint8_t algorithm = 1;
  std::uint16_t iterations = 0;
  ByteSpan salt;
};

// The hash of a name, which is lower-cased first (RFC 5155 section 5).
Nsec3Hash nsec3Hash(NameView name, const Nsec3Parameters& parameters);

// A hash as the first label of an NSEC3 owner, in lower case (RFC 4648 section 7), and back.
std::array<char, nsec3LabelSize> nsec3Label(const Nsec3Hash& hash);
std::optional<Nsec3Hash> nsec3HashFromLabel(std::string_view label);

}  // namespace taut
