#include "taut/zone/master_file.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "generate.hpp"
#include "lexer.hpp"
#include "taut/base/text.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/ttl.hpp"
#include "text_buffer.hpp"

namespace taut {

namespace {

using detail::Lexer;
using detail::TextBuffer;
using Words = std::span<const Token>;

constexpr std::uint32_t maxTtl = 0x7fffffff;  // RFC 2181 section 8

// A file of others may have octets that steer a terminal.
std::string quotedText(std::string_view text) {
  std::string quoted = "'";
  for (const char octet : text.substr(0, 80)) {
    const auto value = static_cast<unsigned char>(octet);
    if (value < 0x20 || value == 0x7f)
      quoted += fmt::format("\\{:03}", value);
    else
      quoted += octet;
  }
  return quoted + "'";
}

// Whether a name's text ends in a dot that no backslash escapes.
bool isAbsolute(std::string_view text) {
  if (text.empty() || text.back() != '.') return false;
  std::size_t backslashes = 0;
  while (backslashes + 1 < text.size() && text[text.size() - 2 - backslashes] == '\\') ++backslashes;
  return backslashes % 2 == 0;
}

// Only classes that data can have.
std::optional<Class> dataClass(std::string_view text) {
  const auto rrClass = classFromText(text);
  if (!rrClass || *rrClass == Class::ANY || *rrClass == Class::NONE) return std::nullopt;
  return rrClass;
}

class Scanner {
 public:
  Scanner(const MasterFileOptions& options, MasterFileHandler& handler)
      : options_(options), handler_(handler), ttl_(options.ttl), rdata_(maxRdataSize) {
    hasOrigin_ = options.origin.has_value();
    if (hasOrigin_) origin_ = *options.origin;
  }

  bool scanFile(const std::string& path);
  bool scan(TextBuffer& text, const std::string& name);

 private:
  struct Source {
    std::shared_ptr<const std::string> name;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
  };

  TextBuffer open(const std::string& path);
  void scanEntries(Lexer& lexer);
  void entry(Words words, bool beginsBlank);
  void record(Words words, std::size_t first);
  void emit(const Token& at, Type type, Class rrClass, std::uint32_t ttl, ByteSpan rdata);
  bool owner(const Token& word);
  bool name(const Token& word, Name& name);
  std::optional<std::uint32_t> ttlOf(const Token& word);
  std::optional<std::uint32_t> impliedTtl(const Token& at, Type type, ByteSpan rdata);

  void directive(Words words);
  void originDirective(Words words);
  void ttlDirective(Words words);
  void includeDirective(Words words);
  void generateDirective(Words words);
  void generateOne(Words words, std::string_view owner, std::size_t rest, std::string_view rdata,
                   std::uint32_t counter);

  void report(Diagnostic::Severity severity, std::uint32_t line, std::uint32_t column, std::string message);
  void error(const Token& at, std::string message) {
    report(Diagnostic::Severity::error, at.line, at.column, std::move(message));
  }
  void errorBehind(Words words, std::string message) {
    const Token& last = words.back();
    const auto width = static_cast<std::uint32_t>(last.text.size() + (last.quoted ? 2 : 0));
    report(Diagnostic::Severity::error, last.line, last.column + width, std::move(message));
  }
  void warning(const Token& at, std::string message) {
    report(Diagnostic::Severity::warning, at.line, at.column, std::move(message));
  }

  const MasterFileOptions& options_;
  MasterFileHandler& handler_;
  std::vector<Source> sources_;  // the last is the file that is read; the others include it
  Name origin_;
  Name owner_;
  bool hasOrigin_ = false;
  bool hasOwner_ = false;
  std::optional<std::uint32_t> ttl_;      // of $TTL
  std::optional<std::uint32_t> lastTtl_;  // of the record before
  std::optional<std::uint32_t> generating_;
  std::uint64_t generated_ = 0;
  std::vector<std::uint8_t> rdata_;
  bool stopped_ = false;
  bool failed_ = false;
};

bool Scanner::scanFile(const std::string& path) {
  handler_.onFile(path);
  try {
    TextBuffer text = open(path);
    scan(text, path);
  } catch (const FileError& problem) {
    sources_.assign({{std::make_shared<const std::string>(path), 0, 0}});
    report(Diagnostic::Severity::error, 0, 0, fmt::format("cannot read the file: {}", problem.what()));
  }
  return !failed_;
}

TextBuffer Scanner::open(const std::string& path) {
  return TextBuffer::open(path, [this] {
    if (!handler_.onText()) stopped_ = true;
    return !stopped_;
  });
}

bool Scanner::scan(TextBuffer& text, const std::string& name) {
  sources_.push_back({std::make_shared<const std::string>(name), text.device(), text.inode()});
  Lexer lexer(text);
  scanEntries(lexer);
  sources_.pop_back();
  return !failed_;
}

void Scanner::scanEntries(Lexer& lexer) {
  while (!stopped_ && lexer.next()) {
    if (const auto& problem = lexer.error()) {
      report(Diagnostic::Severity::error, problem->line, problem->column, problem->message);
      continue;
    }
    entry(lexer.words(), lexer.beginsBlank());
  }
}

void Scanner::entry(Words words, bool beginsBlank) {
  const Token& first = words.front();
  if (beginsBlank) {
    if (!hasOwner_) return error(first, "record without an owner, and none before it whose owner it could have");
    return record(words, 0);
  }
  if (!first.quoted && first.text.front() == '$') return directive(words);
  if (owner(first)) record(words, 1);
}

bool Scanner::owner(const Token& word) {
  Name read;
  if (!name(word, read)) return false;
  owner_ = read.view();
  hasOwner_ = true;
  return true;
}

bool Scanner::name(const Token& word, Name& name) {
  if (!hasOrigin_ && !isAbsolute(word.text)) {
    error(word, fmt::format("{} is relative, but no origin is known: expected an absolute name or $ORIGIN before it",
                            quotedText(word.text)));
    return false;
  }
  NameError problem{};
  if (!Name::parse(word.text, origin_, name, &problem)) {
    error(word, fmt::format("{} is not a domain name: {}", quotedText(word.text), describe(problem)));
    return false;
  }
  if (!hasOrigin_) {
    origin_ = name;
    hasOrigin_ = true;
  }
  return true;
}

// The words from `first` on: TTL and class in either order, both optional, then the type and its RDATA.
void Scanner::record(Words words, std::size_t first) {
  std::optional<std::uint32_t> ttl;
  std::optional<Class> rrClass;
  std::optional<Type> type;
  std::size_t at = first;
  for (; at < words.size() && !type; ++at) {
    const Token& word = words[at];
    if (word.quoted || word.text.empty()) return error(word, "a quoted string, expected TTL, class or type");
    if (!ttl && isDigit(word.text.front())) {
      ttl = ttlOf(word);
      if (!ttl) return;
      continue;
    }
    type = typeFromText(word.text);  // first: most records name no class, and no type is spelt like a class
    if (!type && !rrClass && (rrClass = dataClass(word.text))) continue;
    if (!type) return error(word, fmt::format("unknown type {}", quotedText(word.text)));
    if (isMetaType(*type) || *type == Type{})
      return error(word, fmt::format("type {} cannot be data", toString(*type)));
  }
  if (!type) return errorBehind(words, "record without a type");

  const Words texts = words.subspan(at);
  const Class effectiveClass = rrClass.value_or(options_.rrClass);
  ByteWriter out(rdata_);
  if (const auto problem = parseRdata(*type, effectiveClass, texts, origin_, out)) {
    std::string message = fmt::format("{}: {}", toString(*type), problem->message);
    if (problem->token < texts.size()) return error(texts[problem->token], std::move(message));
    return errorBehind(words, std::move(message));
  }
  if (!out.ok()) return error(words[at - 1], "RDATA is longer than 65535 octets");
  if (!ttl) ttl = impliedTtl(words.front(), *type, out.written());
  if (!ttl) return;
  lastTtl_ = ttl;
  emit(words.front(), *type, effectiveClass, *ttl, out.written());
}

void Scanner::emit(const Token& at, Type type, Class rrClass, std::uint32_t ttl, ByteSpan rdata) {
  MasterRecord read;
  read.owner = owner_;
  read.type = type;
  read.rrClass = rrClass;
  read.ttl = ttl;
  read.rdata = rdata;
  read.file = &sources_.back().name;
  read.line = at.line;
  if (!handler_.onRecord(read)) stopped_ = true;
}

std::optional<std::uint32_t> Scanner::ttlOf(const Token& word) {
  const auto ttl = parseTtl(word.text);
  if (!ttl) {
    error(word, fmt::format("{} is not a TTL, expected seconds or units as in 1w2d3h4m5s", quotedText(word.text)));
    return std::nullopt;
  }
  if (*ttl <= maxTtl) return ttl;
  warning(word, fmt::format("TTL {} is above {} and counts as 0 (RFC 2181 section 8)", *ttl, maxTtl));
  return 0;
}

// In the order of RFC 2308 section 4, RFC 1035 section 5.1, and the custom of taking the SOA's MINIMUM.
std::optional<std::uint32_t> Scanner::impliedTtl(const Token& at, Type type, ByteSpan rdata) {
  if (ttl_) return ttl_;
  if (lastTtl_) return lastTtl_;
  if (type == Type::SOA && rdata.size() >= 4) {
    const std::uint32_t minimum = std::min(loadU32(rdata.data() + rdata.size() - 4), maxTtl);
    warning(at, fmt::format("SOA without a TTL and no $TTL before it: its MINIMUM, {}, is used", minimum));
    ttl_ = minimum;  // for the records that follow too, as in BIND
    return minimum;
  }
  error(at, "record without a TTL, expected one here or $TTL before it");
  return std::nullopt;
}

void Scanner::directive(Words words) {
  const std::string_view keyword = words.front().text;
  if (equalIgnoringCase(keyword, "$ORIGIN")) return originDirective(words);
  if (equalIgnoringCase(keyword, "$TTL")) return ttlDirective(words);
  if (equalIgnoringCase(keyword, "$INCLUDE")) return includeDirective(words);
  if (equalIgnoringCase(keyword, "$GENERATE")) return generateDirective(words);
  error(words.front(),
        fmt::format("unknown directive {}, expected $ORIGIN, $TTL, $INCLUDE or $GENERATE", quotedText(keyword)));
}

void Scanner::originDirective(Words words) {
  if (words.size() < 2) return errorBehind(words, "$ORIGIN without a domain name");
  if (words.size() > 2) return error(words[2], "more words than $ORIGIN takes, expected the end of the line");
  Name origin;
  if (!name(words[1], origin)) return;
  origin_ = origin;
  hasOrigin_ = true;
}

void Scanner::ttlDirective(Words words) {
  if (words.size() < 2) return errorBehind(words, "$TTL without a TTL");
  if (words.size() > 2) return error(words[2], "more words than $TTL takes, expected the end of the line");
  if (const auto ttl = ttlOf(words[1])) ttl_ = ttl;
}

void Scanner::includeDirective(Words words) {
  if (words.size() < 2) return errorBehind(words, "$INCLUDE without a file name");
  if (words.size() > 3) return error(words[3], "more words than $INCLUDE takes, expected the end of the line");
  if (!options_.allowInclude) return error(words[0], "$INCLUDE is not allowed here");
  if (sources_.size() > options_.maxIncludeDepth)
    return error(words[0], fmt::format("$INCLUDE nested more than {} deep", options_.maxIncludeDepth));

  const Name origin = origin_;
  const Name owner = owner_;
  const bool hasOrigin = hasOrigin_;
  const bool hasOwner = hasOwner_;
  if (words.size() == 3) {
    Name given;
    if (!name(words[2], given)) return;
    origin_ = given;
    hasOrigin_ = true;
  }
  const auto folder = std::filesystem::path(*sources_.back().name).parent_path();
  const std::string path = (folder / std::string(words[1].text)).string();
  const std::size_t depth = sources_.size();
  handler_.onFile(path);
  try {
    TextBuffer text = open(path);
    for (const Source& source : sources_)
      if (source.device == text.device() && source.inode == text.inode())
        return error(words[1], fmt::format("$INCLUDE of {} leads back to {}", quotedText(path), *source.name));
    scan(text, path);
  } catch (const FileError& problem) {
    sources_.resize(depth);
    error(words[1], fmt::format("cannot read {}: {}", quotedText(path), problem.what()));
  }
  origin_ = origin;
  owner_ = owner;
  hasOrigin_ = hasOrigin;
  hasOwner_ = hasOwner;
}

// $GENERATE range owner [ttl] [class] type rdata. A single quoted word is the whole RDATA, as in BIND.
void Scanner::generateDirective(Words words) {
  if (words.size() < 5) return errorBehind(words, "$GENERATE: expected range, owner, type and RDATA");
  const auto range = detail::parseGenerateRange(words[1].text);
  if (!range)
    return error(words[1],
                 fmt::format("bad range {}, expected start-stop or start-stop/step", quotedText(words[1].text)));
  generated_ += range->count();
  if (generated_ > options_.maxGenerated)
    return error(words[1], fmt::format("$GENERATE makes more than {} records", options_.maxGenerated));

  std::size_t rest = 3;
  const auto isTtlOrClass = [](std::string_view text) {
    return !text.empty() && (isDigit(text[0]) || dataClass(text));
  };
  while (rest < words.size() && isTtlOrClass(words[rest].text)) ++rest;
  if (rest + 1 >= words.size()) return errorBehind(words, "$GENERATE: expected type and RDATA");
  std::string rdata;
  for (const Token& word : words.subspan(rest + 1)) {
    if (word.quoted && rest + 2 == words.size()) {
      for (std::size_t i = 0; i < word.text.size(); ++i) {
        if (word.text[i] == '\\' && i + 1 < word.text.size() && word.text[i + 1] == '"') ++i;
        rdata += word.text[i];
      }
    } else {
      const char* const quote = word.quoted ? "\"" : "";
      rdata += fmt::format("{0}{1}{0} ", quote, word.text);
    }
  }
  for (std::uint64_t counter = range->start; counter <= range->stop && !stopped_; counter += range->step) {
    const bool failedBefore = failed_;
    failed_ = false;
    generateOne(words, words[2].text, rest, rdata, static_cast<std::uint32_t>(counter));
    const bool failedNow = failed_;
    failed_ = failed_ || failedBefore;
    if (failedNow) return;  // the others would fail for the same reason
  }
}

void Scanner::generateOne(Words words, std::string_view ownerPattern, std::size_t rest, std::string_view rdataPattern,
                          std::uint32_t counter) {
  std::string problem;
  const auto ownerText = detail::expandGenerate(ownerPattern, counter, problem);
  if (!ownerText) return error(words[2], std::move(problem));
  const auto rdataText = detail::expandGenerate(rdataPattern, counter, problem);
  if (!rdataText) return error(words[rest + 1], std::move(problem));

  Token ownerWord = words[2];
  ownerWord.text = *ownerText;
  if (!owner(ownerWord)) return;

  TextBuffer text = TextBuffer::copy(*rdataText);
  Lexer lexer(text);
  const Token& place = words[rest + 1];
  std::vector<Token> record(words.begin() + 3, words.begin() + static_cast<std::ptrdiff_t>(rest) + 1);
  if (lexer.next() && !lexer.error()) record.insert(record.end(), lexer.words().begin(), lexer.words().end());
  if (lexer.error()) return error(place, lexer.error()->message);
  // A generated record has the place of its directive.
  for (Token& word : record) {
    word.line = words.front().line;
    word.column = word.text.data() >= text.begin() && word.text.data() <= text.end() ? place.column : word.column;
  }
  generating_ = counter;
  this->record(record, 0);
  generating_.reset();
}

void Scanner::report(Diagnostic::Severity severity, std::uint32_t line, std::uint32_t column, std::string message) {
  Diagnostic diagnostic;
  diagnostic.severity = severity;
  diagnostic.file = sources_.back().name;
  diagnostic.line = line;
  diagnostic.column = column;
  diagnostic.message = std::move(message);
  if (generating_) diagnostic.message += fmt::format(" ($GENERATE at {})", *generating_);
  if (severity == Diagnostic::Severity::error) failed_ = true;
  if (!handler_.onDiagnostic(std::move(diagnostic))) stopped_ = true;
}

}  // namespace

bool scanMasterFile(const std::string& path, const MasterFileOptions& options, MasterFileHandler& handler) {
  return Scanner(options, handler).scanFile(path);
}

bool scanMasterText(std::string_view text, const std::string& name, const MasterFileOptions& options,
                    MasterFileHandler& handler) {
  TextBuffer buffer = TextBuffer::copy(text);
  return Scanner(options, handler).scan(buffer, name);
}

}  // namespace taut
