#include "loc.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "rdata_words.hpp"

namespace taut {

namespace {

constexpr std::uint32_t equator = 0x80000000;       // and the prime meridian
constexpr std::uint32_t altitudeBase = 10000000;    // centimetres below the reference spheroid
constexpr std::uint64_t maxPrecision = 9000000000;  // centimetres
constexpr std::uint64_t perDegree = 3600000;        // thousandths of a second of arc

// A decimal number with up to `decimals` digits behind the point, as that many times ten of it. Digits may be left out
// on one side of the point (RFC 1876 section 3 has them on both, but zones do not).
std::optional<std::uint64_t> readFixed(std::string_view word, std::size_t decimals) {
  constexpr std::uint64_t maximum = 1000000000000;
  const std::size_t point = std::min(word.find('.'), word.size());
  const std::string_view fraction = point < word.size() ? word.substr(point + 1) : std::string_view{};
  const bool hasWhole = point > 0 || fraction.empty();
  auto value = hasWhole ? readDecimal(word.substr(0, point), maximum) : std::uint64_t{0};
  if (!value || fraction.size() > decimals) return std::nullopt;
  for (std::size_t i = 0; i < decimals; ++i) {
    const char digit = i < fraction.size() ? fraction[i] : '0';
    if (digit < '0' || digit > '9') return std::nullopt;
    value = *value * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  return value;
}

// Metres, with or without the letter, as centimetres.
std::optional<std::uint64_t> readMetres(std::string_view word) {
  if (word.ends_with('m') || word.ends_with('M')) word.remove_suffix(1);
  return readFixed(word, 2);
}

// One digit and a power of ten; what the digit cannot tell is cut off.
std::uint8_t toPrecision(std::uint64_t centimetres) {
  unsigned exponent = 0;
  for (; centimetres >= 10; centimetres /= 10) ++exponent;
  return static_cast<std::uint8_t>(centimetres << 4 | exponent);
}

class LocReader {
 public:
  explicit LocReader(std::span<const Token> words) : words_(words) {}

  LocReading read() {
    storeU32(&reading_.octets[4], angle(90, 'N', 'S'));
    storeU32(&reading_.octets[8], angle(180, 'E', 'W'));
    storeU32(&reading_.octets[12], altitude());
    reading_.octets[1] = precision(100);      // RFC 1876 section 3: one metre
    reading_.octets[2] = precision(1000000);  // ten kilometres
    reading_.octets[3] = precision(1000);     // ten metres
    return reading_;
  }

 private:
  bool more() const { return !reading_.problem && reading_.used < words_.size(); }
  std::string_view word() const { return words_[reading_.used].text; }
  std::uint32_t fail(const char* problem) {
    if (!reading_.problem) reading_.problem = problem;
    return 0;
  }
  bool is(char letter) const { return word().size() == 1 && (word()[0] | 0x20) == (letter | 0x20); }

  // Degrees, then minutes and seconds where they are given, then the hemisphere.
  std::uint32_t angle(std::uint64_t degrees, char positive, char negative) {
    const bool isLatitude = positive == 'N';
    std::uint64_t value = 0;
    for (int part = 0; more() && !is(positive) && !is(negative); ++part) {
      const auto number = part < 2 ? readDecimal(word(), part == 0 ? degrees : 59) : readFixed(word(), 3);
      if (!number || part > 2 || (part == 2 && *number >= 60000))
        return fail(isLatitude ? "expected degrees up to 90, minutes, seconds and N or S"
                               : "expected degrees up to 180, minutes, seconds and E or W");
      value += part == 0 ? *number * perDegree : part == 1 ? *number * 60000 : *number;
      if (value > degrees * perDegree) return fail("the angle is too large");
      ++reading_.used;
    }
    if (!more() || reading_.used == start_) return fail(isLatitude ? "expected N or S" : "expected E or W");
    const bool isPositive = is(positive);
    start_ = ++reading_.used;
    return isPositive ? equator + static_cast<std::uint32_t>(value) : equator - static_cast<std::uint32_t>(value);
  }

  std::uint32_t altitude() {
    constexpr const char* expected = "expected an altitude from -100000.00 to 42849672.95 metres";
    if (!more()) return fail(expected);
    const bool below = word().starts_with('-');
    const auto metres = readMetres(word().substr(below ? 1 : 0));
    if (!metres || *metres > (below ? altitudeBase : 0xffffffff - altitudeBase)) return fail(expected);
    ++reading_.used;
    const auto centimetres = static_cast<std::uint32_t>(*metres);
    return below ? altitudeBase - centimetres : altitudeBase + centimetres;
  }

  std::uint8_t precision(std::uint64_t otherwise) {
    if (!more()) return toPrecision(otherwise);
    const auto metres = readMetres(word());
    if (!metres || *metres > maxPrecision) {
      fail("expected a length from 0 to 90000000.00 metres");
      return 0;
    }
    ++reading_.used;
    return toPrecision(*metres);
  }

  std::span<const Token> words_;
  LocReading reading_;
  std::size_t start_ = 0;  // the first word of the angle that is read
};

void printAngle(std::uint32_t angle, char positive, char negative, fmt::memory_buffer& out) {
  const std::uint32_t size = angle >= equator ? angle - equator : equator - angle;
  fmt::format_to(fmt::appender(out), "{} {} {}.{:03} {} ", size / perDegree, size / 60000 % 60, size / 1000 % 60,
                 size % 1000, angle >= equator ? positive : negative);
}

void printPrecision(std::uint8_t precision, fmt::memory_buffer& out) {
  std::uint64_t centimetres = precision >> 4;
  for (int exponent = precision & 0x0f; exponent > 0; --exponent) centimetres *= 10;
  fmt::format_to(fmt::appender(out), " {}.{:02}m", centimetres / 100, centimetres % 100);
}

}  // namespace

LocReading readLoc(std::span<const Token> words) {
  return LocReader(words).read();
}

void printLoc(ByteSpan octets, fmt::memory_buffer& out) {
  printAngle(loadU32(&octets[4]), 'N', 'S', out);
  printAngle(loadU32(&octets[8]), 'E', 'W', out);
  const std::uint32_t altitude = loadU32(&octets[12]);
  const bool below = altitude < altitudeBase;
  const std::uint32_t metres = below ? altitudeBase - altitude : altitude - altitudeBase;
  fmt::format_to(fmt::appender(out), "{}{}.{:02}m", below ? "-" : "", metres / 100, metres % 100);
  for (const std::size_t at : {1u, 2u, 3u}) printPrecision(octets[at], out);
}

}  // namespace taut
