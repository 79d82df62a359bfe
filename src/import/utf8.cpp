#include "utf8.hpp"

#include <cstddef>
#include <cstdint>

namespace taut::importer {

namespace {

std::uint8_t octetAt(std::string_view text, std::size_t position) {
  return position < text.size() ? static_cast<std::uint8_t>(text[position]) : std::uint8_t{0};
}

bool between(std::uint8_t octet, unsigned least, unsigned most) {
  return octet >= least && octet <= most;
}

// The length of the character at the position, by the table of RFC 3629 section 4; 0 where there is none.
std::size_t lengthAt(std::string_view text, std::size_t position) {
  const std::uint8_t first = octetAt(text, position);
  const std::uint8_t second = octetAt(text, position + 1);
  const auto follows = [&](std::size_t offset) { return between(octetAt(text, position + offset), 0x80, 0xbf); };
  if (first < 0x80) return 1;
  if (between(first, 0xc2, 0xdf)) return follows(1) ? 2 : 0;
  if (between(first, 0xe0, 0xef)) {
    const bool good = between(second, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf);
    return good && follows(2) ? 3 : 0;
  }
  if (between(first, 0xf0, 0xf4)) {
    const bool good = between(second, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf);
    return good && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool isUtf8(std::string_view text) {
  std::size_t position = 0;
  while (position < text.size()) {
    const std::size_t length = lengthAt(text, position);
    if (length == 0) return false;
    position += length;
  }
  return true;
}

std::string fromLatin1(std::string_view text) {
  std::string utf8;
  for (const char letter : text) {
    const auto octet = static_cast<std::uint8_t>(letter);
    if (octet < 0x80) {
      utf8 += letter;
      continue;
    }
    utf8 += static_cast<char>(0xc0 | (octet >> 6));
    utf8 += static_cast<char>(0x80 | (octet & 0x3f));
  }
  return utf8;
}

}  // namespace taut::importer
