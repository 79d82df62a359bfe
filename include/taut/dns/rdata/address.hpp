// Record types that hold the address of a host, in any network, or where it stands.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "taut/dns/rdata/codec.hpp"
#include "taut/dns/rdata/field.hpp"
#include "taut/dns/type.hpp"

namespace taut::rdata {

// RFC 1035 section 3.4.1
struct A {
  static constexpr Type type = Type::A;

  Ipv4 address{};

  A() = default;
  A(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) : address{a, b, c, d} {}
  explicit A(const Ipv4& octets) : address(octets) {}
  explicit A(std::string_view text);  // dotted decimal; throws std::invalid_argument: for addresses in source code

  static constexpr auto fields() { return std::tuple(Field(FieldKind::ipv4, &A::address)); }
};

// RFC 3596 section 2.2
struct AAAA {
  static constexpr Type type = Type::AAAA;

  Ipv6 address{};

  AAAA() = default;
  explicit AAAA(const Ipv6& octets) : address(octets) {}
  explicit AAAA(std::string_view text);  // RFC 4291 section 2.2; throws std::invalid_argument

  static constexpr auto fields() { return std::tuple(Field(FieldKind::ipv6, &AAAA::address)); }
};

// RFC 2874 section 3.1; historic (RFC 6563). Prefix length, address suffix and prefix name as on the wire.
struct A6 {
  static constexpr Type type = Type::A6;

  Bytes suffix;

  A6() = default;

  static constexpr auto fields() { return std::tuple(Field(FieldKind::addressSuffix, &A6::suffix)); }
};

// RFC 1035 section 3.4.2
struct WKS {
  static constexpr Type type = Type::WKS;

  Ipv4 address{};
  Bytes services;  // protocol, then a bit for each port

  WKS() = default;

  static constexpr auto fields() {
    return std::tuple(Field(FieldKind::ipv4, &WKS::address), Field(FieldKind::services, &WKS::services));
  }
};

// RFC 3123
struct APL {
  static constexpr Type type = Type::APL;

  std::vector<AddressPrefix> prefixes;

  APL() = default;

  static constexpr auto fields() { return std::tuple(Field(FieldKind::addressPrefixes, &APL::prefixes)); }
};

// RFC 1706 section 5
struct NSAP {
  static constexpr Type type = Type::NSAP;

  Bytes address;

  NSAP() = default;

  static constexpr auto fields() { return std::tuple(Field(FieldKind::nsap, &NSAP::address)); }
};

// RFC 1183 section 3.1
struct X25 {
  static constexpr Type type = Type::X25;

  std::string address;

  X25() = default;
  explicit X25(std::string_view psdnAddress) : address(psdnAddress) {}

  static constexpr auto fields() { return std::tuple(Field(FieldKind::digitString, &X25::address)); }
};

// RFC 1183 section 3.2
struct ISDN {
  static constexpr Type type = Type::ISDN;

  std::string address;
  std::optional<std::string> subaddress;

  ISDN() = default;
  explicit ISDN(std::string_view isdnAddress) : address(isdnAddress) {}

  static constexpr auto fields() {
    return std::tuple(Field(FieldKind::characterString, &ISDN::address),
                      Field(FieldKind::optionalCharacterString, &ISDN::subaddress));
  }
};

// ATM Forum af-saa-0069
struct ATMA {
  static constexpr Type type = Type::ATMA;

  Bytes address;  // format octet, then digits (1) or octets (0)

  ATMA() = default;

  static constexpr auto fields() { return std::tuple(Field(FieldKind::atma, &ATMA::address)); }
};

// draft-ietf-nimrod-dns
template <Type recordType>
struct Nimrod {
  static constexpr Type type = recordType;

  Bytes data;

  Nimrod() = default;

  static constexpr auto fields() { return std::tuple(Field(FieldKind::hex, &Nimrod::data)); }
};

using EID = Nimrod<Type::EID>;
using NIMLOC = Nimrod<Type::NIMLOC>;

// RFC 1712 section 3; degrees and metres as decimal text.
struct GPOS {
  static constexpr Type type = Type::GPOS;

  std::string longitude;
  std::string latitude;
  std::string altitude;

  GPOS() = default;
  GPOS(std::string_view east, std::string_view north, std::string_view up)
      : longitude(east), latitude(north), altitude(up) {}

  static constexpr auto fields() {
    return std::tuple(Field(FieldKind::characterString, &GPOS::longitude),
                      Field(FieldKind::characterString, &GPOS::latitude),
                      Field(FieldKind::characterString, &GPOS::altitude));
  }
};

// RFC 1876 section 2; the 16 octets as on the wire.
struct LOC {
  static constexpr Type type = Type::LOC;

  Bytes data;

  LOC() = default;

  static constexpr auto fields() { return std::tuple(Field(FieldKind::location, &LOC::data)); }
};

// RFC 6742 section 2.1
struct NID {
  static constexpr Type type = Type::NID;

  std::uint16_t preference = 0;
  std::array<std::uint8_t, 8> nodeId{};

  NID() = default;
  NID(std::uint16_t preferenceValue, const std::array<std::uint8_t, 8>& id) : preference(preferenceValue), nodeId(id) {}

  static constexpr auto fields() {
    return std::tuple(Field(FieldKind::u16, &NID::preference), Field(FieldKind::locator64, &NID::nodeId));
  }
};

// RFC 6742 section 2.2
struct L32 {
  static constexpr Type type = Type::L32;

  std::uint16_t preference = 0;
  Ipv4 locator{};

  L32() = default;
  L32(std::uint16_t preferenceValue, const Ipv4& locator32) : preference(preferenceValue), locator(locator32) {}

  static constexpr auto fields() {
    return std::tuple(Field(FieldKind::u16, &L32::preference), Field(FieldKind::ipv4, &L32::locator));
  }
};

// RFC 6742 section 2.3
struct L64 {
  static constexpr Type type = Type::L64;

  std::uint16_t preference = 0;
  std::array<std::uint8_t, 8> locator{};

  L64() = default;
  L64(std::uint16_t preferenceValue, const std::array<std::uint8_t, 8>& prefix)
      : preference(preferenceValue), locator(prefix) {}

  static constexpr auto fields() {
    return std::tuple(Field(FieldKind::u16, &L64::preference), Field(FieldKind::locator64, &L64::locator));
  }
};

// RFC 7043 section 3.1
struct EUI48 {
  static constexpr Type type = Type::EUI48;

  std::array<std::uint8_t, 6> address{};

  EUI48() = default;
  explicit EUI48(const std::array<std::uint8_t, 6>& octets) : address(octets) {}

  static constexpr auto fields() { return std::tuple(Field(FieldKind::eui48, &EUI48::address)); }
};

// RFC 7043 section 4.1
struct EUI64 {
  static constexpr Type type = Type::EUI64;

  std::array<std::uint8_t, 8> address{};

  EUI64() = default;
  explicit EUI64(const std::array<std::uint8_t, 8>& octets) : address(octets) {}

  static constexpr auto fields() { return std::tuple(Field(FieldKind::eui64, &EUI64::address)); }
};

// RFC 8777 section 4.2
struct AMTRELAY {
  static constexpr Type type = Type::AMTRELAY;

  std::uint8_t precedence = 0;
  std::uint8_t relayType = 0;  // D bit 0x80; 0 none, 1 IPv4, 2 IPv6, 3 name
  Bytes relayAddress;          // address or name on the wire

  AMTRELAY() = default;

  static constexpr auto fields() {
    return std::tuple(Field(FieldKind::u8, &AMTRELAY::precedence), Field(FieldKind::relayType, &AMTRELAY::relayType),
                      Field(FieldKind::relay, &AMTRELAY::relayAddress));
  }
};

// RFC 9758: a CBHE node number
struct IPN {
  static constexpr Type type = Type::IPN;

  std::uint64_t number = 0;

  IPN() = default;
  explicit IPN(std::uint64_t node) : number(node) {}

  static constexpr auto fields() { return std::tuple(Field(FieldKind::u64, &IPN::number)); }
};

}  // namespace taut::rdata
