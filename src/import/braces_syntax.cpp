#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "cursor.hpp"
#include "syntax.hpp"

namespace taut::importer {

namespace {

// Statements of named.conf that are followed by the next line's where a semicolon is missing, and that stand within no
// other statement.
constexpr std::string_view keywords[] = {"acl",
                                         "allow-query",
                                         "allow-query-cache",
                                         "allow-recursion",
                                         "allow-transfer",
                                         "allow-update",
                                         "directory",
                                         "dnssec-policy",
                                         "dnssec-validation",
                                         "file",
                                         "forward",
                                         "forwarders",
                                         "hostname",
                                         "inline-signing",
                                         "listen-on",
                                         "listen-on-v6",
                                         "max-cache-size",
                                         "max-udp-size",
                                         "notify",
                                         "options",
                                         "querylog",
                                         "rate-limit",
                                         "recursion",
                                         "server-id",
                                         "tcp-clients",
                                         "type",
                                         "version",
                                         "view",
                                         "zone"};

// Whose texts, which are keys, go on in the next lines.
constexpr std::string_view keyLists[] = {"managed-keys", "trust-anchors", "trusted-keys"};

class BracesReader {
 public:
  BracesReader(Sources& sources, const Sources::Text& text, std::size_t includeDepth)
      : sources_(sources), cursor_(text.path, text.text), includeDepth_(includeDepth) {}

  Statements read() {
    Statements statements;
    block(statements, 0);
    return statements;
  }

 private:
  void skipBlank();
  bool atComment() const { return cursor_.peek() == '#' || cursor_.startsWith("//") || cursor_.startsWith("/*"); }
  void skipComment();
  void block(Statements& statements, std::size_t depth);
  Statement statement(std::size_t depth);
  static void checkSemicolon(const Place& last, const Place& next, const Word& word);
  Word word();
  Word quoted();
  void include(Statement statement, Statements& statements);

  Sources& sources_;
  Cursor cursor_;
  std::size_t includeDepth_;
  bool inKeys_ = false;  // in a list of them
};

void BracesReader::skipBlank() {
  while (!cursor_.atEnd()) {
    if (isBlank(cursor_.peek()))
      cursor_.take();
    else if (atComment())
      skipComment();
    else
      return;
  }
}

void BracesReader::skipComment() {
  if (!cursor_.startsWith("/*")) return cursor_.skipLine();
  const Place begin = cursor_.place();
  while (!cursor_.startsWith("*/")) {
    if (cursor_.atEnd()) throw SyntaxError(begin, "the comment does not end; expected */");
    cursor_.take();
  }
  cursor_.skip(2);
}

// Up to the brace that closes the block, or to the end of the file.
void BracesReader::block(Statements& statements, std::size_t depth) {
  const Place begin = cursor_.place();
  if (depth > Sources::maxDepth) throw SyntaxError(begin, fmt::format("more than {} blocks deep", Sources::maxDepth));
  while (true) {
    skipBlank();
    if (cursor_.atEnd()) {
      if (depth > 0) throw SyntaxError(begin, "the block does not end; expected }");
      return;
    }
    if (cursor_.peek() == '}') {
      if (depth == 0) throw SyntaxError(cursor_.place(), "no block ends here; expected a statement");
      cursor_.take();
      return;
    }
    if (cursor_.peek() == ';') {
      cursor_.take();
      continue;
    }
    Statement next = statement(depth);
    if (next.keyword() == "include" && next.words.size() == 2 && !next.block)
      include(std::move(next), statements);
    else
      statements.push_back(std::move(next));
  }
}

Statement BracesReader::statement(std::size_t depth) {
  Statement statement;
  statement.place = cursor_.place();
  sources_.count(statement.place);
  Place last = statement.place;
  while (true) {
    skipBlank();
    const char letter = cursor_.peek();
    if (cursor_.atEnd() || letter == '}') throw SyntaxError(cursor_.place(), "the statement does not end; expected ;");
    if (letter == ';') {
      cursor_.take();
      break;
    }
    if (letter == '{') {
      cursor_.take();
      statement.block = true;
      const bool holdsKeys = std::ranges::find(keyLists, statement.keyword()) != std::end(keyLists);
      const bool outer = std::exchange(inKeys_, holdsKeys);
      block(statement.children, depth + 1);
      inKeys_ = outer;
      continue;
    }
    sources_.count(cursor_.place());
    const Place next = cursor_.place();
    statement.words.push_back(letter == '"' ? quoted() : word());
    checkSemicolon(last, next, statement.words.back());
    last = next;
  }
  // One word alone is an element of a list, and no keyword.
  const bool hasKeyword = !statement.words.empty() && (statement.words.size() > 1 || statement.block);
  if (hasKeyword) statement.words[0].text = lowerCase(statement.words[0].text);
  return statement;
}

// A statement may go on in the next line, but not with a keyword that begins another.
void BracesReader::checkSemicolon(const Place& last, const Place& next, const Word& word) {
  if (next.line == last.line || word.quoted) return;
  if (std::ranges::find(keywords, lowerCase(word.text)) != std::end(keywords))
    throw SyntaxError(next, fmt::format("the statement before does not end; expected ; before '{}'", word.text));
}

Word BracesReader::word() {
  Word word;
  while (!cursor_.atEnd() && !isBlank(cursor_.peek()) && !atComment() &&
         std::string_view("{};\"").find(cursor_.peek()) == std::string_view::npos)
    word.text += cursor_.take();
  return word;
}

Word BracesReader::quoted() {
  const Place begin = cursor_.place();
  Word word{.text = {}, .quoted = true};
  cursor_.take();
  while (true) {
    if (cursor_.peek() == '\\' && cursor_.peek(1) == '"')
      cursor_.take();
    else if (cursor_.peek() == '"')
      break;
    if (cursor_.atEnd() || (cursor_.peek() == '\n' && !inKeys_))
      throw SyntaxError(begin, "the text does not end; expected \"");
    word.text += cursor_.take();
  }
  cursor_.take();
  return word;
}

void BracesReader::include(Statement statement, Statements& statements) {
  const auto paths = sources_.included(statement.value(), *statement.place.file);
  if (paths.empty()) statement.remark = "no file matches";
  if (includeDepth_ >= Sources::maxIncludeDepth)
    throw SyntaxError(statement.place, fmt::format("more than {} files include each other", Sources::maxIncludeDepth));
  for (const std::string& path : paths) {
    const auto text = sources_.read(path);
    if (!text) {
      statement.remark = fmt::format("{}: {}", path, text.error());
      continue;
    }
    for (Statement& included : BracesReader(sources_, *text, includeDepth_ + 1).read())
      statements.push_back(std::move(included));
  }
  if (!statement.remark.empty()) statements.push_back(std::move(statement));
}

}  // namespace

Statements readBraces(Sources& sources, const Sources::Text& text) {
  return BracesReader(sources, text, 0).read();
}

}  // namespace taut::importer
