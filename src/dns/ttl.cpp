#include "taut/dns/ttl.hpp"

#include "taut/base/text.hpp"

namespace taut {

namespace {

constexpr std::uint64_t maximum = 0xffffffff;

// 0 for what is not a unit.
std::uint32_t unitSeconds(char unit) {
  switch (unit | 0x20) {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 3600;
    case 'd':
      return 86400;
    case 'w':
      return 604800;
    default:
      return 0;
  }
}

}  // namespace

std::optional<std::uint32_t> parseTtl(std::string_view text) {
  std::uint64_t total = 0;
  std::size_t at = 0;
  do {
    const std::size_t start = at;
    std::uint64_t number = 0;
    for (; at < text.size() && isDigit(text[at]); ++at) {
      number = number * 10 + static_cast<std::uint64_t>(text[at] - '0');
      if (number > maximum) return std::nullopt;
    }
    if (at == start) return std::nullopt;
    const bool isBare = at == text.size();
    if (isBare && start != 0) return std::nullopt;
    const std::uint32_t unit = isBare ? 1 : unitSeconds(text[at++]);
    total += number * unit;
    if (unit == 0 || total > maximum) return std::nullopt;
  } while (at < text.size());
  return static_cast<std::uint32_t>(total);
}

}  // namespace taut
