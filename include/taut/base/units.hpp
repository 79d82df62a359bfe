// Numbers with a unit: "64M" and "10s".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace taut {

// Milliseconds. The unit is ms, s, m, h or d, and never left out: what a number alone means is seldom known. Nothing
// for another text, or where the number is too large.
std::optional<std::int64_t> parseDuration(std::string_view text);

// Octets. The unit is K, M or G, each 1024 of the one before; without one it is octets.
std::optional<std::int64_t> parseSize(std::string_view text);

// In the largest unit that divides it.
std::string durationText(std::int64_t milliseconds);
std::string sizeText(std::int64_t octets);

}  // namespace taut
