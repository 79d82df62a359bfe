#include "values.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>

#include <fmt/format.h>

#include "cursor.hpp"
#include "taut/base/address.hpp"
#include "taut/base/parse_number.hpp"
#include "taut/dns/name.hpp"

namespace taut::importer {

namespace {

struct Unit {
  char letter;
  std::int64_t factor;
};

constexpr Unit units[] = {{'g', 1 << 30}, {'m', 1 << 20}, {'k', 1 << 10}, {'b', 1}};

// The octets of a network, those behind the prefix cleared.
template <std::size_t Size>
std::array<std::uint8_t, Size> masked(const Address& address, std::int64_t length) {
  std::array<std::uint8_t, Size> octets{};
  std::ranges::copy(address.bytes(), octets.begin());
  for (std::size_t i = 0; i < Size; ++i) {
    const std::int64_t bits = std::clamp<std::int64_t>(length - static_cast<std::int64_t>(8 * i), 0, 8);
    octets[i] = static_cast<std::uint8_t>(octets[i] & (0xff00 >> bits));
  }
  return octets;
}

}  // namespace

std::optional<std::int64_t> number(std::string_view text) {
  const auto value = parseNumber<std::int64_t>(text);
  return value && *value >= 0 ? value : std::nullopt;
}

std::optional<bool> yesOrNo(std::string_view text) {
  const std::string lower = lowerCase(text);
  for (const std::string_view yes : {"yes", "on", "true", "1"})
    if (lower == yes) return true;
  for (const std::string_view no : {"no", "off", "false", "0"})
    if (lower == no) return false;
  return std::nullopt;
}

std::optional<std::int64_t> sizeOf(std::string_view text) {
  const std::string lower = lowerCase(text);
  std::string_view digits = lower;
  std::int64_t factor = 1;
  for (const Unit& unit : units) {
    if (!digits.ends_with(unit.letter)) continue;
    factor = unit.factor;
    digits.remove_suffix(1);
    break;
  }
  const auto value = number(digits);
  if (!value || *value > std::numeric_limits<std::int64_t>::max() / factor) return std::nullopt;
  return *value * factor;
}

std::string sizeText(std::int64_t octets) {
  for (const Unit& unit : units)
    if (unit.factor > 1 && octets >= unit.factor && octets % unit.factor == 0)
      return fmt::format("{}{:c}", octets / unit.factor, unit.letter & ~0x20);
  return fmt::format("{}", octets);
}

std::optional<std::int64_t> secondsOf(std::string_view text) {
  constexpr Unit periods[] = {{'w', 7 * 24 * 3600}, {'d', 24 * 3600}, {'h', 3600}, {'m', 60}, {'s', 1}};
  constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
  if (const auto seconds = number(text)) return seconds;
  std::int64_t seconds = 0;
  std::string rest = lowerCase(text);
  while (!rest.empty()) {
    const std::size_t end = rest.find_first_not_of("0123456789");
    const auto count = number(rest.substr(0, end));
    const auto* const period =
        end == rest.npos ? std::end(periods) : std::ranges::find(periods, rest[end], &Unit::letter);
    if (!count || *count > most || period == std::end(periods)) return std::nullopt;
    seconds += *count * period->factor;
    if (seconds > most) return std::nullopt;
    rest.erase(0, end + 1);
  }
  return text.empty() ? std::nullopt : std::optional(seconds);
}

bool isDomainName(std::string_view text) {
  return std::ranges::none_of(text, isBlank) && Name::parse(text).has_value();
}

std::optional<std::string> networkOf(std::string_view text) {
  const std::size_t slash = text.find('/');
  std::string host(text.substr(0, slash));
  // BIND lets the last octets of an IPv4 network be left out.
  if (slash != std::string_view::npos && host.find(':') == std::string::npos)
    for (auto dots = std::ranges::count(host, '.'); dots < 3; ++dots) host += ".0";
  const auto address = Address::parse(host);
  if (!address || address->port() != 0 || address->scope() != 0) return std::nullopt;
  if (slash == std::string_view::npos) return address->hostText();
  const auto length = number(text.substr(slash + 1));
  if (!length || *length > (address->isV4() ? 32 : 128)) return std::nullopt;
  const Address network =
      address->isV4() ? Address::v4(masked<4>(*address, *length)) : Address::v6(masked<16>(*address, *length));
  return fmt::format("{}/{}", network.hostText(), *length);
}

std::optional<std::string> nat64PrefixOf(std::string_view text) {
  constexpr std::string_view lengths[] = {"/32", "/40", "/48", "/56", "/64", "/96"};
  constexpr std::size_t reserved = 8;  // an octet that is zero
  const std::size_t slash = text.find('/');
  const auto network = networkOf(text);
  const auto address = Address::parse(text.substr(0, slash));
  if (!network || slash == text.npos || !address->isV6() ||
      *network != address->hostText() + network->substr(network->find('/')))
    return std::nullopt;
  const bool isLength =
      std::ranges::find(lengths, std::string_view(*network).substr(network->find('/'))) != std::end(lengths);
  return isLength && address->bytes()[reserved] == 0 ? network : std::nullopt;
}

std::optional<std::string> addressOf(std::string_view text, std::uint16_t defaultPort) {
  const std::size_t at = text.find('@');
  auto address = Address::parse(text.substr(0, at), defaultPort);
  if (!address) return std::nullopt;
  if (at != std::string_view::npos) {
    const auto port = number(text.substr(at + 1));
    if (!port || *port == 0 || *port > 65535) return std::nullopt;
    address = address->withPort(static_cast<std::uint16_t>(*port));
  }
  if (address->isV6() && address->isLinkLocal() && address->scope() == 0) return std::nullopt;
  return address->port() == dnsPort ? address->hostText() : address->toText();
}

}  // namespace taut::importer
