#include "svc_keys.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "addresses.hpp"
#include "dohpath.hpp"
#include "encoding.hpp"
#include "presentation.hpp"
#include "taut/base/format.hpp"

namespace taut::svc {

namespace {

using rdata::Bytes;

template <std::size_t size>
bool isListOf(ByteSpan value) {
  return !value.empty() && value.size() % size == 0;
}

bool isEmpty(ByteSpan value) {
  return value.empty();
}

bool isKeyList(ByteSpan value) {
  if (!isListOf<2>(value)) return false;
  int last = key::mandatory;
  for (std::size_t at = 0; at < value.size(); at += 2) {
    const std::uint16_t key = loadU16(&value[at]);
    if (key <= last) return false;
    last = key;
  }
  return true;
}

bool isGroupList(ByteSpan value) {
  constexpr std::size_t maxGroupListSize = 256;
  if (!isListOf<2>(value) || value.size() > maxGroupListSize) return false;
  for (std::size_t at = 0; at < value.size(); at += 2)
    for (std::size_t before = 0; before < at; before += 2)
      if (loadU16(&value[at]) == loadU16(&value[before])) return false;
  return true;
}

bool areStrings(ByteSpan value, std::size_t minimum) {
  ByteReader reader(value);
  while (reader.ok() && !reader.atEnd()) {
    const std::size_t length = reader.u8();
    if (length < minimum) return false;
    reader.skip(length);
  }
  return reader.ok();
}

bool isAlpn(ByteSpan value) {
  return !value.empty() && areStrings(value, 1);
}

bool isPort(ByteSpan value) {
  return value.size() == 2;
}

bool isDocPath(ByteSpan value) {
  return areStrings(value, 0);
}

// Text has no form for an empty item of a list.
bool docPathHasText(ByteSpan value) {
  return areStrings(value, 1);
}

bool isAnything(ByteSpan) {
  return true;
}

bool isSomething(ByteSpan value) {
  return !value.empty();
}

bool dohPathHasText(ByteSpan value) {
  return isDohPath(asText(value));
}

// Items between commas; nothing where one is empty.
std::optional<std::vector<std::string_view>> splitItems(std::string_view value) {
  std::vector<std::string_view> items;
  while (true) {
    const std::size_t end = std::min(value.find(','), value.size());
    if (end == 0) return std::nullopt;
    items.push_back(value.substr(0, end));
    if (end == value.size()) return items;
    value.remove_prefix(end + 1);
  }
}

// Items between commas. A backslash before a comma or a backslash makes it a part of the item (RFC 9460 appendix A.1).
std::optional<std::vector<std::string>> splitEscapedItems(std::string_view value) {
  std::vector<std::string> items(1);
  for (std::size_t at = 0; at < value.size(); ++at) {
    if (value[at] == ',') {
      if (items.back().empty()) return std::nullopt;
      items.emplace_back();
      continue;
    }
    if (value[at] == '\\' && (++at == value.size() || (value[at] != ',' && value[at] != '\\'))) return std::nullopt;
    items.back() += value[at];
  }
  if (items.back().empty()) return std::nullopt;
  return items;
}

Problem parseMandatory(std::string_view value, Bytes& octets) {
  const auto items = splitItems(value);
  if (!items) return "expected a list of keys";
  std::vector<std::uint16_t> keys;
  for (const std::string_view item : *items) {
    const auto key = parseKey(item);
    if (!key || *key == key::mandatory) return fmt::format("'{}' is no key that can be mandatory", item);
    keys.push_back(*key);
  }
  std::ranges::sort(keys);
  if (std::ranges::adjacent_find(keys) != keys.end()) return "the list has a key twice";
  for (const std::uint16_t key : keys) {
    octets.push_back(static_cast<std::uint8_t>(key >> 8));
    octets.push_back(static_cast<std::uint8_t>(key));
  }
  return std::nullopt;
}

Problem parseStrings(std::string_view value, Bytes& octets) {
  const auto items = splitEscapedItems(value);
  if (!items) return "expected a list of items between commas, \\\\ and \\, the only escapes in it";
  for (const std::string& item : *items) {
    if (item.size() > 255) return "an item has over 255 octets";
    octets.push_back(static_cast<std::uint8_t>(item.size()));
    octets.insert(octets.end(), item.begin(), item.end());
  }
  return std::nullopt;
}

Problem parseNumbers(std::string_view value, Bytes& octets) {
  const auto items = splitItems(value);
  if (!items) return "expected a list of numbers";
  for (const std::string_view item : *items) {
    const auto number = parseDecimal(item, 65535);
    if (!number) return fmt::format("'{}' is not a number from 0 to 65535", item);
    octets.push_back(static_cast<std::uint8_t>(*number >> 8));
    octets.push_back(static_cast<std::uint8_t>(*number));
  }
  return std::nullopt;
}

Problem parseAddresses(std::string_view value, std::size_t size, Bytes& octets) {
  const auto items = splitItems(value);
  if (!items) return "expected a list of addresses";
  for (const std::string_view item : *items) {
    std::array<std::uint8_t, 16> address;
    const bool ok = size == 4 ? parseIpv4(item, address.data()) : parseIpv6(item, address.data());
    if (!ok) return fmt::format("'{}' is not an IPv{} address", item, size == 4 ? 4 : 6);
    octets.insert(octets.end(), address.begin(), address.begin() + static_cast<std::ptrdiff_t>(size));
  }
  return std::nullopt;
}

Problem parseBase64(std::string_view value, Bytes& octets) {
  octets.resize(value.size());
  ByteWriter writer{MutableByteSpan(octets)};
  Base64Decoder decoder;
  if (value.empty() || !decoder.feed(value, writer) || !decoder.finish()) return "expected base64";
  octets.resize(writer.size());
  return std::nullopt;
}

Problem parsePort(std::string_view value, Bytes& octets) {
  const Problem problem = parseNumbers(value, octets);
  return problem || !isPort(octets) ? Problem("expected a port from 0 to 65535") : Problem{};
}

Problem parseDocPath(std::string_view value, Bytes& octets) {
  return value.empty() ? Problem{} : parseStrings(value, octets);
}

template <std::size_t size>
Problem parseHints(std::string_view value, Bytes& octets) {
  return parseAddresses(value, size, octets);
}

Problem parseDohPath(std::string_view value, Bytes& octets) {
  if (!isDohPath(value)) return "expected a path that is a URI template with the variable 'dns'";
  octets.assign(value.begin(), value.end());
  return std::nullopt;
}

void printStrings(ByteSpan value, fmt::memory_buffer& out) {
  Bytes list;
  for (ByteReader reader(value); reader.remaining() > 0;) {
    if (!list.empty()) list.push_back(',');
    for (const std::uint8_t octet : reader.take(reader.u8())) {
      if (octet == ',' || octet == '\\') list.push_back('\\');
      list.push_back(octet);
    }
  }
  printText(list, out);
}

template <class PrintItem>
void printItems(ByteSpan value, std::size_t size, fmt::memory_buffer& out, PrintItem printItem) {
  for (std::size_t at = 0; at < value.size(); at += size) {
    if (at > 0) out.push_back(',');
    printItem(value.subspan(at, size));
  }
}

void printNumber(ByteSpan item, fmt::memory_buffer& out) {
  appendFormat(out, "{}", loadU16(item.data()));
}

void printKeys(ByteSpan value, fmt::memory_buffer& out) {
  printItems(value, 2, out, [&](ByteSpan item) { printKey(loadU16(item.data()), out); });
}

void printNumbers(ByteSpan value, fmt::memory_buffer& out) {
  printItems(value, 2, out, [&](ByteSpan item) { printNumber(item, out); });
}

void printIpv4Hints(ByteSpan value, fmt::memory_buffer& out) {
  printItems(value, 4, out, [&](ByteSpan item) { printIpv4(item, out); });
}

void printIpv6Hints(ByteSpan value, fmt::memory_buffer& out) {
  printItems(value, 16, out, [&](ByteSpan item) { printIpv6(item, out); });
}

constexpr std::array keys = {
    Key{"mandatory", key::mandatory, isKeyList, parseMandatory, printKeys, nullptr},
    Key{"alpn", key::alpn, isAlpn, parseStrings, printStrings, nullptr},
    Key{"no-default-alpn", key::noDefaultAlpn, isEmpty, nullptr, nullptr, nullptr},
    Key{"port", key::port, isPort, parsePort, printNumbers, nullptr},
    Key{"ipv4hint", key::ipv4hint, isListOf<4>, parseHints<4>, printIpv4Hints, nullptr},
    Key{"ech", key::ech, isSomething, parseBase64, appendBase64, nullptr},
    Key{"ipv6hint", key::ipv6hint, isListOf<16>, parseHints<16>, printIpv6Hints, nullptr},
    Key{"dohpath", key::dohpath, isAnything, parseDohPath, printText, dohPathHasText},
    Key{"ohttp", key::ohttp, isEmpty, nullptr, nullptr, nullptr},
    Key{"tls-supported-groups", key::tlsSupportedGroups, isGroupList, parseNumbers, printNumbers, nullptr},
    Key{"docpath", key::docpath, isDocPath, parseDocPath, printStrings, docPathHasText},
};

constexpr std::string_view genericPrefix = "key";

}  // namespace

const Key* findKey(std::uint16_t number) {
  const auto* const found = std::ranges::find(keys, number, &Key::number);
  return found == keys.end() ? nullptr : found;
}

std::optional<std::uint16_t> parseKey(std::string_view word) {
  const auto* const named = std::ranges::find(keys, word, &Key::name);
  if (named != keys.end()) return named->number;
  if (!word.starts_with(genericPrefix)) return std::nullopt;
  const std::string_view digits = word.substr(genericPrefix.size());
  const auto number = parseDecimal(digits, key::invalid);
  if (!number || (digits.size() > 1 && digits[0] == '0')) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

void printKey(std::uint16_t number, fmt::memory_buffer& out) {
  if (const Key* const known = findKey(number))
    out.append(known->name);
  else
    appendFormat(out, "{}{}", genericPrefix, number);
}

}  // namespace taut::svc
