// Hexadecimal, base64 and base32hex (RFC 4648) as record types write them. Strict, so that each run of octets has one
// text, apart from the case of letters and blanks between words.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include "taut/base/bytes.hpp"

namespace taut {

// The value of a hexadecimal digit; negative for any other character.
constexpr int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The digits may be cut into words at any place.
class HexDecoder {
 public:
  bool feed(std::string_view word, ByteWriter& out);  // false at the first character that is no digit
  bool finish() const { return high_ < 0; }           // false after an odd number of digits

 private:
  int high_ = -1;
};

// The characters may be cut into words at any place.
class Base64Decoder {
 public:
  bool feed(std::string_view word, ByteWriter& out);  // false at the first character that is wrong where it stands
  bool finish() const { return count_ == 0; }         // false when the last group of four is not complete

 private:
  bool closeGroup(ByteWriter& out);

  std::uint32_t group_ = 0;
  int count_ = 0;    // characters in the group, padding too
  int padding_ = 0;  // of the group; nothing may follow a padded group
  bool ended_ = false;
};

// All of `word`, without padding.
bool decodeBase32Hex(std::string_view word, ByteWriter& out);

void appendHex(ByteSpan octets, fmt::memory_buffer& out);  // upper case
void appendBase64(ByteSpan octets, fmt::memory_buffer& out);
void appendBase32Hex(ByteSpan octets, fmt::memory_buffer& out);  // upper case, without padding

}  // namespace taut
