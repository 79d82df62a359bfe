// Numbers, plain and as times and types.
#include "numbers.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "parser.hpp"
#include "presentation.hpp"
#include "printer.hpp"
#include "taut/base/format.hpp"
#include "taut/base/text.hpp"
#include "taut/dns/ttl.hpp"
#include "walk.hpp"

namespace taut {

namespace {

bool put(std::size_t octets, std::uint64_t value, RdataParser& parser) {
  for (std::size_t i = octets; i > 0; --i) parser.out().u8(static_cast<std::uint8_t>(value >> (8 * (i - 1))));
  return true;
}

bool parseNumber(std::size_t octets, RdataParser& parser) {
  std::uint64_t value = 0;
  return parser.number(~std::uint64_t{0} >> (64 - 8 * octets), value) && put(octets, value, parser);
}

// Days since 1970-01-01 of a date in the Gregorian calendar.
constexpr std::int64_t daysSince1970(int year, int month, int day) {
  const std::int64_t y = month > 2 ? year : year - 1;  // years that begin in March put the leap day last
  const std::int64_t dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return y * 365 + y / 4 - y / 100 + y / 400 + dayOfYear - 719468;
}
static_assert(daysSince1970(1970, 1, 1) == 0 && daysSince1970(2000, 3, 1) == 11017);

constexpr int daysIn(int year, int month) {
  constexpr std::array<int, 12> days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : days[static_cast<std::size_t>(month - 1)];
}

int twoDigits(std::string_view word, std::size_t at) {
  return (word[at] - '0') * 10 + (word[at + 1] - '0');
}

// YYYYMMDDHHmmSS, or seconds since 1970 of up to ten digits (RFC 4034 section 3.2), modulo 2^32.
std::optional<std::uint32_t> parseTime(std::string_view word) {
  constexpr std::size_t dateSize = 14;
  if (word.size() != dateSize) {
    const auto seconds = parseDecimal(word, 0xffffffff);
    if (!seconds || word.size() > 10) return std::nullopt;
    return static_cast<std::uint32_t>(*seconds);
  }
  if (!std::ranges::all_of(word, isDigit)) return std::nullopt;
  const int year = twoDigits(word, 0) * 100 + twoDigits(word, 2);
  const int month = twoDigits(word, 4);
  const int day = twoDigits(word, 6);
  const int hour = twoDigits(word, 8);
  const int minute = twoDigits(word, 10);
  const int second = twoDigits(word, 12);
  if (year < 1970 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return std::nullopt;
  if (hour > 23 || minute > 59 || second > 60) return std::nullopt;  // 60: a leap second
  return static_cast<std::uint32_t>(daysSince1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second);
}

// Prints the first such time from 1970 on, so one up to 2106.
void printTime(std::uint32_t time, fmt::memory_buffer& out) {
  const auto days = static_cast<int>(time / 86400);
  int year = 1970 + days / 366;
  while (daysSince1970(year + 1, 1, 1) <= days) ++year;
  int month = 12;
  while (daysSince1970(year, month, 1) > days) --month;
  const auto day = days - daysSince1970(year, month, 1) + 1;
  appendFormat(out, "{:04}{:02}{:02}{:02}{:02}{:02}", year, month, day, time / 3600 % 24, time / 60 % 60, time % 60);
}

}  // namespace

bool parseType(RdataParser& parser, Type& type) {
  constexpr std::string_view expected = "a record type";
  if (!parser.word(expected)) return false;
  const auto parsed = typeFromText(parser.text());
  if (!parsed) return parser.wrong(expected);
  type = *parsed;
  return parser.done();
}

namespace rdata::kind {

bool U8::walk(RdataWalk& walk) {
  return walk.pass(1);
}
bool U8::parse(RdataParser& parser) {
  return parseNumber(1, parser);
}
bool U8::print(RdataPrinter& printer) {
  return printer.word(printer.reader().u8());
}

bool U16::walk(RdataWalk& walk) {
  return walk.pass(2);
}
bool U16::parse(RdataParser& parser) {
  return parseNumber(2, parser);
}
bool U16::print(RdataPrinter& printer) {
  return printer.word(printer.reader().u16());
}

bool U32::walk(RdataWalk& walk) {
  return walk.pass(4);
}
bool U32::parse(RdataParser& parser) {
  return parseNumber(4, parser);
}
bool U32::print(RdataPrinter& printer) {
  return printer.word(printer.reader().u32());
}

bool U48::walk(RdataWalk& walk) {
  return walk.pass(6);
}
bool U48::parse(RdataParser& parser) {
  return parseNumber(6, parser);
}
bool U48::print(RdataPrinter& printer) {
  return printer.word(printer.reader().u48());
}

bool U64::walk(RdataWalk& walk) {
  return walk.pass(8);
}
bool U64::parse(RdataParser& parser) {
  return parseNumber(8, parser);
}
bool U64::print(RdataPrinter& printer) {
  return printer.word(printer.reader().u64());
}

bool Duration::parse(RdataParser& parser) {
  constexpr std::string_view expected = "seconds, 0 to 4294967295, or a time such as 1h30m";
  if (!parser.word(expected)) return false;
  const auto value = parseTtl(parser.text());
  if (!value) return parser.wrong(expected);
  parser.out().u32(*value);
  return parser.done();
}

bool Time::parse(RdataParser& parser) {
  constexpr std::string_view expected = "a time YYYYMMDDHHmmSS or seconds since 1970";
  if (!parser.word(expected)) return false;
  const auto value = parseTime(parser.text());
  if (!value) return parser.wrong(expected);
  parser.out().u32(*value);
  return parser.done();
}
bool Time::print(RdataPrinter& printer) {
  printTime(printer.reader().u32(), printer.beginWord());
  return true;
}

bool RecordType::walk(RdataWalk& walk) {
  return walk.pass(2);
}
bool RecordType::parse(RdataParser& parser) {
  Type type{};
  if (!parseType(parser, type)) return false;
  parser.out().u16(static_cast<std::uint16_t>(type));
  return true;
}
bool RecordType::print(RdataPrinter& printer) {
  return printer.word(static_cast<Type>(printer.reader().u16()));
}

}  // namespace rdata::kind

}  // namespace taut
