// The parts of text that several kinds of field are made of: numbers, and octets with escapes (RFC 1035 section 5.1).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "taut/base/bytes.hpp"

namespace taut {

// A plain decimal number of at most `maximum`.
std::optional<std::uint64_t> parseDecimal(std::string_view word, std::uint64_t maximum);

// The octet that the word has at `at`, an escape resolved; moves `at` past it. Negative where an escape is wrong.
int parseEscaped(std::string_view word, std::size_t& at);

// Writes the octets of a word with escapes; false where an escape is wrong.
bool parseText(std::string_view word, ByteWriter& out);

// Octets in quotes.
void printText(ByteSpan octets, fmt::memory_buffer& out);

}  // namespace taut
