#include "taut/dns/address_name.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include <fmt/format.h>

#include "taut/base/bytes.hpp"

namespace taut {

namespace {

constexpr std::string_view hexDigits = "0123456789abcdef";
constexpr std::size_t maxAddressLabel = 39;  // characters: eight groups of four digits

const Name& v4Suffix() {
  static const Name name("in-addr.arpa.");
  return name;
}

const Name& v6Suffix() {
  static const Name name("ip6.arpa.");
  return name;
}

// Decimal and at most 255, without leading zeros.
std::optional<std::uint8_t> octetOfLabel(NameView name) {
  const std::string_view label = name.firstLabel();
  if (label.size() > 1 && label.front() == '0') return std::nullopt;
  return name.firstLabelNumber<std::uint8_t>({});
}

std::optional<std::uint8_t> nibbleOfLabel(NameView name) {
  const std::string_view label = name.firstLabel();
  if (label.size() != 1) return std::nullopt;
  const std::size_t digit = hexDigits.find(static_cast<char>(foldCase(static_cast<std::uint8_t>(label.front()))));
  if (digit == hexDigits.npos) return std::nullopt;
  return static_cast<std::uint8_t>(digit);
}

std::optional<Address> addressOfOctets(NameView name) {
  std::array<std::uint8_t, 4> octets{};
  for (std::size_t i = octets.size(); i-- > 0; name = name.parent()) {
    const auto octet = octetOfLabel(name);
    if (!octet) return std::nullopt;
    octets[i] = *octet;
  }
  return Address::v4(octets);
}

std::optional<Address> addressOfNibbles(NameView name) {
  std::array<std::uint8_t, 16> octets{};
  for (std::size_t i = 2 * octets.size(); i-- > 0; name = name.parent()) {
    const auto nibble = nibbleOfLabel(name);
    if (!nibble) return std::nullopt;
    octets[i / 2] |= static_cast<std::uint8_t>(i % 2 == 0 ? *nibble << 4 : *nibble);
  }
  return Address::v6(octets);
}

}  // namespace

Name reverseName(const Address& address) {
  std::string text;
  const auto octets = address.bytes();
  for (std::size_t i = octets.size(); i-- > 0;) {
    if (address.isV4())
      text += std::to_string(octets[i]) + '.';
    else
      text.append({hexDigits[octets[i] & 15u], '.', hexDigits[octets[i] >> 4], '.'});
  }
  if (address.empty()) return Name();
  return Name(std::string_view(text + (address.isV4() ? "in-addr.arpa." : "ip6.arpa.")));
}

std::optional<Address> addressOfReverseName(NameView name) {
  const std::size_t labels = name.labelCount();
  if (labels == 4 + 2 && name.isBelow(v4Suffix())) return addressOfOctets(name);
  if (labels == 32 + 2 && name.isBelow(v6Suffix())) return addressOfNibbles(name);
  return std::nullopt;
}

std::string addressLabel(const Address& address) {
  const auto octets = address.bytes();
  if (address.isV4()) return fmt::format("{}-{}-{}-{}", octets[0], octets[1], octets[2], octets[3]);
  std::string label;
  for (std::size_t i = 0; i < octets.size(); i += 2)
    label += fmt::format("{}{:x}", i == 0 ? "" : "-", loadU16(octets.data() + i));
  return label;
}

std::optional<Address> addressOfLabel(std::string_view label) {
  const auto isDigit = [](char c) {
    return c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  };
  if (label.size() > maxAddressLabel || !std::ranges::all_of(label, isDigit)) return std::nullopt;
  std::string text(label);
  const bool four = std::ranges::count(label, '-') == 3 && label.find("--") == label.npos;
  std::ranges::replace(text, '-', four ? '.' : ':');
  return Address::parse(text);
}

}  // namespace taut
