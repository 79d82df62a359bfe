// Addresses as words. Each parser takes all of a word or none of it, and writes to as many octets as its form has.
#pragma once

#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include "taut/base/bytes.hpp"

namespace taut {

bool parseIpv4(std::string_view word, std::uint8_t* octets);
bool parseIpv6(std::string_view word, std::uint8_t* octets);

void printIpv4(ByteSpan octets, fmt::memory_buffer& out);
void printIpv6(ByteSpan octets, fmt::memory_buffer& out);

}  // namespace taut
