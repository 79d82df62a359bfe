#include "presentation.hpp"

#include <algorithm>

#include "taut/base/format.hpp"
#include "taut/base/text.hpp"

namespace taut {

std::optional<std::uint64_t> parseDecimal(std::string_view word, std::uint64_t maximum) {
  if (word.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : word) {
    if (!isDigit(c)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (digit > maximum || value > (maximum - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

int parseEscaped(std::string_view word, std::size_t& at) {
  if (word[at] != '\\') return static_cast<std::uint8_t>(word[at++]);
  if (++at == word.size()) return -1;
  if (!isDigit(word[at])) return static_cast<std::uint8_t>(word[at++]);
  if (word.size() - at < 3 || !isDigit(word[at + 1]) || !isDigit(word[at + 2])) return -1;
  const int value = (word[at] - '0') * 100 + (word[at + 1] - '0') * 10 + (word[at + 2] - '0');
  at += 3;
  return value <= 255 ? value : -1;
}

bool parseText(std::string_view word, ByteWriter& out) {
  std::size_t at = 0;
  while (at < word.size()) {
    const std::size_t plain = std::min(word.find('\\', at), word.size());
    out.bytes(asBytes(word.substr(at, plain - at)));
    at = plain;
    if (at == word.size()) break;
    const int octet = parseEscaped(word, at);
    if (octet < 0) return false;
    out.u8(static_cast<std::uint8_t>(octet));
  }
  return true;
}

void printText(ByteSpan octets, fmt::memory_buffer& out) {
  out.push_back('"');
  for (const std::uint8_t octet : octets) {
    if (octet < 0x20 || octet >= 0x7f) {
      appendFormat(out, "\\{:03}", octet);
      continue;
    }
    if (octet == '"' || octet == '\\') out.push_back('\\');
    out.push_back(static_cast<char>(octet));
  }
  out.push_back('"');
}

}  // namespace taut
