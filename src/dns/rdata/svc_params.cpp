// The parameters of SVCB and HTTPS (RFC 9460 section 2).
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "parser.hpp"
#include "presentation.hpp"
#include "printer.hpp"
#include "svc_keys.hpp"
#include "taut/base/format.hpp"
#include "taut/dns/rdata/service.hpp"
#include "walk.hpp"

namespace taut {

namespace {

using rdata::Bytes;
using rdata::SvcParams;
using svc::Problem;

void appendU16(Bytes& octets, std::uint16_t value) {
  octets.push_back(static_cast<std::uint8_t>(value >> 8));
  octets.push_back(static_cast<std::uint8_t>(value));
}

bool isValidValue(std::uint16_t key, ByteSpan value) {
  const svc::Key* const known = svc::findKey(key);
  return !known || known->isValid(value);
}

// A value without its quotes, escapes resolved.
std::optional<std::string> unescape(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  std::string value;
  for (std::size_t at = 0; at < text.size();) {
    const int octet = parseEscaped(text, at);
    if (octet < 0) return std::nullopt;
    value += static_cast<char>(octet);
  }
  return value;
}

// The octets of a value. Where the key is written as a number they are those of the text.
Problem parseValue(const svc::Key* named, std::string_view value, Bytes& octets) {
  if (named && named->parse) return named->parse(value, octets);
  octets.assign(value.begin(), value.end());
  return std::nullopt;
}

// One word, `key` or `key=value`.
Problem parseParam(std::string_view word, SvcParams& params) {
  const std::size_t equals = std::min(word.find('='), word.size());
  const std::string_view keyWord = word.substr(0, equals);
  const auto key = svc::parseKey(keyWord);
  if (!key) return fmt::format("'{}' is not a service parameter key", keyWord);
  if (params.find(*key)) return fmt::format("the key '{}' is there twice", keyWord);

  const bool hasValue = equals < word.size();
  const auto value = unescape(hasValue ? word.substr(equals + 1) : std::string_view{});
  if (!value) return "bad escape: expected \\X or \\DDD with DDD from 000 to 255";
  const svc::Key* const known = svc::findKey(*key);
  if (hasValue && known && !known->parse) return fmt::format("'{}' takes no value", keyWord);

  Bytes octets;
  const bool isNamed = known && keyWord == known->name;
  if (const Problem problem = parseValue(isNamed ? known : nullptr, *value, octets))
    return fmt::format("bad value of '{}': {}", keyWord, *problem);
  if (octets.size() > maxRdataSize || !isValidValue(*key, octets))
    return fmt::format("the value of '{}' does not have the form that its key demands", keyWord);
  params.set(*key, std::move(octets));
  return std::nullopt;
}

// What the wire allows and text does not: keys called mandatory that are missing, and no-default-alpn without alpn (RFC
// 9460 section 2.4.3). Null where nothing is wrong.
const char* inconsistency(const SvcParams& params) {
  if (params.find(svc::key::noDefaultAlpn) && !params.find(svc::key::alpn)) return "no-default-alpn without alpn";
  const Bytes* const mandatory = params.find(svc::key::mandatory);
  if (!mandatory) return nullptr;
  for (std::size_t at = 0; at + 2 <= mandatory->size(); at += 2)
    if (!params.find(loadU16(&(*mandatory)[at]))) return "a mandatory key is missing";
  return nullptr;
}

void printParam(std::uint16_t key, ByteSpan value, fmt::memory_buffer& out) {
  const svc::Key* const known = svc::findKey(key);
  const bool isNamed = known && (!known->hasText || known->hasText(value));
  if (isNamed)
    out.append(known->name);
  else
    appendFormat(out, "key{}", key);
  if (value.empty()) return;
  out.push_back('=');
  (isNamed ? known->print : printText)(value, out);
}

}  // namespace

namespace rdata {

SvcParams::SvcParams(ByteSpan wire) {
  for (ByteReader reader(wire); reader.remaining() > 0;) {
    const std::uint16_t key = reader.u16();
    const ByteSpan value = reader.take(reader.u16());
    params_.emplace_back(key, Bytes(value.begin(), value.end()));
  }
}

SvcParams& SvcParams::set(std::uint16_t key, Bytes value) {
  const auto at = std::ranges::lower_bound(params_, key, {}, &Param::key);
  if (at != params_.end() && at->key == key)
    at->value = std::move(value);
  else
    params_.emplace(at, key, std::move(value));
  return *this;
}

SvcParams& SvcParams::mandatory(std::vector<std::uint16_t> keys) {
  std::ranges::sort(keys);
  Bytes value;
  for (const std::uint16_t key : keys) appendU16(value, key);
  return set(svc::key::mandatory, std::move(value));
}

SvcParams& SvcParams::alpn(const std::vector<std::string>& protocols) {
  Bytes value;
  for (const std::string& protocol : protocols) {
    const std::size_t size = std::min<std::size_t>(protocol.size(), 255);
    value.push_back(static_cast<std::uint8_t>(size));
    value.insert(value.end(), protocol.begin(), protocol.begin() + static_cast<std::ptrdiff_t>(size));
  }
  return set(svc::key::alpn, std::move(value));
}

SvcParams& SvcParams::noDefaultAlpn() {
  return set(svc::key::noDefaultAlpn, {});
}

SvcParams& SvcParams::port(std::uint16_t number) {
  Bytes value;
  appendU16(value, number);
  return set(svc::key::port, std::move(value));
}

SvcParams& SvcParams::ipv4hint(const std::vector<Ipv4>& addresses) {
  Bytes value;
  for (const Ipv4& address : addresses) value.insert(value.end(), address.begin(), address.end());
  return set(svc::key::ipv4hint, std::move(value));
}

SvcParams& SvcParams::ipv6hint(const std::vector<Ipv6>& addresses) {
  Bytes value;
  for (const Ipv6& address : addresses) value.insert(value.end(), address.begin(), address.end());
  return set(svc::key::ipv6hint, std::move(value));
}

const Bytes* SvcParams::find(std::uint16_t key) const {
  const auto at = std::ranges::lower_bound(params_, key, {}, &Param::key);
  return at != params_.end() && at->key == key ? &at->value : nullptr;
}

}  // namespace rdata

namespace rdata::kind {

void SvcParams::encode(const Value& value, ByteWriter& out) {
  for (const Value::Param& param : value.list()) {
    if (param.value.size() > maxRdataSize) return out.fail();
    out.u16(param.key);
    out.u16(static_cast<std::uint16_t>(param.value.size()));
    out.bytes(param.value);
  }
}
void SvcParams::decode(ByteSpan octets, Value& value) {
  value = Value(octets);
}

bool SvcParams::walk(RdataWalk& walk) {
  int last = -1;
  while (walk.remaining() > 0) {
    const ByteSpan octets = walk.rest();
    if (octets.size() < 4) return false;
    const std::uint16_t key = loadU16(octets.data());
    const std::size_t length = loadU16(&octets[2]);
    if (key <= last || octets.size() < 4 + length || !isValidValue(key, octets.subspan(4, length))) return false;
    last = key;
    walk.pass(4 + length);
  }
  return true;
}

bool SvcParams::parse(RdataParser& parser) {
  Value params;
  for (; parser.more(); parser.done()) {
    if (!parser.word("a service parameter")) return false;
    if (auto problem = parseParam(parser.text(), params)) return parser.failHere(std::move(*problem));
  }
  if (const char* const problem = inconsistency(params)) return parser.failAtField(problem);
  encode(params, parser.out());
  return true;
}

bool SvcParams::print(RdataPrinter& printer) {
  const ByteSpan octets = printer.reader().takeRest();
  if (inconsistency(Value(octets))) return false;
  for (ByteReader params(octets); params.remaining() > 0;) {
    const std::uint16_t key = params.u16();
    printParam(key, params.take(params.u16()), printer.beginWord());
  }
  return true;
}

}  // namespace rdata::kind

}  // namespace taut
