// Walks over a text and knows where it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "statement.hpp"

namespace taut::importer {

class Cursor {
 public:
  // The text outlives the cursor.
  Cursor(const std::string* path, std::string_view text) : text_(text), place_{path, 1, 1} {
    constexpr std::string_view byteOrderMark = "\xef\xbb\xbf";
    if (text_.starts_with(byteOrderMark)) position_ = byteOrderMark.size();
  }

  bool atEnd() const { return position_ >= text_.size(); }
  const Place& place() const { return place_; }
  // The octet at the position or some octets after it; 0 behind the end.
  char peek(std::size_t offset = 0) const {
    return position_ + offset < text_.size() ? text_[position_ + offset] : '\0';
  }
  bool startsWith(std::string_view prefix) const { return text_.substr(position_).starts_with(prefix); }

  char take() {
    const char letter = text_[position_++];
    if (letter == '\n') {
      ++place_.line;
      place_.column = 1;
    } else {
      ++place_.column;
    }
    return letter;
  }
  void skip(std::size_t count) {
    while (count-- > 0 && !atEnd()) take();
  }
  // Leaves the cursor at the end of the line.
  void skipLine() {
    while (!atEnd() && peek() != '\n') take();
  }

 private:
  std::string_view text_;
  Place place_;
  std::size_t position_ = 0;
};

inline bool isBlank(char letter) {
  return letter == ' ' || letter == '\t' || letter == '\r' || letter == '\n' || letter == '\f' || letter == '\v';
}

// Of a keyword, and of a key that needs no quotes.
inline bool isKeyLetter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
         letter == '-' || letter == '_';
}

inline std::string lowerCase(std::string_view text) {
  std::string lower(text);
  for (char& letter : lower)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter | 0x20);
  return lower;
}

}  // namespace taut::importer
