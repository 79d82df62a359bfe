// CRC-32C (the polynomial of RFC 3720 section 12.1): tells what was written to a file from what a crash or a disk has
// made of it. It is no protection against people.
#pragma once

#include <cstdint>

#include "taut/base/bytes.hpp"

namespace taut::detail {

// Of octets that follow those whose checksum is `before`.
std::uint32_t crc32c(ByteSpan octets, std::uint32_t before = 0);

// The same without instructions that not every processor has.
std::uint32_t crc32cOfTables(ByteSpan octets, std::uint32_t before = 0);

}  // namespace taut::detail
