// Record types that hold the address of a host on the Internet, or its location.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/dns/rdata/field.hpp"
#include "taut/dns/rdata/kind.hpp"
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

  static constexpr auto fields() { return FieldList<Field<kind::Ipv4, &A::address>>(); }
};

// RFC 3596 section 2.2
struct AAAA {
  static constexpr Type type = Type::AAAA;

  Ipv6 address{};

  AAAA() = default;
  explicit AAAA(const Ipv6& octets) : address(octets) {}
  explicit AAAA(std::string_view text);  // RFC 4291 section 2.2; throws std::invalid_argument

  static constexpr auto fields() { return FieldList<Field<kind::Ipv6, &AAAA::address>>(); }
};

namespace kind {

// Prefix length, suffix and name (RFC 2874 section 3.1).
struct AddressSuffix : Opaque {
  static constexpr bool hasCase = true;
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

}  // namespace kind

// RFC 2874 section 3.1; historic (RFC 6563). Prefix length, address suffix and prefix name as on the wire.
struct A6 {
  static constexpr Type type = Type::A6;

  Bytes suffix;

  A6() = default;

  static constexpr auto fields() { return FieldList<Field<kind::AddressSuffix, &A6::suffix>>(); }
};

namespace kind {

// Protocol and a bit for each port; their names in text (RFC 1035 section 3.4.2).
struct Services : Opaque {
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

}  // namespace kind

// RFC 1035 section 3.4.2
struct WKS {
  static constexpr Type type = Type::WKS;

  Ipv4 address{};
  Bytes services;  // protocol, then a bit for each port

  WKS() = default;

  static constexpr auto fields() {
    return FieldList<Field<kind::Ipv4, &WKS::address>, Field<kind::Services, &WKS::services>>();
  }
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

namespace kind {

// RFC 3123 section 4, to the end.
struct AddressPrefixes {
  using Value = std::vector<AddressPrefix>;
  static void encode(const Value& value, ByteWriter& out);
  static void decode(ByteSpan octets, Value& value);
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

}  // namespace kind

// RFC 3123
struct APL {
  static constexpr Type type = Type::APL;

  std::vector<AddressPrefix> prefixes;

  APL() = default;

  static constexpr auto fields() { return FieldList<Field<kind::AddressPrefixes, &APL::prefixes>>(); }
};

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
    return FieldList<Field<kind::CharacterString, &GPOS::longitude>, Field<kind::CharacterString, &GPOS::latitude>,
                     Field<kind::CharacterString, &GPOS::altitude>>();
  }
};

namespace kind {

// All of the RDATA (RFC 1876).
struct Location : Opaque {
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

}  // namespace kind

// RFC 1876 section 2; the 16 octets as on the wire.
struct LOC {
  static constexpr Type type = Type::LOC;

  Bytes data;

  LOC() = default;

  static constexpr auto fields() { return FieldList<Field<kind::Location, &LOC::data>>(); }
};

namespace kind {

// Four groups of hexadecimal (RFC 6742 section 2.1).
struct Locator64 : FixedOctets<8> {
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

}  // namespace kind

// RFC 6742 section 2.1
struct NID {
  static constexpr Type type = Type::NID;

  std::uint16_t preference = 0;
  std::array<std::uint8_t, 8> nodeId{};

  NID() = default;
  NID(std::uint16_t preferenceValue, const std::array<std::uint8_t, 8>& id) : preference(preferenceValue), nodeId(id) {}

  static constexpr auto fields() {
    return FieldList<Field<kind::U16, &NID::preference>, Field<kind::Locator64, &NID::nodeId>>();
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
    return FieldList<Field<kind::U16, &L32::preference>, Field<kind::Ipv4, &L32::locator>>();
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
    return FieldList<Field<kind::U16, &L64::preference>, Field<kind::Locator64, &L64::locator>>();
  }
};

namespace kind {

// The D bit and a type, two words (RFC 8777 section 4.3).
struct RelayType : U8 {
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

// A gateway whose types beyond 3 are opaque (RFC 8777 section 4.2.4).
struct Relay : Gateway {
  static bool walk(RdataWalk& walk);
};

}  // namespace kind

// RFC 8777 section 4.2
struct AMTRELAY {
  static constexpr Type type = Type::AMTRELAY;

  std::uint8_t precedence = 0;
  std::uint8_t relayType = 0;  // D bit 0x80; 0 none, 1 IPv4, 2 IPv6, 3 name
  Bytes relayAddress;          // address or name on the wire

  AMTRELAY() = default;

  static constexpr auto fields() {
    return FieldList<Field<kind::U8, &AMTRELAY::precedence>, Field<kind::RelayType, &AMTRELAY::relayType>,
                     Field<kind::Relay, &AMTRELAY::relayAddress>>();
  }
};

}  // namespace taut::rdata
