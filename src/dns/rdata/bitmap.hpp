// Octets as a set of numbers, the first bit of the first octet for 0.
#pragma once

#include <cstddef>

#include "taut/base/bytes.hpp"

namespace taut {

inline void setBit(MutableByteSpan bitmap, unsigned bit) {
  bitmap[bit / 8] = static_cast<std::uint8_t>(bitmap[bit / 8] | 0x80 >> (bit & 7));
}

inline bool hasBit(ByteSpan bitmap, unsigned bit) {
  return (bitmap[bit / 8] & 0x80 >> (bit & 7)) != 0;
}

// Without the zero octets at the end.
inline ByteSpan usedOctets(ByteSpan octets) {
  while (!octets.empty() && octets.back() == 0) octets = octets.first(octets.size() - 1);
  return octets;
}

}  // namespace taut
