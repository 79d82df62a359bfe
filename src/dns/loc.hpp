// The text form of LOC (RFC 1876 section 3): degrees, altitude, size and precisions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <fmt/format.h>

#include "taut/base/bytes.hpp"
#include "taut/dns/token.hpp"

namespace taut {

inline constexpr std::size_t locSize = 16;  // octets of version 0

struct LocReading {
  std::array<std::uint8_t, locSize> octets{};
  std::size_t used = 0;           // words, or the index of the one at fault
  const char* problem = nullptr;  // null: all is well
};

// Reads as many of `words` as belong to a location.
LocReading readLoc(std::span<const Token> words);

// `octets` are of version 0.
void printLoc(ByteSpan octets, fmt::memory_buffer& out);

}  // namespace taut
