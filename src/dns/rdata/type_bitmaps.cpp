// Sets of types (RFC 4034 section 4.1.2, RFC 2535 section 5.2).
#include <algorithm>
#include <array>

#include "bitmap.hpp"
#include "numbers.hpp"
#include "parser.hpp"
#include "presentation.hpp"
#include "printer.hpp"
#include "taut/dns/rdata/security.hpp"
#include "walk.hpp"

namespace taut {

namespace {

constexpr std::size_t windowSize = 32;  // octets of one window of 256 types

void writeWindow(std::size_t window, ByteSpan bitmap, ByteWriter& out) {
  const ByteSpan used = usedOctets(bitmap);
  if (used.empty()) return;
  out.u8(static_cast<std::uint8_t>(window));
  out.u8(static_cast<std::uint8_t>(used.size()));
  out.bytes(used);
}

// `low` holds the first window as far as it was parsed; `first` is the first type beyond it.
bool parseWideBitmap(ByteSpan low, Type first, RdataParser& parser) {
  std::array<std::uint8_t, 256 * windowSize> windows{};
  std::ranges::copy(low, windows.begin());
  setBit(windows, static_cast<std::uint16_t>(first));
  while (parser.more()) {
    Type type{};
    if (!parseType(parser, type)) return false;
    setBit(windows, static_cast<std::uint16_t>(type));
  }
  for (std::size_t window = 0; window < 256; ++window)
    writeWindow(window, ByteSpan(windows).subspan(window * windowSize, windowSize), parser.out());
  return true;
}

}  // namespace

namespace rdata {

TypeBitmap::TypeBitmap(std::initializer_list<Type> types) {
  std::vector<std::uint16_t> numbers;
  for (const Type type : types) numbers.push_back(static_cast<std::uint16_t>(type));
  std::ranges::sort(numbers);
  std::size_t window = 0;  // where the open window's number stands
  for (const std::uint16_t number : numbers) {
    if (wire_.empty() || wire_[window] != number >> 8) {
      window = wire_.size();
      wire_.insert(wire_.end(), {static_cast<std::uint8_t>(number >> 8), std::uint8_t{0}});
    }
    const std::size_t octet = (number & 0xffu) / 8;
    wire_.resize(std::max(wire_.size(), window + 2 + octet + 1));
    wire_[window + 1] = static_cast<std::uint8_t>(wire_.size() - window - 2);
    wire_[window + 2 + octet] |= static_cast<std::uint8_t>(0x80 >> (number & 7));
  }
}

bool typeBitmapContains(ByteSpan wire, Type type) {
  const auto number = static_cast<std::uint16_t>(type);
  const std::size_t octet = (number & 0xffu) / 8;
  for (std::size_t at = 0; at + 2 <= wire.size(); at += 2u + wire[at + 1])
    if (wire[at] == number >> 8) return octet < wire[at + 1] && (wire[at + 2 + octet] & 0x80 >> (number & 7)) != 0;
  return false;
}

std::vector<Type> TypeBitmap::types() const {
  std::vector<Type> list;
  for (std::size_t at = 0; at + 2 <= wire_.size(); at += 2u + wire_[at + 1])
    for (unsigned bit = 0; bit < wire_[at + 1] * 8u; ++bit)
      if ((wire_[at + 2 + bit / 8] & 0x80 >> (bit & 7)) != 0) list.push_back(static_cast<Type>(wire_[at] << 8 | bit));
  return list;
}

}  // namespace rdata

namespace rdata::kind {

bool OptionalTypeBitmap::walk(RdataWalk& walk) {
  int window = -1;
  while (walk.remaining() > 0) {
    if (walk.remaining() < 3 || walk.peek() <= window) return false;
    window = walk.peek();
    const std::size_t length = walk.peek(1);
    if (length == 0 || length > windowSize || walk.remaining() < length + 2 || walk.peek(length + 1) == 0) return false;
    walk.pass(length + 2);
  }
  return true;
}

// Nearly all types in use lie in the first window.
bool OptionalTypeBitmap::parse(RdataParser& parser) {
  std::array<std::uint8_t, windowSize> bitmap{};
  while (parser.more()) {
    Type type{};
    if (!parseType(parser, type)) return false;
    if (static_cast<std::uint16_t>(type) > 0xff) return parseWideBitmap(bitmap, type, parser);
    setBit(bitmap, static_cast<std::uint16_t>(type));
  }
  writeWindow(0, bitmap, parser.out());
  return true;
}

bool OptionalTypeBitmap::print(RdataPrinter& printer) {
  ByteReader& reader = printer.reader();
  while (reader.remaining() > 0) {
    const unsigned window = reader.u8();
    const ByteSpan bitmap = reader.take(reader.u8());
    for (unsigned bit = 0; bit < bitmap.size() * 8; ++bit)
      if (hasBit(bitmap, bit)) printer.word(static_cast<Type>(window << 8 | bit));
  }
  return true;
}

bool TypeBitmap::walk(RdataWalk& walk) {
  return walk.remaining() > 0 && OptionalTypeBitmap::walk(walk);
}
bool TypeBitmap::parse(RdataParser& parser) {
  return parser.more() ? OptionalTypeBitmap::parse(parser) : parser.missing("a record type");
}

// A set first bit announces another format, which was never defined.
bool NxtBitmap::walk(RdataWalk& walk) {
  const std::size_t size = walk.remaining();
  if (size == 0 || (walk.peek() & 0x80) != 0) return walk.passRest();
  return size <= 16 && walk.peek(size - 1) != 0 && walk.passRest();
}

// Types up to 127, the bit of type 0 clear.
bool NxtBitmap::parse(RdataParser& parser) {
  constexpr std::string_view expected = "a record type from 1 to 127, or its number";
  constexpr std::uint16_t last = 127;
  std::array<std::uint8_t, 16> bitmap{};
  for (; parser.more(); parser.done()) {
    if (!parser.word(expected)) return false;
    const auto number = parseDecimal(parser.text(), last);
    const Type type = number ? static_cast<Type>(*number) : typeFromText(parser.text()).value_or(Type{});
    if (type == Type{} || static_cast<std::uint16_t>(type) > last) return parser.wrong(expected);
    setBit(bitmap, static_cast<std::uint16_t>(type));
  }
  parser.out().bytes(usedOctets(bitmap));
  return true;
}

bool NxtBitmap::print(RdataPrinter& printer) {
  const ByteSpan bitmap = printer.reader().takeRest();
  if (!bitmap.empty() && (bitmap[0] & 0x80) != 0) return false;
  for (unsigned bit = 0; bit < bitmap.size() * 8; ++bit)
    if (hasBit(bitmap, bit)) printer.word(static_cast<Type>(bit));
  return true;
}

}  // namespace rdata::kind

}  // namespace taut
