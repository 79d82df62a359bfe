#include "taut/dns/rdata/codec.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <fmt/format.h>

#include "rdata_words.hpp"
#include "svcb.hpp"
#include "taut/dns/rdata/address.hpp"

namespace taut::rdata {

namespace {

void appendU16(Bytes& octets, std::uint16_t value) {
  octets.push_back(static_cast<std::uint8_t>(value >> 8));
  octets.push_back(static_cast<std::uint8_t>(value));
}

void writeString(const std::string& string, ByteWriter& out) {
  if (string.size() > 255) return out.fail();
  out.u8(static_cast<std::uint8_t>(string.size()));
  out.bytes(asBytes(string));
}

std::string readString(ByteReader& reader) {
  return std::string(asText(reader.take(reader.u8())));
}

}  // namespace

A::A(std::string_view text) {
  if (!readIpv4(text, address.data())) throw std::invalid_argument(fmt::format("'{}' is not an IPv4 address", text));
}

AAAA::AAAA(std::string_view text) {
  if (!readIpv6(text, address.data())) throw std::invalid_argument(fmt::format("'{}' is not an IPv6 address", text));
}

TypeBitmap::TypeBitmap(std::initializer_list<Type> types) {
  std::vector<std::uint16_t> numbers;
  for (const Type type : types) numbers.push_back(static_cast<std::uint16_t>(type));
  std::ranges::sort(numbers);
  std::size_t window = 0;  // where the open window's number stands
  for (const std::uint16_t number : numbers) {
    if (wire_.empty() || wire_[window] != number >> 8) {
      window = wire_.size();
      wire_.insert(wire_.end(), {static_cast<std::uint8_t>(number >> 8), std::uint8_t{0}});
    }
    const std::size_t octet = (number & 0xffu) / 8;
    wire_.resize(std::max(wire_.size(), window + 2 + octet + 1));
    wire_[window + 1] = static_cast<std::uint8_t>(wire_.size() - window - 2);
    wire_[window + 2 + octet] |= static_cast<std::uint8_t>(0x80 >> (number & 7));
  }
}

bool TypeBitmap::contains(Type type) const {
  const auto number = static_cast<std::uint16_t>(type);
  const std::size_t octet = (number & 0xffu) / 8;
  for (std::size_t at = 0; at + 2 <= wire_.size(); at += 2u + wire_[at + 1])
    if (wire_[at] == number >> 8) return octet < wire_[at + 1] && (wire_[at + 2 + octet] & 0x80 >> (number & 7)) != 0;
  return false;
}

std::vector<Type> TypeBitmap::types() const {
  std::vector<Type> list;
  for (std::size_t at = 0; at + 2 <= wire_.size(); at += 2u + wire_[at + 1])
    for (unsigned bit = 0; bit < wire_[at + 1] * 8u; ++bit)
      if ((wire_[at + 2 + bit / 8] & 0x80 >> (bit & 7)) != 0) list.push_back(static_cast<Type>(wire_[at] << 8 | bit));
  return list;
}

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
  return set(svcKey::mandatory, std::move(value));
}

SvcParams& SvcParams::alpn(const std::vector<std::string>& protocols) {
  Bytes value;
  for (const std::string& protocol : protocols) {
    const std::size_t size = std::min<std::size_t>(protocol.size(), 255);
    value.push_back(static_cast<std::uint8_t>(size));
    value.insert(value.end(), protocol.begin(), protocol.begin() + static_cast<std::ptrdiff_t>(size));
  }
  return set(svcKey::alpn, std::move(value));
}

SvcParams& SvcParams::noDefaultAlpn() {
  return set(svcKey::noDefaultAlpn, {});
}

SvcParams& SvcParams::port(std::uint16_t number) {
  Bytes value;
  appendU16(value, number);
  return set(svcKey::port, std::move(value));
}

SvcParams& SvcParams::ipv4hint(const std::vector<Ipv4>& addresses) {
  Bytes value;
  for (const Ipv4& address : addresses) value.insert(value.end(), address.begin(), address.end());
  return set(svcKey::ipv4hint, std::move(value));
}

SvcParams& SvcParams::ipv6hint(const std::vector<Ipv6>& addresses) {
  Bytes value;
  for (const Ipv6& address : addresses) value.insert(value.end(), address.begin(), address.end());
  return set(svcKey::ipv6hint, std::move(value));
}

const Bytes* SvcParams::find(std::uint16_t key) const {
  const auto at = std::ranges::lower_bound(params_, key, {}, &Param::key);
  return at != params_.end() && at->key == key ? &at->value : nullptr;
}

namespace detail {

void encode(FieldKind kind, std::uint64_t value, ByteWriter& out) {
  if (kind == FieldKind::u48)
    out.u48(value);
  else
    out.u64(value);
}

void encode(FieldKind kind, const std::string& value, ByteWriter& out) {
  if (kind == FieldKind::text)
    out.bytes(asBytes(value));
  else
    writeString(value, out);
}

void encode(FieldKind, const std::optional<std::string>& value, ByteWriter& out) {
  if (value) writeString(*value, out);
}

void encode(FieldKind kind, const Bytes& value, ByteWriter& out) {
  const bool lengthOctet = kind == FieldKind::salt || kind == FieldKind::hash;
  const bool lengthWord = kind == FieldKind::sizedBase64;
  if (value.size() > (lengthOctet ? 255u : 65535u)) return out.fail();
  if (lengthOctet) out.u8(static_cast<std::uint8_t>(value.size()));
  if (lengthWord) out.u16(static_cast<std::uint16_t>(value.size()));
  out.bytes(value);
}

void encode(FieldKind, const std::vector<std::string>& value, ByteWriter& out) {
  for (const std::string& string : value) writeString(string, out);
  if (value.empty()) out.fail();
}

void encode(FieldKind, const std::vector<Name>& value, ByteWriter& out) {
  for (const Name& name : value) out.bytes(name.wire());
}

void encode(FieldKind, const std::vector<AddressPrefix>& value, ByteWriter& out) {
  for (const AddressPrefix& item : value) {
    if (item.address.size() > 127) return out.fail();
    out.u16(item.family);
    out.u8(item.prefix);
    out.u8(static_cast<std::uint8_t>(item.address.size() | (item.negated ? 0x80 : 0)));
    out.bytes(item.address);
  }
}

void encode(FieldKind, const SvcParams& value, ByteWriter& out) {
  for (const SvcParams::Param& param : value.list()) {
    if (param.value.size() > 65535) return out.fail();
    out.u16(param.key);
    out.u16(static_cast<std::uint16_t>(param.value.size()));
    out.bytes(param.value);
  }
}

void encode(FieldKind, const HostIdentity& value, ByteWriter& out) {
  if (value.hit.size() > 255 || value.publicKey.size() > 65535) return out.fail();
  out.u8(static_cast<std::uint8_t>(value.hit.size()));
  out.u8(value.algorithm);
  out.u16(static_cast<std::uint16_t>(value.publicKey.size()));
  out.bytes(value.hit);
  out.bytes(value.publicKey);
}

void decode(FieldKind kind, ByteSpan octets, std::uint64_t& value) {
  ByteReader reader(octets);
  value = kind == FieldKind::u48 ? reader.u48() : reader.u64();
}

void decode(FieldKind kind, ByteSpan octets, std::string& value) {
  value = asText(kind == FieldKind::text ? octets : octets.subspan(1));
}

void decode(FieldKind, ByteSpan octets, std::optional<std::string>& value) {
  value.reset();
  if (!octets.empty()) value.emplace(asText(octets.subspan(1)));
}

void decode(FieldKind kind, ByteSpan octets, Bytes& value) {
  const bool lengthOctet = kind == FieldKind::salt || kind == FieldKind::hash;
  const bool lengthWord = kind == FieldKind::sizedBase64;
  const ByteSpan data = octets.subspan(lengthOctet ? 1 : lengthWord ? 2 : 0);
  value.assign(data.begin(), data.end());
}

void decode(FieldKind, ByteSpan octets, std::vector<std::string>& value) {
  value.clear();
  for (ByteReader reader(octets); reader.remaining() > 0;) value.push_back(readString(reader));
}

void decode(FieldKind, ByteSpan octets, std::vector<Name>& value) {
  value.clear();
  while (!octets.empty()) {
    const auto name = NameView::fromWire(octets);
    if (!name) return;
    value.emplace_back(*name);
    octets = octets.subspan(name->size());
  }
}

void decode(FieldKind, ByteSpan octets, std::vector<AddressPrefix>& value) {
  value.clear();
  for (ByteReader reader(octets); reader.remaining() > 0;) {
    const std::uint16_t family = reader.u16();
    const std::uint8_t prefix = reader.u8();
    const std::uint8_t length = reader.u8();
    const ByteSpan address = reader.take(length & 0x7fu);
    value.emplace_back(family, prefix, (length & 0x80) != 0, Bytes(address.begin(), address.end()));
  }
}

void decode(FieldKind, ByteSpan octets, HostIdentity& value) {
  ByteReader reader(octets);
  const std::size_t hitSize = reader.u8();
  value.algorithm = reader.u8();
  const std::size_t keySize = reader.u16();
  const ByteSpan hit = reader.take(hitSize);
  const ByteSpan key = reader.take(keySize);
  value.hit.assign(hit.begin(), hit.end());
  value.publicKey.assign(key.begin(), key.end());
}

}  // namespace detail

}  // namespace taut::rdata
