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

// Takes the first line off `text`, without its end.
constexpr std::string_view takeLine(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

// Takes the first word off `text`; empty where there is none.
constexpr std::string_view takeWord(std::string_view& text) {
  constexpr std::string_view blanks = " \t\r\v\f";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(blanks));
  text.remove_prefix(word.size());
  return word;
}

// Some editors put one in front of UTF-8. It is no part of the text.
constexpr std::string_view withoutByteOrderMark(std::string_view text) {
  constexpr std::string_view mark = "\xef\xbb\xbf";
  return text.starts_with(mark) ? text.substr(mark.size()) : text;
}

}  // namespace taut
