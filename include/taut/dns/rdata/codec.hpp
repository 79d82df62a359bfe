// How one member of an RDATA struct goes to the wire and comes from it. Used by rdata::write() and rdata::read(); the
// kind tells apart the forms that one C++ type can take (a string behind its length, or to the end).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rdata/field.hpp"
#include "taut/dns/type.hpp"

namespace taut::rdata {

using Bytes = std::vector<std::uint8_t>;
using Ipv4 = std::array<std::uint8_t, 4>;   // network order
using Ipv6 = std::array<std::uint8_t, 16>;  // network order

// A set of types as NSEC, NSEC3 and CSYNC hold it (RFC 4034 section 4.1.2).
class TypeBitmap {
 public:
  TypeBitmap() = default;
  TypeBitmap(std::initializer_list<Type> types);
  explicit TypeBitmap(ByteSpan wire) : wire_(wire.begin(), wire.end()) {}  // trusts the octets

  bool contains(Type type) const;
  std::vector<Type> types() const;
  ByteSpan wire() const { return wire_; }

 private:
  Bytes wire_;
};

// The parameters of SVCB and HTTPS by rising key (RFC 9460 section 2.2), values in wire form.
class SvcParams {
 public:
  struct Param {
    std::uint16_t key = 0;
    Bytes value;

    Param() = default;
    Param(std::uint16_t paramKey, Bytes paramValue) : key(paramKey), value(std::move(paramValue)) {}
  };

  SvcParams() = default;
  explicit SvcParams(ByteSpan wire);  // trusts the octets

  SvcParams& set(std::uint16_t key, Bytes value);  // replaces what the key had
  SvcParams& mandatory(std::vector<std::uint16_t> keys);
  SvcParams& alpn(const std::vector<std::string>& protocols);
  SvcParams& noDefaultAlpn();
  SvcParams& port(std::uint16_t number);
  SvcParams& ipv4hint(const std::vector<Ipv4>& addresses);
  SvcParams& ipv6hint(const std::vector<Ipv6>& addresses);

  const Bytes* find(std::uint16_t key) const;
  const std::vector<Param>& list() const { return params_; }

 private:
  std::vector<Param> params_;
};

// One item of an APL record (RFC 3123 section 4).
struct AddressPrefix {
  std::uint16_t family = 0;  // 1 IPv4, 2 IPv6
  std::uint8_t prefix = 0;   // bits
  bool negated = false;
  Bytes address;  // without trailing zero octets

  AddressPrefix() = default;
  AddressPrefix(std::uint16_t addressFamily, std::uint8_t bits, bool isNegated, Bytes octets)
      : family(addressFamily), prefix(bits), negated(isNegated), address(std::move(octets)) {}
};

// What a HIP record says before its rendezvous servers (RFC 8005 section 5).
struct HostIdentity {
  std::uint8_t algorithm = 0;
  Bytes hit;
  Bytes publicKey;

  HostIdentity() = default;
};

namespace detail {

// Checks RDATA against a layout and tells where its fields end.
bool splitFields(const RdataLayout& layout, ByteSpan rdata, FieldEnds& ends);

inline void encode(FieldKind, std::uint8_t value, ByteWriter& out) {
  out.u8(value);
}
inline void encode(FieldKind, std::uint16_t value, ByteWriter& out) {
  out.u16(value);
}
inline void encode(FieldKind, std::uint32_t value, ByteWriter& out) {
  out.u32(value);
}
inline void encode(FieldKind, Type value, ByteWriter& out) {
  out.u16(static_cast<std::uint16_t>(value));
}
inline void encode(FieldKind, const Name& value, ByteWriter& out) {
  out.bytes(value.wire());
}
inline void encode(FieldKind, const TypeBitmap& value, ByteWriter& out) {
  out.bytes(value.wire());
}
void encode(FieldKind kind, std::uint64_t value, ByteWriter& out);
void encode(FieldKind kind, const std::string& value, ByteWriter& out);
void encode(FieldKind kind, const std::optional<std::string>& value, ByteWriter& out);
void encode(FieldKind kind, const Bytes& value, ByteWriter& out);
void encode(FieldKind kind, const std::vector<std::string>& value, ByteWriter& out);
void encode(FieldKind kind, const std::vector<Name>& value, ByteWriter& out);
void encode(FieldKind kind, const std::vector<AddressPrefix>& value, ByteWriter& out);
void encode(FieldKind kind, const SvcParams& value, ByteWriter& out);
void encode(FieldKind kind, const HostIdentity& value, ByteWriter& out);
template <std::size_t size>
void encode(FieldKind, const std::array<std::uint8_t, size>& value, ByteWriter& out) {
  out.bytes(value);
}

// `octets` are all of the field, and were checked by splitFields().
inline void decode(FieldKind, ByteSpan octets, std::uint8_t& value) {
  value = octets[0];
}
inline void decode(FieldKind, ByteSpan octets, std::uint16_t& value) {
  value = loadU16(octets.data());
}
inline void decode(FieldKind, ByteSpan octets, std::uint32_t& value) {
  value = loadU32(octets.data());
}
inline void decode(FieldKind, ByteSpan octets, Type& value) {
  value = static_cast<Type>(loadU16(octets.data()));
}
inline void decode(FieldKind, ByteSpan octets, Name& value) {
  value = NameView::trusted(octets.data(), octets.size());
}
inline void decode(FieldKind, ByteSpan octets, TypeBitmap& value) {
  value = TypeBitmap(octets);
}
inline void decode(FieldKind, ByteSpan octets, SvcParams& value) {
  value = SvcParams(octets);
}
void decode(FieldKind kind, ByteSpan octets, std::uint64_t& value);
void decode(FieldKind kind, ByteSpan octets, std::string& value);
void decode(FieldKind kind, ByteSpan octets, std::optional<std::string>& value);
void decode(FieldKind kind, ByteSpan octets, Bytes& value);
void decode(FieldKind kind, ByteSpan octets, std::vector<std::string>& value);
void decode(FieldKind kind, ByteSpan octets, std::vector<Name>& value);
void decode(FieldKind kind, ByteSpan octets, std::vector<AddressPrefix>& value);
void decode(FieldKind kind, ByteSpan octets, HostIdentity& value);
template <std::size_t size>
void decode(FieldKind, ByteSpan octets, std::array<std::uint8_t, size>& value) {
  std::memcpy(value.data(), octets.data(), size);
}

}  // namespace detail

}  // namespace taut::rdata
