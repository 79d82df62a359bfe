// Cuts master-file text into entries of words (RFC 1035 section 5.1): parentheses, quotes, comments and line ends.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "taut/dns/token.hpp"
#include "text_buffer.hpp"

namespace taut::detail {

struct LexError {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string message;
};

class Lexer {
 public:
  explicit Lexer(TextBuffer& text) : text_(text), at_(text.begin()), end_(text.end()), lineStart_(at_), entry_(at_) {}

  // Cuts the next entry that has a word; false at the end of the text. After an error `error()` tells it, the words are
  // void, and the next call goes on behind the line with the fault. Words last until the next call. Throws
  // FileError where the text cannot be read on.
  bool next();

  std::span<const Token> words() const { return words_; }
  bool beginsBlank() const { return beginsBlank_; }  // no owner: the entry's first line begins with blanks
  const std::optional<LexError>& error() const { return error_; }

 private:
  bool cut();
  bool readOn();
  void word();
  bool quoted();
  bool skipPairValue();
  bool takesPairs() const;
  void skipComment();
  void endLine();
  std::uint32_t column(const char* at) const { return static_cast<std::uint32_t>(at - lineStart_ + 1); }
  void fail(std::uint32_t line, std::uint32_t column, std::string message);

  TextBuffer& text_;
  const char* at_;
  const char* end_;
  const char* lineStart_;
  const char* entry_;  // the start of the line on which the entry at hand begins
  std::uint32_t line_ = 1;
  std::uint32_t entryLine_ = 1;
  bool beginsBlank_ = false;
  std::vector<Token> words_;
  std::optional<LexError> error_;
};

}  // namespace taut::detail
