#include "generate.hpp"

#include <charconv>
#include <limits>

#include <fmt/format.h>

namespace taut::detail {

namespace {

constexpr unsigned maxWidth = 255;  // no name and no useful text has more digits

struct Modifier {
  std::int32_t offset = 0;
  unsigned width = 0;
  char base = 'd';
};

template <class Number>
bool readNumber(std::string_view& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool skip(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// Called after "${"; moves `text` past the closing brace.
std::optional<Modifier> readModifier(std::string_view& text) {
  Modifier modifier;
  skip(text, '+');
  if (!readNumber(text, modifier.offset)) return std::nullopt;
  if (skip(text, ',')) {
    if (!readNumber(text, modifier.width) || modifier.width > maxWidth) return std::nullopt;
    if (skip(text, ',')) {
      if (text.empty() || std::string_view("doxXnN").find(text.front()) == std::string_view::npos) return std::nullopt;
      modifier.base = text.front();
      text.remove_prefix(1);
    }
  }
  if (!skip(text, '}')) return std::nullopt;
  return modifier;
}

// Hexadecimal digits as labels, the lowest first, as the reverse tree of IPv6 has them; the width counts the dots.
void appendNibbles(std::string& text, std::uint64_t value, unsigned width, char base) {
  const std::string_view digits = base == 'n' ? "0123456789abcdef" : "0123456789ABCDEF";
  unsigned written = 0;
  do {
    if (written > 0) {
      text += '.';
      ++written;
      if (value == 0 && written >= width && width > 0) break;
    }
    text += digits[value & 0xf];
    value >>= 4;
    ++written;
  } while (value != 0 || written < width);
}

// A negative counter has the digits of its 32-bit two's complement in all bases but decimal, as in BIND.
void appendCounter(std::string& text, std::int64_t counter, const Modifier& modifier) {
  const bool isDecimal = modifier.base == 'd';
  const std::int64_t value = counter < 0 && !isDecimal ? static_cast<std::uint32_t>(counter) : counter;
  switch (modifier.base) {
    case 'o':
      text += fmt::format("{:0{}o}", value, modifier.width);
      break;
    case 'x':
      text += fmt::format("{:0{}x}", value, modifier.width);
      break;
    case 'X':
      text += fmt::format("{:0{}X}", value, modifier.width);
      break;
    case 'n':
    case 'N':
      appendNibbles(text, static_cast<std::uint64_t>(value), modifier.width, modifier.base);
      break;
    default:
      text += fmt::format("{:0{}d}", value, modifier.width);
      break;
  }
}

}  // namespace

std::optional<GenerateRange> parseGenerateRange(std::string_view text) {
  GenerateRange range;
  if (!readNumber(text, range.start) || !skip(text, '-') || !readNumber(text, range.stop)) return std::nullopt;
  if (skip(text, '/') && !readNumber(text, range.step)) return std::nullopt;
  if (!text.empty() || range.start > range.stop || range.step == 0) return std::nullopt;
  return range;
}

std::optional<std::string> expandGenerate(std::string_view pattern, std::uint32_t counter, std::string& error) {
  std::string text;
  while (!pattern.empty()) {
    const char c = pattern.front();
    pattern.remove_prefix(1);
    if (c == '\\' && !pattern.empty()) {
      text += c;
      text += pattern.front();
      pattern.remove_prefix(1);
      continue;
    }
    if (c != '$') {
      text += c;
      continue;
    }
    if (skip(pattern, '$')) {
      text += '$';
      continue;
    }
    Modifier modifier;
    if (skip(pattern, '{')) {
      const auto read = readModifier(pattern);
      if (!read) {
        error = "bad modifier, expected ${offset[,width[,base]]} with base d, o, x, X, n or N";
        return std::nullopt;
      }
      modifier = *read;
    }
    appendCounter(text, std::int64_t{counter} + modifier.offset, modifier);
  }
  return text;
}

}  // namespace taut::detail
