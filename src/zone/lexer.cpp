#include "lexer.hpp"

#include <array>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <fmt/format.h>

#include "taut/base/text.hpp"

namespace taut::detail {

namespace {

enum class Kind : std::uint8_t { plain, blank, lineEnd, quote, open, close, comment, escape };

constexpr std::array<Kind, 256> makeKinds() {
  std::array<Kind, 256> kinds{};
  kinds[' '] = kinds['\t'] = kinds['\r'] = Kind::blank;
  kinds['\n'] = Kind::lineEnd;
  kinds['"'] = Kind::quote;
  kinds['('] = Kind::open;
  kinds[')'] = Kind::close;
  kinds[';'] = Kind::comment;
  kinds['\\'] = Kind::escape;
  return kinds;
}

constexpr std::array<Kind, 256> kinds = makeKinds();

Kind kindOf(char c) {
  return kinds[static_cast<unsigned char>(c)];
}

// The first character from `at` on that is not plain. Reads up to 15 octets beyond it.
const char* skipPlain(const char* at) {
#if defined(__SSE2__)
  for (;;) {
    const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const auto is = [&](char c) { return _mm_cmpeq_epi8(text, _mm_set1_epi8(c)); };
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(text, _mm_set1_epi8(' ')), text);
    const __m128i quotes = _mm_or_si128(is('"'), is(';'));
    const __m128i brackets = _mm_or_si128(is('('), is(')'));
    const __m128i found = _mm_or_si128(_mm_or_si128(control, is('\\')), _mm_or_si128(quotes, brackets));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(found));
    if (mask == 0) {
      at += 16;
      continue;
    }
    at += __builtin_ctz(mask);
    if (kindOf(*at) != Kind::plain) return at;
    ++at;  // a control character without meaning
  }
#else
  while (kindOf(*at) == Kind::plain) ++at;
  return at;
#endif
}

}  // namespace

bool Lexer::next() {
  entry_ = at_;
  entryLine_ = line_;
  for (;;) {
    const bool found = cut();
    // More text may follow what is in memory, and belong to this entry: the entry is cut again when more is there.
    if (at_ < end_ || text_.isLast()) return found;
    if (!readOn()) return true;
  }
}

// False with an error where what is cut is too long for one entry. That ends the text.
bool Lexer::readOn() {
  const bool fits = text_.refill(entry_);
  at_ = lineStart_ = entry_ = text_.begin();
  end_ = text_.end();
  line_ = entryLine_;
  if (!fits) fail(line_, 1, fmt::format("entry is longer than {} octets", TextBuffer::maxEntry));
  return fits;
}

bool Lexer::cut() {
  words_.clear();
  error_.reset();
  std::uint32_t depth = 0;
  std::uint32_t openLine = 0;
  std::uint32_t openColumn = 0;
  beginsBlank_ = kindOf(*at_) == Kind::blank;
  for (;;) {
    switch (kindOf(*at_)) {
      case Kind::blank:
        ++at_;
        break;
      case Kind::comment:
        skipComment();
        break;
      case Kind::lineEnd:
        if (at_ >= end_) {
          if (depth > 0) {
            fail(openLine, openColumn, "'(' is never closed, expected ')'");
            return true;
          }
          return !words_.empty();
        }
        endLine();
        if (depth > 0) break;
        if (!words_.empty()) return true;
        beginsBlank_ = kindOf(*at_) == Kind::blank;
        entry_ = at_;
        entryLine_ = line_;
        break;
      case Kind::open:
        if (depth++ == 0) {
          openLine = line_;
          openColumn = column(at_);
        }
        ++at_;
        break;
      case Kind::close:
        if (depth == 0) {
          fail(line_, column(at_), "')' without '('");
          return true;
        }
        --depth;
        ++at_;
        break;
      case Kind::quote:
        if (!quoted()) return true;
        break;
      case Kind::plain:
      case Kind::escape:
        word();
        if (error_) return true;
        break;
    }
  }
}

void Lexer::word() {
  const char* const start = at_;
  const std::uint32_t line = line_;
  const std::uint32_t startColumn = column(start);
  for (;;) {
    at_ = skipPlain(at_);
    if (*at_ == '\\') {
      ++at_;
      if (*at_ == '\n') {
        fail(line_, column(at_ - 1), "'\\' at the end of a line, expected the character that it escapes");
        return;
      }
      ++at_;
      continue;
    }
    if (*at_ == '"' && at_ > start && at_[-1] == '=' && takesPairs()) {
      if (!skipPairValue()) return;
      continue;
    }
    break;
  }
  words_.push_back({{start, static_cast<std::size_t>(at_ - start)}, line, startColumn, false});
}

// Moves from an opening quote past the closing one. False, with an error, where there is no closing one.
bool Lexer::skipPairValue() {
  const std::uint32_t line = line_;
  const std::uint32_t startColumn = column(at_);
  ++at_;
  for (; at_ < end_; ++at_) {
    if (*at_ == '"') {
      ++at_;
      return true;
    }
    if (*at_ == '\\' && at_ + 1 < end_) ++at_;
    if (*at_ == '\n') {
      ++line_;
      lineStart_ = at_ + 1;
    }
  }
  fail(line, startColumn, "quoted string is never closed, expected '\"'");
  return false;
}

bool Lexer::quoted() {
  const char* const start = at_ + 1;
  const std::uint32_t line = line_;
  const std::uint32_t startColumn = column(at_);
  if (!skipPairValue()) return false;
  words_.push_back({{start, static_cast<std::size_t>(at_ - 1 - start)}, line, startColumn, true});
  return true;
}

// Whether this is a record of a type whose parameters are written key="value" (RFC 9460 section 2.1).
bool Lexer::takesPairs() const {
  constexpr std::size_t maxWordsBeforeType = 3;
  for (std::size_t i = 0; i < words_.size() && i <= maxWordsBeforeType; ++i) {
    const std::string_view text = words_[i].text;
    if (equalIgnoringCase(text, "SVCB") || equalIgnoringCase(text, "HTTPS") || equalIgnoringCase(text, "TYPE64") ||
        equalIgnoringCase(text, "TYPE65"))
      return true;
  }
  return false;
}

void Lexer::skipComment() {
  const auto* lineEnd = static_cast<const char*>(std::memchr(at_, '\n', static_cast<std::size_t>(end_ - at_)));
  at_ = lineEnd != nullptr ? lineEnd : end_;
}

void Lexer::endLine() {
  ++at_;
  ++line_;
  lineStart_ = at_;
}

void Lexer::fail(std::uint32_t line, std::uint32_t column, std::string message) {
  error_ = LexError{line, column, std::move(message)};
  words_.clear();
  skipComment();
  if (at_ < end_) endLine();
}

}  // namespace taut::detail
