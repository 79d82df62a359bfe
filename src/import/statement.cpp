#include "statement.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include <fmt/format.h>

namespace taut::importer {

namespace {

constexpr std::size_t maxDescription = 160;  // octets

// A driver of databases has its password among its words.
bool isSecret(std::string_view keyword) {
  return keyword.find("secret") != keyword.npos || keyword.find("password") != keyword.npos || keyword == "database";
}

// The first octets of a UTF-8 text, at the end of a character.
std::string shortened(std::string text) {
  if (text.size() <= maxDescription) return text;
  std::size_t size = maxDescription;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return text.substr(0, size) + "…";
}

}  // namespace

std::string Place::toText() const {
  return fmt::format("{}:{}:{}", file ? *file : std::string(), line, column);
}

const Statement* Statement::child(std::string_view keyword) const {
  const auto found = std::ranges::find(children, keyword, &Statement::keyword);
  return found == children.end() ? nullptr : &*found;
}

std::string describe(const Statement& statement) {
  std::string text;
  for (const Word& word : statement.words) {
    if (text.size() > maxDescription) break;
    if (!text.empty()) text += ' ';
    text += word.quoted ? '"' + word.text + '"' : word.text;
    if (&word != &statement.words.front()) continue;
    if (statement.form == Form::colon) text += ':';
    if (isSecret(word.text)) return text + " …";
  }
  if (!statement.block || text.size() > maxDescription) return shortened(std::move(text));
  if (!text.empty()) text += ' ';
  return text + (statement.form == Form::braces ? "{ … }" : "…");
}

SyntaxError::SyntaxError(const Place& place, std::string_view text)
    : std::runtime_error(fmt::format("{}: {}", place.toText(), text)) {}

}  // namespace taut::importer
