// Lines and words of the small text files that resolvers read.
#pragma once

#include <algorithm>
#include <string_view>

namespace taut::detail {

// Takes the first line off `text`, without its end.
inline std::string_view takeLine(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

// Takes the first word off `text`; empty where there is none.
inline std::string_view takeWord(std::string_view& text) {
  constexpr std::string_view blanks = " \t\r\v\f";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(blanks));
  text.remove_prefix(word.size());
  return word;
}

}  // namespace taut::detail
