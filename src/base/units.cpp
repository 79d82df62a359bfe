#include "taut/base/units.hpp"

#include <charconv>
#include <limits>
#include <span>
#include <system_error>

namespace taut {

namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

// From the largest to the smallest.
constexpr Unit durations[] = {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}};
constexpr Unit sizes[] = {{"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}, {"", 1}};

std::optional<std::int64_t> parse(std::string_view text, std::span<const Unit> units) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) return std::nullopt;
  const std::string_view name = text.substr(end - text.data());
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    if (number > std::numeric_limits<std::int64_t>::max() / unit.factor) return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

std::string write(std::int64_t number, std::span<const Unit> units) {
  for (const Unit& unit : units)
    if (number % unit.factor == 0 && number >= unit.factor)
      return std::to_string(number / unit.factor) + std::string(unit.name);
  return "0";
}

}  // namespace

std::optional<std::int64_t> parseDuration(std::string_view text) {
  return parse(text, durations);
}

std::optional<std::int64_t> parseSize(std::string_view text) {
  return parse(text, sizes);
}

std::string durationText(std::int64_t milliseconds) {
  return milliseconds == 0 ? "0s" : write(milliseconds, durations);
}

std::string sizeText(std::int64_t octets) {
  return write(octets, sizes);
}

}  // namespace taut
