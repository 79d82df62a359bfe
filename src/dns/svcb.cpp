#include "svcb.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include "dohpath.hpp"
#include "encoding.hpp"
#include "rdata_words.hpp"
#include "taut/dns/rdata.hpp"

namespace taut {

namespace {

using rdata::Bytes;
using rdata::SvcParams;

constexpr std::array keyNames = {
    Mnemonic{"mandatory", svcKey::mandatory},
    Mnemonic{"alpn", svcKey::alpn},
    Mnemonic{"no-default-alpn", svcKey::noDefaultAlpn},
    Mnemonic{"port", svcKey::port},
    Mnemonic{"ipv4hint", svcKey::ipv4hint},
    Mnemonic{"ech", svcKey::ech},
    Mnemonic{"ipv6hint", svcKey::ipv6hint},
    Mnemonic{"dohpath", svcKey::dohpath},
    Mnemonic{"ohttp", svcKey::ohttp},
    Mnemonic{"tls-supported-groups", svcKey::tlsSupportedGroups},
    Mnemonic{"docpath", svcKey::docpath},
};

// The values of keys that take a list: at most this many octets of RDATA are left for them.
constexpr std::size_t maxValueSize = 65535;

// Keys are case-sensitive and generic ones have no leading zeros (RFC 9460 section 2.1).
std::optional<std::uint16_t> readKey(std::string_view word) {
  const auto named = std::ranges::find(keyNames, word, &Mnemonic::text);
  if (named != keyNames.end()) return named->value;
  constexpr std::string_view prefix = "key";
  if (!word.starts_with(prefix)) return std::nullopt;
  const std::string_view digits = word.substr(prefix.size());
  const auto number = readDecimal(digits, svcKey::invalid);
  if (!number || (digits.size() > 1 && digits[0] == '0')) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

bool isGenericKey(std::string_view word) {
  return word.starts_with("key");
}

bool isRisingKeyList(ByteSpan value) {
  int last = svcKey::mandatory;
  for (std::size_t at = 0; at < value.size(); at += 2) {
    const std::uint16_t key = loadU16(&value[at]);
    if (key <= last) return false;
    last = key;
  }
  return true;
}

bool isGroupList(ByteSpan value) {
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

// A value without its quotes, escapes resolved. The writer's span bounds it.
std::optional<std::string> unescape(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  std::string value;
  for (std::size_t at = 0; at < text.size();) {
    const int octet = readEscaped(text, at);
    if (octet < 0) return std::nullopt;
    value += static_cast<char>(octet);
  }
  return value;
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

// Items between commas in which a comma or a backslash stands behind a backslash (RFC 9460 appendix A.1).
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

using Problem = std::optional<std::string>;

Problem readMandatory(std::string_view value, Bytes& octets) {
  const auto items = splitItems(value);
  if (!items) return "expected a list of keys";
  std::vector<std::uint16_t> keys;
  for (const std::string_view item : *items) {
    const auto key = readKey(item);
    if (!key || *key == svcKey::mandatory) return fmt::format("'{}' is no key that can be mandatory", item);
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

Problem readStrings(std::string_view value, Bytes& octets) {
  const auto items = splitEscapedItems(value);
  if (!items) return "expected a list of items between commas, \\\\ and \\, the only escapes in it";
  for (const std::string& item : *items) {
    if (item.size() > 255) return "an item has over 255 octets";
    octets.push_back(static_cast<std::uint8_t>(item.size()));
    octets.insert(octets.end(), item.begin(), item.end());
  }
  return std::nullopt;
}

Problem readNumbers(std::string_view value, Bytes& octets) {
  const auto items = splitItems(value);
  if (!items) return "expected a list of numbers";
  for (const std::string_view item : *items) {
    const auto number = readDecimal(item, 65535);
    if (!number) return fmt::format("'{}' is not a number from 0 to 65535", item);
    octets.push_back(static_cast<std::uint8_t>(*number >> 8));
    octets.push_back(static_cast<std::uint8_t>(*number));
  }
  return std::nullopt;
}

Problem readAddresses(std::string_view value, std::size_t size, Bytes& octets) {
  const auto items = splitItems(value);
  if (!items) return "expected a list of addresses";
  for (const std::string_view item : *items) {
    std::array<std::uint8_t, 16> address;
    const bool ok = size == 4 ? readIpv4(item, address.data()) : readIpv6(item, address.data());
    if (!ok) return fmt::format("'{}' is not an IPv{} address", item, size == 4 ? 4 : 6);
    octets.insert(octets.end(), address.begin(), address.begin() + static_cast<std::ptrdiff_t>(size));
  }
  return std::nullopt;
}

Problem readBase64(std::string_view value, Bytes& octets) {
  octets.resize(value.size());
  ByteWriter writer{MutableByteSpan(octets)};
  Base64Decoder decoder;
  if (value.empty() || !decoder.feed(value, writer) || !decoder.finish()) return "expected base64";
  octets.resize(writer.size());
  return std::nullopt;
}

Problem readNamedValue(std::uint16_t key, const std::string& value, Bytes& octets) {
  switch (key) {
    case svcKey::mandatory:
      return readMandatory(value, octets);
    case svcKey::alpn:
      return readStrings(value, octets);
    case svcKey::docpath:
      return value.empty() ? Problem{} : readStrings(value, octets);
    case svcKey::port: {
      const Problem problem = readNumbers(value, octets);
      return problem || octets.size() != 2 ? Problem("expected a port from 0 to 65535") : Problem{};
    }
    case svcKey::tlsSupportedGroups:
      return readNumbers(value, octets);
    case svcKey::ipv4hint:
      return readAddresses(value, 4, octets);
    case svcKey::ipv6hint:
      return readAddresses(value, 16, octets);
    case svcKey::ech:
      return readBase64(value, octets);
    case svcKey::dohpath:
      if (!isDohPath(value)) return "expected a path that is a URI template with the variable 'dns'";
      break;
    default:
      break;
  }
  octets.assign(value.begin(), value.end());
  return std::nullopt;
}

void printKey(std::uint16_t key, fmt::memory_buffer& out) {
  const std::string_view name = mnemonicOf(keyNames, key);
  if (name.empty())
    fmt::format_to(fmt::appender(out), "key{}", key);
  else
    out.append(name);
}

void printGenericParam(std::uint16_t key, ByteSpan value, fmt::memory_buffer& out) {
  fmt::format_to(fmt::appender(out), "key{}", key);
  if (value.empty()) return;
  out.push_back('=');
  printText(value, out);
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
  fmt::format_to(fmt::appender(out), "{}", loadU16(item.data()));
}

// Whether a value that is valid on the wire can be written in its key's own form.
bool hasOwnForm(std::uint16_t key, ByteSpan value) {
  if (key == svcKey::dohpath) return isDohPath(asText(value));
  if (key == svcKey::docpath) return areStrings(value, 1);  // no item of a list may be empty
  return true;
}

}  // namespace

bool validSvcValue(std::uint16_t key, ByteSpan value) {
  switch (key) {
    case svcKey::mandatory:
      return !value.empty() && value.size() % 2 == 0 && isRisingKeyList(value);
    case svcKey::alpn:
      return !value.empty() && areStrings(value, 1);
    case svcKey::noDefaultAlpn:
    case svcKey::ohttp:
      return value.empty();
    case svcKey::port:
      return value.size() == 2;
    case svcKey::ipv4hint:
      return !value.empty() && value.size() % 4 == 0;
    case svcKey::ech:
      return !value.empty();
    case svcKey::ipv6hint:
      return !value.empty() && value.size() % 16 == 0;
    case svcKey::tlsSupportedGroups:
      return !value.empty() && value.size() % 2 == 0 && value.size() <= 256 && isGroupList(value);
    case svcKey::docpath:
      return areStrings(value, 0);
    default:
      return true;
  }
}

std::optional<std::string> readSvcParam(std::string_view word, SvcParams& params) {
  const std::size_t equals = std::min(word.find('='), word.size());
  const std::string_view keyWord = word.substr(0, equals);
  const auto key = readKey(keyWord);
  if (!key) return fmt::format("'{}' is not a service parameter key", keyWord);
  if (params.find(*key)) return fmt::format("the key '{}' is there twice", keyWord);

  const bool hasValue = equals < word.size();
  const auto value = unescape(hasValue ? word.substr(equals + 1) : std::string_view{});
  if (!value) return std::string("bad escape: expected \\X or \\DDD with DDD from 000 to 255");
  const bool takesNone = *key == svcKey::noDefaultAlpn || *key == svcKey::ohttp;
  if (hasValue && takesNone) return fmt::format("'{}' takes no value", keyWord);

  Bytes octets;
  if (isGenericKey(keyWord))
    octets.assign(value->begin(), value->end());
  else if (const auto problem = readNamedValue(*key, *value, octets))
    return fmt::format("bad value of '{}': {}", keyWord, *problem);
  if (octets.size() > maxValueSize || !validSvcValue(*key, octets))
    return fmt::format("the value of '{}' does not have the form that its key demands", keyWord);
  params.set(*key, std::move(octets));
  return std::nullopt;
}

const char* svcInconsistency(const SvcParams& params) {
  if (params.find(svcKey::noDefaultAlpn) && !params.find(svcKey::alpn)) return "no-default-alpn without alpn";
  const Bytes* const mandatory = params.find(svcKey::mandatory);
  if (!mandatory) return nullptr;
  for (std::size_t at = 0; at + 2 <= mandatory->size(); at += 2)
    if (!params.find(loadU16(&(*mandatory)[at]))) return "a mandatory key is missing";
  return nullptr;
}

void printSvcParam(std::uint16_t key, ByteSpan value, fmt::memory_buffer& out) {
  if (mnemonicOf(keyNames, key).empty() || !hasOwnForm(key, value)) return printGenericParam(key, value, out);
  printKey(key, out);
  if (value.empty()) return;
  out.push_back('=');
  switch (key) {
    case svcKey::mandatory:
      return printItems(value, 2, out, [&](ByteSpan item) { printKey(loadU16(item.data()), out); });
    case svcKey::alpn:
    case svcKey::docpath:
      return printStrings(value, out);
    case svcKey::port:
    case svcKey::tlsSupportedGroups:
      return printItems(value, 2, out, [&](ByteSpan item) { printNumber(item, out); });
    case svcKey::ipv4hint:
      return printItems(value, 4, out, [&](ByteSpan item) { printIpv4(item, out); });
    case svcKey::ipv6hint:
      return printItems(value, 16, out, [&](ByteSpan item) { printIpv6(item, out); });
    case svcKey::ech:
      return appendBase64(value, out);
    default:
      return printText(value, out);
  }
}

}  // namespace taut
