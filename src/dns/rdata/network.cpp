// Addresses in networks other than the Internet. Dots in their text carry no meaning.
#include "taut/dns/rdata/network.hpp"

#include <algorithm>

#include "encoding.hpp"
#include "parser.hpp"
#include "printer.hpp"
#include "taut/base/text.hpp"
#include "walk.hpp"

namespace taut::rdata::kind {

bool Nsap::walk(RdataWalk& walk) {
  return walk.passSome();
}

bool Nsap::parse(RdataParser& parser) {
  constexpr std::string_view expected = "0x and hexadecimal";
  if (!parser.word(expected)) return false;
  const std::string_view word = parser.text();
  if (word.size() < 4 || word[0] != '0' || toUpper(word[1]) != 'X') return parser.wrong(expected);
  const std::size_t before = parser.out().size();
  HexDecoder decoder;
  for (std::size_t i = 2; i < word.size(); ++i)
    if (word[i] != '.' && !decoder.feed(word.substr(i, 1), parser.out())) return parser.wrong(expected);
  if (!decoder.finish() || parser.out().size() == before) return parser.wrong(expected);
  return parser.done();
}

bool Nsap::print(RdataPrinter& printer) {
  fmt::memory_buffer& out = printer.beginWord();
  out.append(std::string_view("0x"));
  appendHex(printer.reader().takeRest(), out);
  return true;
}

namespace {

constexpr std::uint8_t endSystemAddress = 0;  // formats of ATMA
constexpr std::uint8_t e164 = 1;

}  // namespace

bool Atma::walk(RdataWalk& walk) {
  if (walk.remaining() < 2) return false;
  if (walk.peek() == e164 && !std::ranges::all_of(asText(walk.rest().subspan(1)), isDigit)) return false;
  return walk.passRest();
}

// "+" and digits for E.164, hexadecimal for an end system address; a dot must stand between two digits.
bool Atma::parse(RdataParser& parser) {
  constexpr std::string_view expected = "+ and digits, or hexadecimal, with single dots between them";
  if (!parser.word(expected)) return false;
  const bool isE164 = parser.text().starts_with('+');
  const std::string_view digits = parser.text().substr(isE164 ? 1 : 0);
  parser.out().u8(isE164 ? e164 : endSystemAddress);
  const std::size_t before = parser.out().size();
  HexDecoder decoder;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const char c = digits[i];
    if (c == '.' && i > 0 && digits[i - 1] != '.' && i + 1 < digits.size()) continue;
    if (isE164 ? !isDigit(c) : !decoder.feed(digits.substr(i, 1), parser.out())) return parser.wrong(expected);
    if (isE164) parser.out().u8(static_cast<std::uint8_t>(c));
  }
  if (!decoder.finish() || parser.out().size() == before) return parser.wrong(expected);
  return parser.done();
}

bool Atma::print(RdataPrinter& printer) {
  const std::uint8_t format = printer.reader().u8();
  const ByteSpan address = printer.reader().takeRest();
  if (format > e164) return false;
  if (format == e164) return printer.word(fmt::format("+{}", asText(address)));
  appendHex(address, printer.beginWord());
  return true;
}

}  // namespace taut::rdata::kind
