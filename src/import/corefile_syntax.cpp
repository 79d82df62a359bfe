#include <map>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "cursor.hpp"
#include "syntax.hpp"

namespace taut::importer {

namespace {

// Parts of a Corefile that are imported by name.
using Snippets = std::map<std::string, Statements, std::less<>>;

class CorefileReader {
 public:
  CorefileReader(Sources& sources, const Sources::Text& text, std::size_t includeDepth, Snippets& snippets)
      : sources_(sources), cursor_(text.path, text.text), includeDepth_(includeDepth), snippets_(snippets) {}

  Statements serverBlocks();
  // Up to the closing brace; to the end of the file where the block has none.
  void directives(Statements& statements, std::size_t depth, bool braced);

 private:
  void skipSpaces();
  void skipBlank();
  bool atEndOfLine();
  Word word();
  Word quoted();
  Statement line();
  void header(Statement& block);
  void import(Statement statement, Statements& statements);
  enum class Level { serverBlocks, directives };
  void importFiles(Statement statement, Level level, Statements& statements);
  void count(const Statement& statement);

  Sources& sources_;
  Cursor cursor_;
  std::size_t includeDepth_;
  Snippets& snippets_;
};

void CorefileReader::skipSpaces() {
  while (true) {
    if (cursor_.peek() == '\\' && cursor_.peek(1) == '\n')
      cursor_.skip(2);
    else if (isBlank(cursor_.peek()) && cursor_.peek() != '\n')
      cursor_.take();
    else if (cursor_.peek() == '#')
      cursor_.skipLine();
    else
      return;
  }
}

bool CorefileReader::atEndOfLine() {
  skipSpaces();
  return cursor_.atEnd() || cursor_.peek() == '\n';
}

void CorefileReader::skipBlank() {
  while (atEndOfLine() && !cursor_.atEnd()) cursor_.take();
}

Word CorefileReader::word() {
  if (cursor_.peek() == '"') return quoted();
  Word word;
  while (!cursor_.atEnd() && !isBlank(cursor_.peek())) word.text += cursor_.take();
  return word;
}

Word CorefileReader::quoted() {
  const Place begin = cursor_.place();
  Word word{.text = {}, .quoted = true};
  cursor_.take();
  while (cursor_.peek() != '"') {
    if (cursor_.peek() == '\\' && cursor_.peek(1) == '"') cursor_.take();
    if (cursor_.atEnd()) throw SyntaxError(begin, "the text does not end; expected \"");
    word.text += cursor_.take();
  }
  cursor_.take();
  return word;
}

// The words of a line. An opening brace at its end makes it a block, which the cursor is in then.
Statement CorefileReader::line() {
  Statement statement;
  statement.place = cursor_.place();
  sources_.count(statement.place);
  while (!atEndOfLine()) {
    sources_.count(cursor_.place());
    Word next = word();
    if (next.text == "{" && !next.quoted) {
      statement.block = true;
      if (!atEndOfLine()) throw SyntaxError(cursor_.place(), "expected the end of the line after {");
      break;
    }
    if (next.text.find("{$") != std::string::npos || next.text.find("{%") != std::string::npos ||
        next.text.find("{args") != std::string::npos)
      statement.remark = "it has a variable";
    statement.words.push_back(std::move(next));
  }
  return statement;
}

void CorefileReader::directives(Statements& statements, std::size_t depth, bool braced) {
  const Place begin = cursor_.place();
  if (depth > Sources::maxDepth) throw SyntaxError(begin, fmt::format("more than {} blocks deep", Sources::maxDepth));
  while (true) {
    skipBlank();
    if (cursor_.atEnd()) {
      if (braced) throw SyntaxError(begin, "the block does not end; expected }");
      return;
    }
    Statement statement = line();
    if (statement.keyword() == "}") {
      if (!braced) throw SyntaxError(statement.place, "no block ends here; expected a directive");
      return;
    }
    if (statement.block) directives(statement.children, depth + 1, true);
    if (statement.keyword() == "import")
      import(std::move(statement), statements);
    else
      statements.push_back(std::move(statement));
  }
}

// The addresses of a server block, which may go on in the next line after a comma.
void CorefileReader::header(Statement& block) {
  Statement next = line();
  block.place = next.place;
  while (true) {
    block.block = next.block;
    if (!next.remark.empty()) block.remark = next.remark;
    for (Word& word : next.words) block.words.push_back(std::move(word));
    if (block.block || block.words.empty() || !block.words.back().text.ends_with(',') || cursor_.atEnd()) break;
    skipBlank();
    next = line();
  }
  for (Word& word : block.words)
    while (word.text.ends_with(',')) word.text.pop_back();
}

Statements CorefileReader::serverBlocks() {
  Statements blocks;
  while (true) {
    skipBlank();
    if (cursor_.atEnd()) return blocks;
    Statement block;
    header(block);
    if (block.keyword() == "import" && !block.block) {
      importFiles(std::move(block), Level::serverBlocks, blocks);
      continue;
    }
    if (block.keyword() == "}") throw SyntaxError(block.place, "no block ends here; expected a server block");
    // A Corefile of one server block needs no braces.
    if (!block.block && !blocks.empty()) throw SyntaxError(block.place, "expected { after the addresses of a server");
    directives(block.children, 1, block.block);
    block.block = true;
    const std::string name(block.keyword());
    if (name.size() > 2 && name.front() == '(' && name.back() == ')')
      snippets_[name.substr(1, name.size() - 2)] = std::move(block.children);
    else
      blocks.push_back(std::move(block));
  }
}

// Of a copy.
void CorefileReader::count(const Statement& statement) {
  constexpr std::size_t octetsOfOne = 64;
  std::size_t octets = 0;
  for (const Word& word : statement.words) octets += sizeof(Word) + word.text.size();
  sources_.count(statement.place, 1 + octets / octetsOfOne);
  for (const Statement& child : statement.children) count(child);
}

void CorefileReader::import(Statement statement, Statements& statements) {
  const auto snippet = snippets_.find(statement.value());
  if (snippet == snippets_.end()) return importFiles(std::move(statement), Level::directives, statements);
  for (const Statement& directive : snippet->second) {
    count(directive);
    statements.push_back(directive);
  }
}

void CorefileReader::importFiles(Statement statement, Level level, Statements& statements) {
  if (includeDepth_ >= Sources::maxIncludeDepth)
    throw SyntaxError(statement.place, fmt::format("more than {} files import each other", Sources::maxIncludeDepth));
  const auto paths = sources_.included(statement.value(), *statement.place.file);
  if (paths.empty()) statement.remark = "no file matches";
  for (const std::string& path : paths) {
    const auto text = sources_.read(path);
    if (!text) {
      statement.remark = fmt::format("no snippet, and {}: {}", path, text.error());
      continue;
    }
    CorefileReader reader(sources_, *text, includeDepth_ + 1, snippets_);
    if (level == Level::directives)
      reader.directives(statements, 1, false);
    else
      for (Statement& block : reader.serverBlocks()) statements.push_back(std::move(block));
  }
  if (!statement.remark.empty()) statements.push_back(std::move(statement));
}

}  // namespace

Statements readCorefile(Sources& sources, const Sources::Text& text) {
  Snippets snippets;
  return CorefileReader(sources, text, 0, snippets).serverBlocks();
}

}  // namespace taut::importer
