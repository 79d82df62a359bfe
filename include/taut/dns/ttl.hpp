// The text of a TTL, and of the times of an SOA record: seconds, or numbers with units as in 1w2d3h4m5s.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace taut {

// Seconds from 0 to 2^32 - 1. A number without a unit stands alone. Numbers with units may come in any order and
// number, the units in any case. Nothing for other text.
std::optional<std::uint32_t> parseTtl(std::string_view text);

}  // namespace taut
