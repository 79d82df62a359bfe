// The items of APL: [!]family:address/prefix (RFC 3123).
#include <algorithm>
#include <array>

#include "addresses.hpp"
#include "bitmap.hpp"
#include "parser.hpp"
#include "presentation.hpp"
#include "printer.hpp"
#include "taut/base/format.hpp"
#include "taut/dns/rdata/address.hpp"
#include "walk.hpp"

namespace taut::rdata::kind {

namespace {

constexpr std::uint8_t negationMark = 0x80;  // of the length

bool parseItem(RdataParser& parser) {
  constexpr std::string_view expected = "[!]1:IPv4/0-32 or [!]2:IPv6/0-128";
  if (!parser.word(expected)) return false;
  std::string_view item = parser.text();
  const bool negated = item.starts_with('!');
  if (negated) item.remove_prefix(1);
  const std::size_t slash = item.rfind('/');
  if (item.size() < 2 || item[1] != ':' || slash == std::string_view::npos) return parser.wrong(expected);
  const bool isIpv4 = item[0] == '1';
  if (!isIpv4 && item[0] != '2') return parser.wrong(expected);
  const std::size_t size = isIpv4 ? 4 : 16;
  const auto prefix = parseDecimal(item.substr(slash + 1), size * 8);
  std::array<std::uint8_t, 16> octets{};
  const std::string_view address = item.substr(2, slash - 2);
  const bool ok = isIpv4 ? parseIpv4(address, octets.data()) : parseIpv6(address, octets.data());
  if (!prefix || !ok) return parser.wrong(expected);
  const ByteSpan used = usedOctets(ByteSpan(octets).first(size));
  parser.out().u16(isIpv4 ? 1 : 2);
  parser.out().u8(static_cast<std::uint8_t>(*prefix));
  parser.out().u8(static_cast<std::uint8_t>(used.size() | (negated ? negationMark : 0)));
  parser.out().bytes(used);
  return parser.done();
}

}  // namespace

void AddressPrefixes::encode(const Value& value, ByteWriter& out) {
  for (const AddressPrefix& item : value) {
    if (item.address.size() > 127) return out.fail();
    out.u16(item.family);
    out.u8(item.prefix);
    out.u8(static_cast<std::uint8_t>(item.address.size() | (item.negated ? negationMark : 0)));
    out.bytes(item.address);
  }
}

void AddressPrefixes::decode(ByteSpan octets, Value& value) {
  value.clear();
  for (ByteReader reader(octets); reader.remaining() > 0;) {
    const std::uint16_t family = reader.u16();
    const std::uint8_t prefix = reader.u8();
    const std::uint8_t length = reader.u8();
    const ByteSpan address = reader.take(length & 0x7fu);
    value.emplace_back(family, prefix, (length & negationMark) != 0, Bytes(address.begin(), address.end()));
  }
}

bool AddressPrefixes::walk(RdataWalk& walk) {
  while (walk.remaining() > 0) {
    if (walk.remaining() < 4) return false;
    const std::uint16_t family = loadU16(walk.rest().data());
    const std::size_t length = walk.peek(3) & 0x7fu;
    const std::size_t addressSize = family == 1 ? 4 : family == 2 ? 16 : 127;
    if (length > addressSize || walk.remaining() < 4 + length) return false;
    if (family <= 2 && family > 0 && walk.peek(2) > addressSize * 8) return false;
    if (length > 0 && walk.peek(3 + length) == 0) return false;
    walk.pass(4 + length);
  }
  return true;
}

bool AddressPrefixes::parse(RdataParser& parser) {
  while (parser.more())
    if (!parseItem(parser)) return false;
  return true;
}

bool AddressPrefixes::print(RdataPrinter& printer) {
  ByteReader& reader = printer.reader();
  while (reader.remaining() > 0) {
    const std::uint16_t family = reader.u16();
    const std::uint8_t prefix = reader.u8();
    const std::uint8_t length = reader.u8();
    const ByteSpan address = reader.take(length & 0x7fu);
    if (family != 1 && family != 2) return false;
    fmt::memory_buffer& out = printer.beginWord();
    appendFormat(out, "{}{}:", (length & negationMark) != 0 ? "!" : "", family);
    std::array<std::uint8_t, 16> whole{};
    std::ranges::copy(address, whole.begin());
    if (family == 1)
      printIpv4(whole, out);
    else
      printIpv6(whole, out);
    appendFormat(out, "/{}", prefix);
  }
  return true;
}

}  // namespace taut::rdata::kind
