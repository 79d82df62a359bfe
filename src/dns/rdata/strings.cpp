// Character strings (RFC 1035 section 3.3), and kinds of field that have their form.
#include <algorithm>
#include <array>

#include "parser.hpp"
#include "presentation.hpp"
#include "printer.hpp"
#include "taut/base/text.hpp"
#include "walk.hpp"

namespace taut {

namespace {

constexpr std::string_view expectedEscapes = "a string whose escapes are \\X or \\DDD with DDD from 000 to 255";

// At least four digits (RFC 1183 section 3.1).
bool isPsdnAddress(std::string_view octets) {
  return octets.size() >= 4 && std::ranges::all_of(octets, isDigit);
}

// Letters and digits, at least one (RFC 8659 section 4.1).
bool isTag(std::string_view octets) {
  const auto isLetterOrDigit = [](char c) { return isDigit(c) || (toUpper(c) >= 'A' && toUpper(c) <= 'Z'); };
  return !octets.empty() && std::ranges::all_of(octets, isLetterOrDigit);
}

using Accepts = bool(std::string_view octets);

bool walkString(RdataWalk& walk, Accepts* accepts) {
  const ByteSpan octets = walk.rest();
  return walk.passCharacterString() && accepts(asText(octets.subspan(1, octets[0])));
}

bool parseString(RdataParser& parser, std::string_view expected, Accepts* accepts = nullptr) {
  if (!parser.more()) return parser.missing(expected);
  // Each octet takes at least one character, so a short word without escapes is copied as it is.
  std::array<std::uint8_t, 256> octets;
  ByteWriter string{MutableByteSpan(octets)};
  if (!parseText(parser.text(), string)) return parser.wrong(expectedEscapes);
  if (!string.ok() || string.size() > 255) return parser.wrong("a string of at most 255 octets");
  if (accepts != nullptr && !accepts(asText(string.written()))) return parser.wrong(expected);
  parser.out().u8(static_cast<std::uint8_t>(string.size()));
  parser.out().bytes(string.written());
  return parser.done();
}

ByteSpan takeString(ByteReader& reader) {
  return reader.take(reader.u8());
}

}  // namespace

namespace rdata::kind {

void CharacterString::encode(const Value& value, ByteWriter& out) {
  if (value.size() > 255) return out.fail();
  out.u8(static_cast<std::uint8_t>(value.size()));
  out.bytes(asBytes(value));
}
void CharacterString::decode(ByteSpan octets, Value& value) {
  value = asText(octets.subspan(1));
}
bool CharacterString::walk(RdataWalk& walk) {
  return walk.passCharacterString();
}
bool CharacterString::parse(RdataParser& parser) {
  return parseString(parser, "a string");
}
bool CharacterString::print(RdataPrinter& printer) {
  return printer.text(takeString(printer.reader()));
}

void OptionalCharacterString::encode(const Value& value, ByteWriter& out) {
  if (value) CharacterString::encode(*value, out);
}
void OptionalCharacterString::decode(ByteSpan octets, Value& value) {
  value.reset();
  if (!octets.empty()) value.emplace(asText(octets.subspan(1)));
}
bool OptionalCharacterString::walk(RdataWalk& walk) {
  return walk.remaining() == 0 || walk.passCharacterString();
}
bool OptionalCharacterString::parse(RdataParser& parser) {
  return !parser.more() || CharacterString::parse(parser);
}
bool OptionalCharacterString::print(RdataPrinter& printer) {
  return printer.reader().remaining() == 0 || CharacterString::print(printer);
}

void CharacterStrings::encode(const Value& value, ByteWriter& out) {
  for (const std::string& string : value) CharacterString::encode(string, out);
  if (value.empty()) out.fail();
}
void CharacterStrings::decode(ByteSpan octets, Value& value) {
  value.clear();
  for (ByteReader reader(octets); reader.remaining() > 0;) value.emplace_back(asText(takeString(reader)));
}
bool CharacterStrings::walk(RdataWalk& walk) {
  do {
    if (!walk.passCharacterString()) return false;
  } while (walk.remaining() > 0);
  return true;
}
bool CharacterStrings::parse(RdataParser& parser) {
  do {
    if (!CharacterString::parse(parser)) return false;
  } while (parser.more());
  return true;
}
bool CharacterStrings::print(RdataPrinter& printer) {
  while (printer.reader().remaining() > 0) CharacterString::print(printer);
  return true;
}

bool DigitString::walk(RdataWalk& walk) {
  return walkString(walk, isPsdnAddress);
}
bool DigitString::parse(RdataParser& parser) {
  return parseString(parser, "at least four digits", isPsdnAddress);
}

bool Tag::walk(RdataWalk& walk) {
  return walkString(walk, isTag);
}
bool Tag::parse(RdataParser& parser) {
  return parseString(parser, "a tag of letters and digits", isTag);
}
bool Tag::print(RdataPrinter& printer) {
  return printer.word(asText(takeString(printer.reader())));
}

void Text::encode(const Value& value, ByteWriter& out) {
  out.bytes(asBytes(value));
}
void Text::decode(ByteSpan octets, Value& value) {
  value = asText(octets);
}
bool Text::walk(RdataWalk& walk) {
  return walk.passRest();
}
bool Text::parse(RdataParser& parser) {
  if (!parser.more()) return parser.missing("a string");
  if (!parseText(parser.text(), parser.out())) return parser.wrong(expectedEscapes);
  return parser.done();
}
bool Text::print(RdataPrinter& printer) {
  return printer.text(printer.reader().takeRest());
}

}  // namespace rdata::kind

}  // namespace taut
