// Cuts master-file text into entries of words (RFC 1035 section 5.1): parentheses, quotes, comments and line ends.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "taut/dns/token.hpp"

namespace taut::detail {

struct LexError {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string message;
};

class Lexer {
 public:
  // Readable octets that must follow the text; the first of them is a line end.
  static constexpr std::size_t padding = 32;

  // `begin` to `end` is the text; `line` and `column` say where it begins.
  Lexer(const char* begin, const char* end, std::uint32_t line = 1)
      : at_(begin), end_(end), lineStart_(begin), line_(line) {}

  // Cuts the next entry that has a word; false at the end of the text. After an error `error()` tells it, the words are
  // void, and the next call goes on behind the line with the fault.
  bool next();

  std::span<const Token> words() const { return words_; }
  bool beginsBlank() const { return beginsBlank_; }  // no owner: the entry's first line begins with blanks
  const std::optional<LexError>& error() const { return error_; }

 private:
  void word();
  bool quoted();
  bool skipPairValue();
  bool takesPairs() const;
  void skipComment();
  void endLine();
  std::uint32_t column(const char* at) const { return static_cast<std::uint32_t>(at - lineStart_ + 1); }
  void fail(std::uint32_t line, std::uint32_t column, std::string message);

  const char* at_;
  const char* end_;
  const char* lineStart_;
  std::uint32_t line_;
  bool beginsBlank_ = false;
  std::vector<Token> words_;
  std::optional<LexError> error_;
};

}  // namespace taut::detail
