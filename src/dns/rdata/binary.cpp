// Octets in hexadecimal, base64 and base32hex, and octets without a text form.
#include <array>

#include <fmt/format.h>

#include "encoding.hpp"
#include "parser.hpp"
#include "printer.hpp"
#include "walk.hpp"

namespace taut::rdata::kind {

void Opaque::encode(const Value& value, ByteWriter& out) {
  if (value.size() > maxRdataSize) return out.fail();
  out.bytes(value);
}
void Opaque::decode(ByteSpan octets, Value& value) {
  value.assign(octets.begin(), octets.end());
}
bool Opaque::walk(RdataWalk& walk) {
  return walk.passRest();
}
bool Opaque::parse(RdataParser& parser) {
  return parser.missing("data in the generic form, \\# LENGTH HEX");
}
bool Opaque::print(RdataPrinter&) {
  return false;
}

bool Options::walk(RdataWalk& walk) {
  while (walk.remaining() > 0)
    if (walk.remaining() < 4 || !walk.pass(4u + loadU16(&walk.rest()[2]))) return false;
  return true;
}

bool Hex::walk(RdataWalk& walk) {
  return walk.passSome();
}
bool Hex::parse(RdataParser& parser) {
  constexpr std::string_view expected = "hexadecimal";
  const std::size_t before = parser.out().size();
  HexDecoder decoder;
  if (!parser.more()) return parser.missing(expected);
  for (; parser.more(); parser.done()) {
    if (!parser.word(expected)) return false;
    if (!decoder.feed(parser.text(), parser.out())) return parser.wrong(expected);
  }
  if (!decoder.finish()) return parser.failAtLast("an odd number of hexadecimal digits: expected whole octets");
  return parser.out().size() > before || !parser.out().ok() || parser.failAtField("no octets: expected hexadecimal");
}
bool Hex::print(RdataPrinter& printer) {
  appendHex(printer.reader().takeRest(), printer.beginWord());
  return true;
}

bool OptionalHex::walk(RdataWalk& walk) {
  return walk.passRest();
}
bool OptionalHex::parse(RdataParser& parser) {
  return !parser.more() || Hex::parse(parser);
}
bool OptionalHex::print(RdataPrinter& printer) {
  return printer.reader().remaining() == 0 || Hex::print(printer);
}

bool Base64::walk(RdataWalk& walk) {
  return walk.passSome();
}
bool Base64::parse(RdataParser& parser) {
  constexpr std::string_view expected = "base64";
  if (!parser.more()) return parser.missing(expected);
  const std::size_t before = parser.out().size();
  Base64Decoder decoder;
  for (; parser.more(); parser.done()) {
    if (!parser.word(expected)) return false;
    if (!decoder.feed(parser.text(), parser.out())) return parser.wrong(expected);
  }
  if (!decoder.finish()) return parser.failAtLast("base64 that breaks off: expected groups of four characters");
  return parser.out().size() > before || !parser.out().ok() || parser.failAtField("no octets: expected base64");
}
bool Base64::print(RdataPrinter& printer) {
  const ByteSpan octets = printer.reader().takeRest();
  if (!octets.empty()) appendBase64(octets, printer.beginWord());
  return true;
}

bool OptionalBase64::walk(RdataWalk& walk) {
  return walk.passRest();
}
bool OptionalBase64::parse(RdataParser& parser) {
  return !parser.more() || Base64::parse(parser);
}

bool DashBase64::walk(RdataWalk& walk) {
  return walk.passRest();
}
bool DashBase64::parse(RdataParser& parser) {
  if (parser.more() && !parser.isQuoted() && parser.text() == "-") return parser.done();
  return Base64::parse(parser);
}
bool DashBase64::print(RdataPrinter& printer) {
  return printer.reader().remaining() == 0 ? printer.word('-') : Base64::print(printer);
}

void SizedBase64::encode(const Value& value, ByteWriter& out) {
  if (value.size() > maxRdataSize) return out.fail();
  out.u16(static_cast<std::uint16_t>(value.size()));
  out.bytes(value);
}
void SizedBase64::decode(ByteSpan octets, Value& value) {
  value.assign(octets.begin() + 2, octets.end());
}
bool SizedBase64::walk(RdataWalk& walk) {
  return walk.passSized(2, 0);
}
// The length, then base64 in any number of words; no word where the length is 0.
bool SizedBase64::parse(RdataParser& parser) {
  std::uint64_t size = 0;
  if (!parser.number(0xffff, size)) return false;
  ByteWriter& out = parser.out();
  out.u16(static_cast<std::uint16_t>(size));
  const std::size_t before = out.size();
  Base64Decoder decoder;
  while (out.ok() && (out.size() - before < size || !decoder.finish())) {
    if (!parser.word("base64")) return false;
    if (!decoder.feed(parser.text(), out)) return parser.wrong("base64");
    parser.done();
  }
  const std::size_t written = out.size() - before;
  return written == size || parser.failAtField(fmt::format("{} octets announced: {} follow", size, written));
}
bool SizedBase64::print(RdataPrinter& printer) {
  const std::uint16_t size = printer.reader().u16();
  printer.word(size);
  if (size > 0) appendBase64(printer.reader().take(size), printer.beginWord());
  return true;
}

void Salt::encode(const Value& value, ByteWriter& out) {
  if (value.size() > 255) return out.fail();
  out.u8(static_cast<std::uint8_t>(value.size()));
  out.bytes(value);
}
void Salt::decode(ByteSpan octets, Value& value) {
  value.assign(octets.begin() + 1, octets.end());
}
bool Salt::walk(RdataWalk& walk) {
  return walk.passSized(1, 0);
}
bool Salt::parse(RdataParser& parser) {
  constexpr std::string_view expected = "hexadecimal of at most 255 octets, or -";
  if (!parser.word(expected)) return false;
  const std::string_view text = parser.text();
  std::array<std::uint8_t, 256> octets;
  ByteWriter salt{MutableByteSpan(octets)};
  HexDecoder decoder;
  if (text != "-" && (text.empty() || !decoder.feed(text, salt) || !decoder.finish())) return parser.wrong(expected);
  if (!salt.ok() || salt.size() > 255) return parser.wrong(expected);
  parser.out().u8(static_cast<std::uint8_t>(salt.size()));
  parser.out().bytes(salt.written());
  return parser.done();
}
bool Salt::print(RdataPrinter& printer) {
  const ByteSpan salt = printer.reader().take(printer.reader().u8());
  if (salt.empty()) return printer.word('-');
  appendHex(salt, printer.beginWord());
  return true;
}

bool Hash::walk(RdataWalk& walk) {
  return walk.passSized(1, 1);
}
bool Hash::parse(RdataParser& parser) {
  constexpr std::string_view expected = "base32hex without padding, of 1 to 255 octets";
  if (!parser.word(expected)) return false;
  std::array<std::uint8_t, 256> octets;
  ByteWriter hash{MutableByteSpan(octets)};
  if (!decodeBase32Hex(parser.text(), hash) || !hash.ok() || hash.size() > 255 || hash.size() == 0)
    return parser.wrong(expected);
  parser.out().u8(static_cast<std::uint8_t>(hash.size()));
  parser.out().bytes(hash.written());
  return parser.done();
}
bool Hash::print(RdataPrinter& printer) {
  appendBase32Hex(printer.reader().take(printer.reader().u8()), printer.beginWord());
  return true;
}

}  // namespace taut::rdata::kind
