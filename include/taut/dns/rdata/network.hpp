// Record types that hold an address in a network other than the Internet.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "taut/base/bytes.hpp"
#include "taut/dns/rdata/field.hpp"
#include "taut/dns/rdata/kind.hpp"
#include "taut/dns/type.hpp"

namespace taut::rdata {

namespace kind {

// 0x and hexadecimal; dots in it carry no meaning (RFC 1706 section 5).
struct Nsap : Opaque {
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

}  // namespace kind

// RFC 1706 section 5
struct NSAP {
  static constexpr Type type = Type::NSAP;

  Bytes address;

  NSAP() = default;

  static constexpr auto fields() { return FieldList<Field<kind::Nsap, &NSAP::address>>(); }
};

namespace kind {

// A character string of at least four digits (RFC 1183 section 3.1).
struct DigitString : CharacterString {
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
};

// To the end: a character string, or nothing.
struct OptionalCharacterString {
  using Value = std::optional<std::string>;
  static void encode(const Value& value, ByteWriter& out);
  static void decode(ByteSpan octets, Value& value);
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

}  // namespace kind

// RFC 1183 section 3.1
struct X25 {
  static constexpr Type type = Type::X25;

  std::string address;

  X25() = default;
  explicit X25(std::string_view psdnAddress) : address(psdnAddress) {}

  static constexpr auto fields() { return FieldList<Field<kind::DigitString, &X25::address>>(); }
};

// RFC 1183 section 3.2
struct ISDN {
  static constexpr Type type = Type::ISDN;

  std::string address;
  std::optional<std::string> subaddress;

  ISDN() = default;
  explicit ISDN(std::string_view isdnAddress) : address(isdnAddress) {}

  static constexpr auto fields() {
    return FieldList<Field<kind::CharacterString, &ISDN::address>,
                     Field<kind::OptionalCharacterString, &ISDN::subaddress>>();
  }
};

namespace kind {

// Format octet and address (ATM Forum af-saa-0069).
struct Atma : Opaque {
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

}  // namespace kind

// ATM Forum af-saa-0069
struct ATMA {
  static constexpr Type type = Type::ATMA;

  Bytes address;  // format octet, then digits (1) or octets (0)

  ATMA() = default;

  static constexpr auto fields() { return FieldList<Field<kind::Atma, &ATMA::address>>(); }
};

// draft-ietf-nimrod-dns
template <Type recordType>
struct Nimrod {
  static constexpr Type type = recordType;

  Bytes data;

  Nimrod() = default;

  static constexpr auto fields() { return FieldList<Field<kind::Hex, &Nimrod::data>>(); }
};

using EID = Nimrod<Type::EID>;
using NIMLOC = Nimrod<Type::NIMLOC>;

namespace kind {

// xx-xx-xx-xx-xx-xx (RFC 7043 section 3.2).
struct Eui48 : FixedOctets<6> {
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

// xx-xx-xx-xx-xx-xx-xx-xx (RFC 7043 section 4.2).
struct Eui64 : FixedOctets<8> {
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

}  // namespace kind

// RFC 7043 section 3.1
struct EUI48 {
  static constexpr Type type = Type::EUI48;

  std::array<std::uint8_t, 6> address{};

  EUI48() = default;
  explicit EUI48(const std::array<std::uint8_t, 6>& octets) : address(octets) {}

  static constexpr auto fields() { return FieldList<Field<kind::Eui48, &EUI48::address>>(); }
};

// RFC 7043 section 4.1
struct EUI64 {
  static constexpr Type type = Type::EUI64;

  std::array<std::uint8_t, 8> address{};

  EUI64() = default;
  explicit EUI64(const std::array<std::uint8_t, 8>& octets) : address(octets) {}

  static constexpr auto fields() { return FieldList<Field<kind::Eui64, &EUI64::address>>(); }
};

namespace kind {

// A number, big endian; decimal in text.
struct U64 {
  using Value = std::uint64_t;
  static void encode(Value value, ByteWriter& out) { out.u64(value); }
  static void decode(ByteSpan octets, Value& value) { value = ByteReader(octets).u64(); }
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

}  // namespace kind

// RFC 9758: a CBHE node number
struct IPN {
  static constexpr Type type = Type::IPN;

  std::uint64_t number = 0;

  IPN() = default;
  explicit IPN(std::uint64_t node) : number(node) {}

  static constexpr auto fields() { return FieldList<Field<kind::U64, &IPN::number>>(); }
};

}  // namespace taut::rdata
