#include <string>
#include <utility>

#include <fmt/format.h>

#include "cursor.hpp"
#include "syntax.hpp"

namespace taut::importer {

namespace {

class KnotReader {
 public:
  KnotReader(Sources& sources, const Sources::Text& text, std::size_t includeDepth, Statements& statements)
      : sources_(sources), cursor_(text.path, text.text), includeDepth_(includeDepth), statements_(statements) {}

  void read() {
    while (!cursor_.atEnd()) line();
  }

 private:
  void skipSpaces() {
    while (cursor_.peek() == ' ' || cursor_.peek() == '\r') cursor_.take();
  }
  bool atEndOfLine() {
    skipSpaces();
    return cursor_.atEnd() || cursor_.peek() == '\n' || cursor_.peek() == '#';
  }

  void line();
  void topLevel(Statement statement);
  void inSection(Statement statement, bool newBlock);
  Statement item();
  void values(Statement& statement);
  Word value(std::string_view endings);
  Word quoted();
  void include(Statement statement);

  Sources& sources_;
  Cursor cursor_;
  std::size_t includeDepth_;
  Statements& statements_;  // the sections
};

void KnotReader::line() {
  const bool indented = cursor_.peek() == ' ';
  if (!atEndOfLine()) {
    if (cursor_.peek() == '\t') throw SyntaxError(cursor_.place(), "a tab; expected spaces");
    const bool newBlock = cursor_.peek() == '-' && isBlank(cursor_.peek(1));
    if (newBlock) {
      cursor_.take();
      skipSpaces();
    }
    Statement statement = item();
    if (indented || newBlock)
      inSection(std::move(statement), newBlock);
    else
      topLevel(std::move(statement));
  }
  cursor_.skipLine();
  if (!cursor_.atEnd()) cursor_.take();
}

void KnotReader::topLevel(Statement statement) {
  if (statement.keyword() == "include") return include(std::move(statement));
  statement.block = statement.words.size() == 1;
  statements_.push_back(std::move(statement));
}

void KnotReader::inSection(Statement statement, bool newBlock) {
  if (statements_.empty() || !statements_.back().block)
    throw SyntaxError(statement.place, "an item outside a section; expected a section such as server:");
  Statements& blocks = statements_.back().children;
  statement.block = newBlock;
  const bool inBlock = !newBlock && !blocks.empty() && blocks.back().block;
  (inBlock ? blocks.back().children : blocks).push_back(std::move(statement));
}

Statement KnotReader::item() {
  Statement statement;
  statement.place = cursor_.place();
  statement.form = Form::colon;
  sources_.count(statement.place);
  std::string keyword;
  while (!cursor_.atEnd() && !isBlank(cursor_.peek()) && cursor_.peek() != ':') keyword += cursor_.take();
  skipSpaces();
  if (cursor_.peek() != ':') throw SyntaxError(cursor_.place(), fmt::format("expected : after '{}'", keyword));
  cursor_.take();
  statement.words.push_back({std::move(keyword), false});
  values(statement);
  return statement;
}

void KnotReader::values(Statement& statement) {
  if (atEndOfLine()) return;
  if (cursor_.peek() != '[') {
    statement.words.push_back(value(""));
  } else {
    cursor_.take();
    while (true) {
      if (atEndOfLine()) throw SyntaxError(cursor_.place(), "the list does not end in its line; expected ]");
      if (cursor_.peek() == ']') break;
      if (cursor_.peek() == ',') {
        cursor_.take();
        continue;
      }
      if (isBlank(cursor_.peek())) throw SyntaxError(cursor_.place(), "a tab; expected spaces");
      sources_.count(cursor_.place());
      statement.words.push_back(value(",]"));
    }
    cursor_.take();
  }
  if (!atEndOfLine()) throw SyntaxError(cursor_.place(), "expected the end of the line; quote a text with spaces");
}

// `endings` are the letters that end a value in a list.
Word KnotReader::value(std::string_view endings) {
  if (cursor_.peek() == '"') return quoted();
  Word word;
  while (!cursor_.atEnd() && !isBlank(cursor_.peek()) && endings.find(cursor_.peek()) == std::string_view::npos)
    word.text += cursor_.take();
  return word;
}

Word KnotReader::quoted() {
  const Place begin = cursor_.place();
  Word word{.text = {}, .quoted = true};
  cursor_.take();
  while (cursor_.peek() != '"') {
    if (cursor_.peek() == '\\' && (cursor_.peek(1) == '"' || cursor_.peek(1) == '\\')) cursor_.take();
    if (cursor_.atEnd() || cursor_.peek() == '\n') throw SyntaxError(begin, "the text does not end; expected \"");
    word.text += cursor_.take();
  }
  cursor_.take();
  return word;
}

void KnotReader::include(Statement statement) {
  const auto paths = sources_.included(statement.value(), *statement.place.file);
  if (paths.empty()) statement.remark = "no file matches";
  if (includeDepth_ >= Sources::maxIncludeDepth)
    throw SyntaxError(statement.place, fmt::format("more than {} files include each other", Sources::maxIncludeDepth));
  for (const std::string& path : paths) {
    if (const auto text = sources_.read(path))
      KnotReader(sources_, *text, includeDepth_ + 1, statements_).read();
    else
      statement.remark = fmt::format("{}: {}", path, text.error());
  }
  if (!statement.remark.empty()) statements_.push_back(std::move(statement));
}

}  // namespace

Statements readKnot(Sources& sources, const Sources::Text& text) {
  Statements statements;
  KnotReader(sources, text, 0, statements).read();
  return statements;
}

}  // namespace taut::importer
