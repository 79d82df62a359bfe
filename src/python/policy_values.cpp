#include "policy_values.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "taut/base/bytes.hpp"
#include "taut/dns/rdata.hpp"

namespace taut {

namespace {

constexpr double longestSleep = 86400;  // seconds

Name nameFrom(std::string_view text) {
  auto name = Name::parse(text);
  if (!name) throw std::invalid_argument(fmt::format("'{}' is no name", text));
  return std::move(*name);
}

Type typeFrom(std::string_view text) {
  const auto type = typeFromText(text);
  if (!type) throw std::invalid_argument(fmt::format("'{}' is no type; expected one such as \"AAAA\"", text));
  return *type;
}

Rcode rcodeFrom(std::string_view text) {
  for (std::uint16_t code = 0; code <= static_cast<std::uint16_t>(Rcode::BADCOOKIE); ++code)
    if (toString(static_cast<Rcode>(code)) == text) return static_cast<Rcode>(code);
  throw std::invalid_argument(fmt::format("'{}' is no RCODE; expected one such as \"NXDOMAIN\"", text));
}

Section sectionFrom(std::string_view text) {
  if (text == "answer") return Section::answer;
  if (text == "authority") return Section::authority;
  if (text == "additional") return Section::additional;
  throw std::invalid_argument(
      fmt::format("'{}' is no section; expected \"answer\", \"authority\" or \"additional\"", text));
}

bool isSpace(char octet) {
  return octet == ' ' || octet == '\t';
}

// Words as in a master file: between quotes there may be spaces, and a backslash takes the next character along.
std::vector<Token> tokensOf(std::string_view text) {
  std::vector<Token> tokens;
  for (std::size_t at = 0; at < text.size();) {
    if (isSpace(text[at])) {
      ++at;
      continue;
    }
    const bool quoted = text[at] == '"';
    const std::size_t begin = quoted ? at + 1 : at;
    std::size_t end = begin;
    while (end < text.size() && (quoted ? text[end] != '"' : !isSpace(text[end]))) end += text[end] == '\\' ? 2 : 1;
    if (end > text.size() || (quoted && end == text.size()))
      throw std::invalid_argument(fmt::format("'{}' ends within a word", text));
    tokens.push_back({.text = text.substr(begin, end - begin), .quoted = quoted});
    at = quoted ? end + 1 : end;
  }
  return tokens;
}

std::vector<std::uint8_t> rdataFrom(Type type, std::string_view text) {
  std::array<std::uint8_t, maxRdataSize> octets;
  ByteWriter writer{MutableByteSpan(octets)};
  const std::vector<Token> tokens = tokensOf(text);
  if (const auto error = parseRdata(type, Class::IN, tokens, NameView(), writer))
    throw std::invalid_argument(fmt::format("{} '{}': {}", toString(type), text, error->message));
  const ByteSpan written = writer.written();
  return {written.begin(), written.end()};
}

}  // namespace

PolicyQuestion::PolicyQuestion(const Query& query)
    : name(query.name().toLower().toString()), type(toString(query.type())), client(query.peer().hostText()) {
  if (!name.ends_with('.')) name += '.';
}

PolicyAnswer::PolicyAnswer(std::string_view rcode) : rcode_(rcodeFrom(rcode)) {}

void PolicyAnswer::add(std::string_view owner, std::int64_t ttl, std::string_view type, std::string_view rdata,
                       std::string_view section) {
  if (ttl < 0 || ttl > maxTtl) throw std::invalid_argument(fmt::format("a TTL of {}; expected 0 to {}", ttl, maxTtl));
  const Type recordType = typeFrom(type);
  if (isMetaType(recordType)) throw std::invalid_argument(fmt::format("no record has the type {}", type));
  records_.push_back({sectionFrom(section), nameFrom(owner), recordType, static_cast<std::uint32_t>(ttl),
                      rdataFrom(recordType, rdata)});
}

void PolicyAnswer::setExtendedError(std::uint16_t code, std::string text) {
  extendedError_ = static_cast<ExtendedErrorCode>(code);
  extendedErrorText_ = std::move(text);
}

Answer PolicyAnswer::toAnswer() const {
  Answer answer(rcode_);
  answer.setAuthoritative(authoritative);
  for (const Record& record : records_)
    answer.addRecord(record.section, record.owner, record.type, Class::IN, record.ttl, record.rdata);
  if (extendedError_) answer.setExtendedError(*extendedError_, extendedErrorText_);
  return answer;
}

PolicyWait sleepOf(double seconds) {
  if (!(seconds >= 0 && seconds <= longestSleep))
    throw std::invalid_argument(fmt::format("a sleep of {} s; expected 0 to {}", seconds, longestSleep));
  return PolicySleep{std::chrono::microseconds(static_cast<std::int64_t>(seconds * 1e6))};
}

PolicyWait lookupOf(std::string_view name, std::string_view type) {
  return PolicyLookup{nameFrom(name), typeFrom(type)};
}

}  // namespace taut
