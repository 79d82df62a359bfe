#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "cursor.hpp"
#include "syntax.hpp"

namespace taut::importer {

namespace {

// Of both servers. Any other keyword without a value that stands at the begin of its line is a section too.
constexpr std::string_view sections[] = {"auth-zone",    "cachedb",        "dnscrypt", "dnstap",  "dynlib",
                                         "forward-zone", "ipset",          "key",      "pattern", "python",
                                         "redis",        "remote-control", "rpz",      "server",  "stub-zone",
                                         "tls-auth",     "verify",         "view",     "xdp",     "zone"};

bool isSection(const Statement& statement) {
  if (statement.words.size() > 1) return false;
  return statement.place.column == 1 || std::ranges::find(sections, statement.keyword()) != std::end(sections);
}

class ClauseReader {
 public:
  ClauseReader(Sources& sources, const Sources::Text& text, std::size_t includeDepth, Statements& statements)
      : sources_(sources), cursor_(text.path, text.text), includeDepth_(includeDepth), statements_(statements) {}

  void read();

 private:
  void skipBlank();
  std::optional<std::string> keyword();
  Word word();
  Word quoted();
  void add(Statement statement);
  void include(Statement statement);

  Sources& sources_;
  Cursor cursor_;
  std::size_t includeDepth_;
  Statements& statements_;      // the sections
  std::uint32_t lastLine_ = 0;  // where the last word ends
};

void ClauseReader::skipBlank() {
  while (!cursor_.atEnd()) {
    if (isBlank(cursor_.peek()))
      cursor_.take();
    else if (cursor_.peek() == '#')
      cursor_.skipLine();
    else
      return;
  }
}

void ClauseReader::read() {
  Statement statement;
  const auto finish = [&] {
    if (!statement.words.empty()) add(std::exchange(statement, {}));
  };
  while (true) {
    skipBlank();
    if (cursor_.atEnd()) break;
    const Place place = cursor_.place();
    if (auto name = keyword()) {
      finish();
      statement.place = place;
      statement.form = Form::colon;
      sources_.count(place);
      statement.words.push_back({std::move(*name), false});
    } else {
      if (statement.words.empty()) throw SyntaxError(place, "expected a keyword such as server:");
      sources_.count(place);
      statement.words.push_back(word());
    }
    lastLine_ = cursor_.place().line;
  }
  finish();
}

// A word that ends with a colon, which it is then behind. Where the value follows at once, as in `port:53`, only the
// first word of a line is a keyword: an IPv6 address may look like one.
std::optional<std::string> ClauseReader::keyword() {
  std::size_t length = 0;
  while (isKeyLetter(cursor_.peek(length))) ++length;
  if (length == 0 || cursor_.peek(length) != ':') return std::nullopt;
  const char next = cursor_.peek(length + 1);
  const bool standsAlone = next == '\0' || isBlank(next);
  if (!standsAlone && cursor_.place().line == lastLine_) return std::nullopt;
  std::string name;
  while (cursor_.peek() != ':') name += cursor_.take();
  cursor_.take();
  return lowerCase(name);
}

Word ClauseReader::word() {
  if (cursor_.peek() == '"' || cursor_.peek() == '\'') return quoted();
  Word word;
  while (!cursor_.atEnd() && !isBlank(cursor_.peek())) word.text += cursor_.take();
  return word;
}

Word ClauseReader::quoted() {
  const Place begin = cursor_.place();
  const char quote = cursor_.take();
  Word word{.text = {}, .quoted = true};
  while (cursor_.peek() != quote) {
    if (cursor_.atEnd() || cursor_.peek() == '\n')
      throw SyntaxError(begin, fmt::format("the text does not end; expected {}", quote));
    word.text += cursor_.take();
  }
  cursor_.take();
  return word;
}

void ClauseReader::add(Statement statement) {
  if (statement.keyword() == "include" || statement.keyword() == "include-toplevel")
    return include(std::move(statement));
  if (isSection(statement)) {
    statement.block = true;
    statements_.push_back(std::move(statement));
    return;
  }
  if (statements_.empty()) throw SyntaxError(statement.place, "expected a section such as server:");
  statements_.back().children.push_back(std::move(statement));
}

void ClauseReader::include(Statement statement) {
  if (includeDepth_ >= Sources::maxIncludeDepth)
    throw SyntaxError(statement.place, fmt::format("more than {} files include each other", Sources::maxIncludeDepth));
  const auto paths = sources_.included(statement.value(), *statement.place.file);
  if (paths.empty()) statement.remark = "no file matches";
  for (const std::string& path : paths) {
    if (const auto text = sources_.read(path))
      ClauseReader(sources_, *text, includeDepth_ + 1, statements_).read();
    else
      statement.remark = fmt::format("{}: {}", path, text.error());
  }
  if (statement.remark.empty()) return;
  // What comes after it goes on in the section in which it stands.
  (statements_.empty() ? statements_ : statements_.back().children).push_back(std::move(statement));
}

}  // namespace

Statements readClauses(Sources& sources, const Sources::Text& text) {
  Statements statements;
  ClauseReader(sources, text, 0, statements).read();
  return statements;
}

}  // namespace taut::importer
