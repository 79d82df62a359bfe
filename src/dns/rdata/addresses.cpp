#include "addresses.hpp"

#include <arpa/inet.h>

#include <cstring>
#include <stdexcept>

#include "encoding.hpp"
#include "parser.hpp"
#include "presentation.hpp"
#include "printer.hpp"
#include "taut/base/format.hpp"
#include "taut/base/text.hpp"
#include "walk.hpp"

namespace taut {

namespace {

bool parseLocator64(std::string_view word, std::uint8_t* octets) {
  std::size_t at = 0;
  for (int group = 0; group < 4; ++group) {
    if (group > 0 && (at == word.size() || word[at++] != ':')) return false;
    const std::size_t start = at;
    int value = 0;
    while (at < word.size() && hexDigit(word[at]) >= 0 && at - start < 4) value = value << 4 | hexDigit(word[at++]);
    if (at == start) return false;
    storeU16(octets + 2 * group, static_cast<std::uint16_t>(value));
  }
  return at == word.size();
}

bool parseDashedHex(std::string_view word, MutableByteSpan octets) {
  if (word.size() != octets.size() * 3 - 1) return false;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const int high = hexDigit(word[3 * i]);
    const int low = hexDigit(word[3 * i + 1]);
    if (high < 0 || low < 0 || (i > 0 && word[3 * i - 1] != '-')) return false;
    octets[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

template <std::size_t size>
bool parseEui(std::string_view word, std::uint8_t* octets) {
  return parseDashedHex(word, {octets, size});
}

bool printDashedHex(ByteSpan octets, fmt::memory_buffer& out) {
  for (std::size_t i = 0; i < octets.size(); ++i) appendFormat(out, "{}{:02x}", i > 0 ? "-" : "", octets[i]);
  return true;
}

}  // namespace

bool parseIpv4(std::string_view word, std::uint8_t* octets) {
  std::size_t at = 0;
  for (int i = 0; i < 4; ++i) {
    if (i > 0 && (at == word.size() || word[at++] != '.')) return false;
    const std::size_t start = at;
    unsigned value = 0;
    while (at < word.size() && isDigit(word[at]) && at - start < 3) value = value * 10 + unsigned(word[at++] - '0');
    const bool leadingZero = at - start > 1 && word[start] == '0';
    if (at == start || value > 255 || leadingZero) return false;
    octets[i] = static_cast<std::uint8_t>(value);
  }
  return at == word.size();
}

bool parseIpv6(std::string_view word, std::uint8_t* octets) {
  char text[INET6_ADDRSTRLEN];
  if (word.size() >= sizeof text || word.find('\0') != std::string_view::npos) return false;
  std::memcpy(text, word.data(), word.size());
  text[word.size()] = '\0';
  return inet_pton(AF_INET6, text, octets) == 1;
}

void printIpv4(ByteSpan octets, fmt::memory_buffer& out) {
  appendFormat(out, "{}.{}.{}.{}", octets[0], octets[1], octets[2], octets[3]);
}

void printIpv6(ByteSpan octets, fmt::memory_buffer& out) {
  char text[INET6_ADDRSTRLEN];
  inet_ntop(AF_INET6, octets.data(), text, sizeof text);
  out.append(std::string_view(text));
}

namespace rdata {

A::A(std::string_view text) {
  if (!parseIpv4(text, address.data())) throw std::invalid_argument(fmt::format("'{}' is not an IPv4 address", text));
}

AAAA::AAAA(std::string_view text) {
  if (!parseIpv6(text, address.data())) throw std::invalid_argument(fmt::format("'{}' is not an IPv6 address", text));
}

}  // namespace rdata

namespace rdata::kind {

template <std::size_t size>
bool FixedOctets<size>::walk(RdataWalk& walk) {
  return walk.pass(size);
}
template struct FixedOctets<4>;
template struct FixedOctets<6>;
template struct FixedOctets<8>;
template struct FixedOctets<16>;

bool Ipv4::parse(RdataParser& parser) {
  return parser.octets(4, "an IPv4 address", parseIpv4);
}
bool Ipv4::print(RdataPrinter& printer) {
  printIpv4(printer.reader().take(4), printer.beginWord());
  return true;
}

bool Ipv6::parse(RdataParser& parser) {
  return parser.octets(16, "an IPv6 address", parseIpv6);
}
bool Ipv6::print(RdataPrinter& printer) {
  printIpv6(printer.reader().take(16), printer.beginWord());
  return true;
}

bool Locator64::parse(RdataParser& parser) {
  return parser.octets(8, "four groups of hexadecimal, as in 2001:db8:0:1", parseLocator64);
}
bool Locator64::print(RdataPrinter& printer) {
  fmt::memory_buffer& out = printer.beginWord();
  for (int group = 0; group < 4; ++group) appendFormat(out, "{}{:04x}", group > 0 ? ":" : "", printer.reader().u16());
  return true;
}

bool Eui48::parse(RdataParser& parser) {
  return parser.octets(6, "xx-xx-xx-xx-xx-xx", parseEui<6>);
}
bool Eui48::print(RdataPrinter& printer) {
  return printDashedHex(printer.reader().take(6), printer.beginWord());
}

bool Eui64::parse(RdataParser& parser) {
  return parser.octets(8, "xx-xx-xx-xx-xx-xx-xx-xx", parseEui<8>);
}
bool Eui64::print(RdataPrinter& printer) {
  return printDashedHex(printer.reader().take(8), printer.beginWord());
}

}  // namespace rdata::kind

}  // namespace taut
