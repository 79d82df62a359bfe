// A6 (RFC 2874 section 3.1): a prefix length, the address suffix after that prefix, and the name that has the prefix.
#include <algorithm>
#include <array>

#include "addresses.hpp"
#include "parser.hpp"
#include "printer.hpp"
#include "taut/dns/rdata/address.hpp"
#include "walk.hpp"

namespace taut::rdata::kind {

bool AddressSuffix::walk(RdataWalk& walk) {
  if (walk.remaining() == 0 || walk.peek() > 128) return false;
  const std::size_t prefix = walk.peek();
  const std::size_t size = 16 - prefix / 8;
  if (walk.remaining() < 1 + size) return false;
  // RFC 2874 section 3.1.1: pad bits must be zero.
  if (prefix % 8 != 0 && walk.peek(1) >> (8 - prefix % 8) != 0) return false;
  return walk.pass(1 + size) && (prefix == 0 || walk.passDowncasedName());
}

bool AddressSuffix::parse(RdataParser& parser) {
  std::uint64_t prefix = 0;
  if (!parser.number(128, prefix)) return false;
  parser.out().u8(static_cast<std::uint8_t>(prefix));
  if (prefix < 128) {
    constexpr std::string_view expected = "an IPv6 address";
    if (!parser.word(expected)) return false;
    std::array<std::uint8_t, 16> octets{};
    if (!parseIpv6(parser.text(), octets.data())) return parser.wrong(expected);
    parser.done();
    const std::size_t skipped = prefix / 8;
    octets[skipped] = static_cast<std::uint8_t>(octets[skipped] & 0xff >> (prefix % 8));
    parser.out().bytes(ByteSpan(octets).subspan(skipped));
  }
  return prefix == 0 || parser.name();
}

bool AddressSuffix::print(RdataPrinter& printer) {
  const std::size_t prefix = printer.reader().u8();
  printer.word(prefix);
  std::array<std::uint8_t, 16> address{};
  const std::size_t skipped = prefix / 8;
  std::ranges::copy(printer.reader().take(address.size() - skipped),
                    address.begin() + static_cast<std::ptrdiff_t>(skipped));
  if (prefix < 128) printIpv6(address, printer.beginWord());
  return prefix == 0 || printer.name();
}

}  // namespace taut::rdata::kind
