#include "toml_document.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "taut/base/quoted.hpp"
#include "taut/base/text.hpp"

namespace taut::config {

namespace {

class Walk {
 public:
  Walk(const MakeOrigin& makeOrigin, TomlVisitor& visitor) : makeOrigin_(makeOrigin), visitor_(visitor) {}

  // `prefix` ends with a dot, or is empty at the top. What has been heard is freed, so that a large document is not in
  // memory twice.
  void walk(toml::table& table, const std::string& prefix);

 private:
  Origin originOf(const toml::source_region& source) const {
    return makeOrigin_(source.begin.line, source.begin.column);
  }
  void walkList(toml::array& list, const std::string& path);
  TomlValue valueOf(const toml::node& node) const;

  const MakeOrigin& makeOrigin_;
  TomlVisitor& visitor_;
};

bool isListOfTables(const toml::node& node) {
  const toml::array* const list = node.as_array();
  return list && !list->empty() && list->is_homogeneous(toml::node_type::table);
}

bool isBareKey(std::string_view key) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  return !key.empty() && key.find_first_not_of(allowed) == key.npos;
}

void Walk::walk(toml::table& table, const std::string& prefix) {
  for (auto&& [key, node] : table) {
    const bool isBare = isBareKey(key.str());
    const bool isQuoted = !isBare && isQuotableKey(key.str()) && visitor_.takesAnyName(prefix);
    const std::string path = prefix + (isQuoted ? '"' + std::string(key.str()) + '"' : std::string(key.str()));
    if (!isBare && !isQuoted)
      visitor_.addForeignKey(path, originOf(key.source()));
    else if (toml::table* const inner = node.as_table()) {
      if (visitor_.enterTable(path, originOf(key.source()))) walk(*inner, path + ".");
    } else if (isListOfTables(node))
      walkList(*node.as_array(), path + "[]");
    else
      visitor_.addValue(path, originOf(key.source()), valueOf(node));
  }
}

void Walk::walkList(toml::array& list, const std::string& path) {
  for (toml::node& node : list) {
    if (!visitor_.enterListedTable(path, originOf(node.source()))) return;
    walk(*node.as_table(), path + ".");
    node.as_table()->clear();
    visitor_.leaveListedTable();
  }
}

TomlValue Walk::valueOf(const toml::node& node) const {
  const Origin origin = originOf(node.source());
  if (const auto* const text = node.as_string()) return {text->get(), origin};
  if (const auto* const number = node.as_integer()) return {number->get(), origin};
  if (const auto* const flag = node.as_boolean()) return {flag->get(), origin};
  if (node.is_floating_point()) return {TomlOther{"a number with a fraction"}, origin};
  if (node.is_table()) return {TomlOther{"a table"}, origin};
  const toml::array* const list = node.as_array();
  if (!list) return {TomlOther{"a date or a time"}, origin};
  std::vector<TomlValue> values;
  for (const toml::node& item : *list) values.push_back(valueOf(item));
  return {std::move(values), origin};
}

std::string_view lineAt(std::string_view text, std::uint32_t number) {
  for (std::uint32_t i = 1; i < number; ++i) takeLine(text);
  const std::string_view line = takeLine(text);
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

// What stands without quotes where a value is expected, around a column of the line; empty where it is something else.
std::string_view bareWordAt(std::string_view line, std::size_t column) {
  constexpr std::string_view blanks = " \t";
  std::size_t start = std::min(column, line.size());
  while (start > 0 && std::string_view("=[,").find(line[start - 1]) == std::string_view::npos) --start;
  const bool listed = start == 0 || line[start - 1] != '=';  // a list may go over several lines
  std::string_view word = line.substr(start);
  word = word.substr(0, word.find_first_of(listed ? "#,]" : "#"));
  word.remove_prefix(std::min(word.find_first_not_of(blanks), word.size()));
  word = word.substr(0, word.find_last_not_of(blanks) + 1);
  const bool isBare = word.find_first_of("\"'[]{}=\\") == word.npos &&
                      std::ranges::all_of(word, [](char c) { return static_cast<unsigned char>(c) >= ' '; });
  return isBare ? word : std::string_view();
}

// Whether the parser was within a value that is neither a text nor a list or table.
bool isAboutValue(std::string_view description) {
  constexpr std::string_view parts[] = {"value:", "boolean:", "floating-point:", "decimal integer:", "date:", "time:"};
  return std::ranges::any_of(parts, [&](std::string_view part) { return description.starts_with(part); });
}

// Of a text such as `cannot redefine existing integer 'a'`, the line where it was defined; 0 for other texts.
std::uint32_t firstDefinition(std::string_view text, std::uint32_t before, std::string_view description) {
  if (description.find("cannot redefine") == description.npos || !description.ends_with("'")) return 0;
  description.remove_suffix(1);
  const std::string_view key = description.substr(description.rfind('\'') + 1);
  for (std::uint32_t number = 1; number < before; ++number) {
    std::string_view line = takeLine(text);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.starts_with(fmt::format("[{}]", key)) || line.starts_with(fmt::format("[[{}]]", key))) return number;
    if (!line.starts_with(key)) continue;
    line.remove_prefix(key.size());
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.starts_with("=") || line.starts_with(".")) return number;
  }
  return 0;
}

Mistake explain(std::string_view text, const toml::parse_error& error, const MakeOrigin& makeOrigin) {
  constexpr std::string_view opening = "Error while parsing ";
  const std::uint32_t lineNumber = std::max(1u, error.source().begin.line);
  const std::uint32_t column = std::max(1u, error.source().begin.column);
  std::string_view description = error.description();
  if (description.starts_with(opening)) description.remove_prefix(opening.size());
  const std::string_view line = lineAt(text, lineNumber);
  const std::string_view word = isAboutValue(description) ? bareWordAt(line, column - 1) : std::string_view();
  // What may be a secret is not repeated.
  if (!word.empty() && line.find("secret") != line.npos) return {makeOrigin(lineNumber, column), "a text needs quotes"};
  if (!std::ranges::all_of(word, isDigit))
    return {makeOrigin(lineNumber, static_cast<std::uint32_t>(word.data() - line.data() + 1)),
            fmt::format("a text needs quotes; expected \"{}\"", word)};
  const std::uint32_t first = firstDefinition(text, lineNumber, description);
  return {makeOrigin(lineNumber, column),
          first > 0 ? fmt::format("{}, which stands in line {}", description, first) : std::string(description)};
}

}  // namespace

std::optional<Mistake> readToml(std::string text, const MakeOrigin& makeOrigin, TomlVisitor& visitor) {
  try {
    toml::table document = toml::parse(std::string_view(text));
    std::string().swap(text);  // its memory goes, which no assignment does
    Walk(makeOrigin, visitor).walk(document, "");
    return std::nullopt;
  } catch (const toml::parse_error& error) {
    return explain(text, error, makeOrigin);
  }
}

}  // namespace taut::config
