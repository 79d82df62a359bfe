// LOC (RFC 1876): degrees, altitude, size and precisions.
#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "parser.hpp"
#include "presentation.hpp"
#include "printer.hpp"
#include "taut/base/format.hpp"
#include "taut/base/text.hpp"
#include "taut/dns/rdata/address.hpp"
#include "walk.hpp"

namespace taut {

namespace {

constexpr std::size_t locationSize = 16;            // octets of version 0
constexpr std::uint32_t equator = 0x80000000;       // and the prime meridian
constexpr std::uint32_t altitudeBase = 10000000;    // centimetres below the reference spheroid
constexpr std::uint64_t maxPrecision = 9000000000;  // centimetres
constexpr std::uint64_t perDegree = 3600000;        // thousandths of a second of arc

// A decimal number with up to `decimals` digits after the point, multiplied by ten to the power of `decimals`. Digits
// may be left out on one side of the point: RFC 1876 section 3 has them on both, but zones do not.
std::optional<std::uint64_t> parseFixed(std::string_view word, std::size_t decimals) {
  constexpr std::uint64_t maximum = 1000000000000;
  const std::size_t point = std::min(word.find('.'), word.size());
  const std::string_view fraction = point < word.size() ? word.substr(point + 1) : std::string_view{};
  const bool hasWhole = point > 0 || fraction.empty();
  auto value = hasWhole ? parseDecimal(word.substr(0, point), maximum) : std::uint64_t{0};
  if (!value || fraction.size() > decimals) return std::nullopt;
  for (std::size_t i = 0; i < decimals; ++i) {
    const char digit = i < fraction.size() ? fraction[i] : '0';
    if (digit < '0' || digit > '9') return std::nullopt;
    value = *value * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  return value;
}

// Metres, with or without the letter, as centimetres.
std::optional<std::uint64_t> parseMetres(std::string_view word) {
  if (word.ends_with('m') || word.ends_with('M')) word.remove_suffix(1);
  return parseFixed(word, 2);
}

// One digit and a power of ten. Lower digits are cut off.
std::uint8_t toPrecision(std::uint64_t centimetres) {
  unsigned exponent = 0;
  for (; centimetres >= 10; centimetres /= 10) ++exponent;
  return static_cast<std::uint8_t>(centimetres << 4 | exponent);
}

// A precision of LOC: mantissa and decimal exponent, one digit each (RFC 1876 section 2).
bool isPrecision(std::uint8_t octet) {
  const int mantissa = octet >> 4;
  const int exponent = octet & 0x0f;
  return mantissa <= 9 && exponent <= 9 && (mantissa != 0 || exponent == 0);
}

// An angle of LOC: thousandths of a second of arc; 2^31 stands for zero.
bool isAngle(std::uint32_t value, std::uint32_t degrees) {
  constexpr std::uint32_t middle = 0x80000000;
  const std::uint32_t size = value >= middle ? value - middle : middle - value;
  return size <= degrees * 3600000;
}

// Parses the words of a location, each into its place.
class LocationParser {
 public:
  explicit LocationParser(RdataParser& parser) : parser_(parser) {}

  // Version 0. Where a precision is not given it is the default of RFC 1876 section 3.
  bool all() {
    const bool ok = angle(90, 'N', 'S', &octets_[4]) && angle(180, 'E', 'W', &octets_[8]) && altitude() &&
                    precision(100, octets_[1]) && precision(1000000, octets_[2]) && precision(1000, octets_[3]);
    parser_.out().bytes(octets_);
    return ok;
  }

 private:
  bool fail(std::string_view problem) {
    return parser_.failHere(parser_.more() ? fmt::format("'{}': {}", parser_.text(), problem)
                                           : fmt::format("missing data: {}", problem));
  }
  bool is(char letter) const { return parser_.text().size() == 1 && toUpper(parser_.text()[0]) == letter; }

  // Degrees, then minutes and seconds where they are given, then the hemisphere.
  bool angle(std::uint64_t degrees, char positive, char negative, std::uint8_t* octets) {
    const bool isLatitude = positive == 'N';
    std::uint64_t value = 0;
    int parts = 0;
    for (; parser_.more() && !is(positive) && !is(negative); ++parts) {
      const std::string_view word = parser_.text();
      const auto number = parts < 2 ? parseDecimal(word, parts == 0 ? degrees : 59) : parseFixed(word, 3);
      if (!number || parts > 2 || (parts == 2 && *number >= 60000))
        return fail(isLatitude ? "expected degrees up to 90, minutes, seconds and N or S"
                               : "expected degrees up to 180, minutes, seconds and E or W");
      value += parts == 0 ? *number * perDegree : parts == 1 ? *number * 60000 : *number;
      if (value > degrees * perDegree) return fail("the angle is too large");
      parser_.done();
    }
    if (!parser_.more() || parts == 0) return fail(isLatitude ? "expected N or S" : "expected E or W");
    const auto size = static_cast<std::uint32_t>(value);
    storeU32(octets, is(positive) ? equator + size : equator - size);
    return parser_.done();
  }

  bool altitude() {
    constexpr std::string_view expected = "expected an altitude from -100000.00 to 42849672.95 metres";
    if (!parser_.more()) return fail(expected);
    const bool below = parser_.text().starts_with('-');
    const auto metres = parseMetres(parser_.text().substr(below ? 1 : 0));
    if (!metres || *metres > (below ? altitudeBase : 0xffffffff - altitudeBase)) return fail(expected);
    const auto centimetres = static_cast<std::uint32_t>(*metres);
    storeU32(&octets_[12], below ? altitudeBase - centimetres : altitudeBase + centimetres);
    return parser_.done();
  }

  bool precision(std::uint64_t otherwise, std::uint8_t& octet) {
    octet = toPrecision(otherwise);
    if (!parser_.more()) return true;
    const auto metres = parseMetres(parser_.text());
    if (!metres || *metres > maxPrecision) return fail("expected a length from 0 to 90000000.00 metres");
    octet = toPrecision(*metres);
    return parser_.done();
  }

  RdataParser& parser_;
  std::array<std::uint8_t, locationSize> octets_{};
};

void printAngle(std::uint32_t angle, char positive, char negative, fmt::memory_buffer& out) {
  const std::uint32_t size = angle >= equator ? angle - equator : equator - angle;
  appendFormat(out, "{} {} {}.{:03} {} ", size / perDegree, size / 60000 % 60, size / 1000 % 60, size % 1000,
               angle >= equator ? positive : negative);
}

void printPrecision(std::uint8_t precision, fmt::memory_buffer& out) {
  std::uint64_t centimetres = precision >> 4;
  for (int exponent = precision & 0x0f; exponent > 0; --exponent) centimetres *= 10;
  appendFormat(out, " {}.{:02}m", centimetres / 100, centimetres % 100);
}

}  // namespace

namespace rdata::kind {

// RFC 1876 section 2: only version 0 is defined, so any octets fit another version.
bool Location::walk(RdataWalk& walk) {
  if (walk.remaining() == 0) return false;
  const ByteSpan octets = walk.rest();
  if (octets[0] != 0) return walk.passRest();
  if (octets.size() != locationSize || !isPrecision(octets[1]) || !isPrecision(octets[2]) || !isPrecision(octets[3]))
    return false;
  return isAngle(loadU32(&octets[4]), 90) && isAngle(loadU32(&octets[8]), 180) && walk.passRest();
}

bool Location::parse(RdataParser& parser) {
  return LocationParser(parser).all();
}

bool Location::print(RdataPrinter& printer) {
  const ByteSpan octets = printer.reader().takeRest();
  if (octets[0] != 0) return false;
  fmt::memory_buffer& out = printer.beginWord();
  printAngle(loadU32(&octets[4]), 'N', 'S', out);
  printAngle(loadU32(&octets[8]), 'E', 'W', out);
  const std::uint32_t altitude = loadU32(&octets[12]);
  const bool below = altitude < altitudeBase;
  const std::uint32_t metres = below ? altitudeBase - altitude : altitude - altitudeBase;
  appendFormat(out, "{}{}.{:02}m", below ? "-" : "", metres / 100, metres % 100);
  for (const std::size_t at : {1u, 2u, 3u}) printPrecision(octets[at], out);
  return true;
}

}  // namespace rdata::kind

}  // namespace taut
