// What readers of text share: ASCII alone, whatever the locale.
#pragma once

#include <algorithm>
#include <string_view>

namespace taut {

constexpr bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

// Upper case of an ASCII letter; any other character as it is.
constexpr char toUpper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 0x20) : c;
}

constexpr bool equalIgnoringCase(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, {}, toUpper, toUpper);
}

}  // namespace taut
