// What the readers of the other servers' configurations have in common: a tree of statements, each with its place, so
// that whatever is not understood can be named.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace taut::importer {

// Line and column count from 1. The name of the file lives as long as the Sources that it was read by.
struct Place {
  const std::string* file = nullptr;
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  std::string toText() const;  // FILE:LINE:COLUMN
};

struct Word {
  std::string text;
  bool quoted = false;
};

// How the source writes a statement: `keyword value { … }` or `keyword: value`.
enum class Form : std::uint8_t { braces, colon };

struct Statement {
  Place place;
  std::vector<Word> words;  // the keyword first; none where the statement is a block alone
  std::vector<Statement> children;
  std::string remark;  // why the statement cannot be used, where its reader knows
  Form form = Form::braces;
  bool block = false;  // whether there are braces, or a section, even if nothing is in it

  std::string_view keyword() const { return word(0); }
  std::string_view value() const { return word(1); }
  std::string_view word(std::size_t index) const {
    return index < words.size() ? std::string_view(words[index].text) : std::string_view();
  }
  // The first child with this keyword; null where there is none.
  const Statement* child(std::string_view keyword) const;
};

using Statements = std::vector<Statement>;

// The statement as its source writes it, shortened: what is in a block is left out, and so are secrets.
std::string describe(const Statement& statement);

// A text that is not what its format wants. `what()` is `FILE:LINE:COLUMN: what is wrong, what was expected`.
class SyntaxError : public std::runtime_error {
 public:
  SyntaxError(const Place& place, std::string_view text);
};

}  // namespace taut::importer
