// Compression of names (RFC 1035 section 4.1.4): the form of a pointer, and the names in RDATA that a writer may
// compress: those of the types of RFC 1035 alone (RFC 3597 section 4).
#pragma once

#include <cstdint>

#include "taut/dns/type.hpp"

namespace taut {

// A pointer is 16 bits: the mark, and the offset of a name in the message.
inline constexpr std::uint16_t pointerMark = 0xc000;
inline constexpr std::uint16_t maxPointerTarget = 0x3fff;

// `prefix` octets, then `count` names one after the other. A count of 0: copy the RDATA as it is.
struct CompressibleNames {
  std::uint8_t prefix = 0;
  std::uint8_t count = 0;

  friend constexpr bool operator==(CompressibleNames, CompressibleNames) = default;
};

constexpr CompressibleNames compressibleNames(Type type) {
  switch (type) {
    case Type::NS:
    case Type::MD:
    case Type::MF:
    case Type::CNAME:
    case Type::MB:
    case Type::MG:
    case Type::MR:
    case Type::PTR:
      return {0, 1};
    case Type::SOA:
    case Type::MINFO:
      return {0, 2};
    case Type::MX:
      return {2, 1};
    default:
      return {0, 0};
  }
}

}  // namespace taut
