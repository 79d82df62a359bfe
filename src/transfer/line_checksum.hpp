// The checksum of a line of a state file: CRC-32 (ITU-T V.42), which tells a torn or a damaged line from a whole one.
#pragma once

#include <cstdint>
#include <string_view>

namespace taut::detail {

inline std::uint32_t lineChecksum(std::string_view text) {
  constexpr std::uint32_t polynomial = 0xedb88320;
  std::uint32_t rest = 0xffffffff;
  for (const char letter : text) {
    rest ^= static_cast<std::uint8_t>(letter);
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1) != 0 ? polynomial : 0);
  }
  return ~rest;
}

}  // namespace taut::detail
