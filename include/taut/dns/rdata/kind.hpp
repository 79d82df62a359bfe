// The kinds of field that record types of several headers use, and what their members hold. taut/dns/rdata/field.hpp
// says what a kind consists of.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rdata/field.hpp"
#include "taut/dns/type.hpp"

namespace taut::rdata {

using Bytes = std::vector<std::uint8_t>;
using Ipv4 = std::array<std::uint8_t, 4>;   // network order
using Ipv6 = std::array<std::uint8_t, 16>;  // network order

namespace kind {

// Numbers, big endian; decimal in text.
struct U8 {
  using Value = std::uint8_t;
  static void encode(Value value, ByteWriter& out) { out.u8(value); }
  static void decode(ByteSpan octets, Value& value) { value = octets[0]; }
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

struct U16 {
  using Value = std::uint16_t;
  static void encode(Value value, ByteWriter& out) { out.u16(value); }
  static void decode(ByteSpan octets, Value& value) { value = loadU16(octets.data()); }
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

struct U32 {
  using Value = std::uint32_t;
  static void encode(Value value, ByteWriter& out) { out.u32(value); }
  static void decode(ByteSpan octets, Value& value) { value = loadU32(octets.data()); }
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

// A number of seconds since 1970 modulo 2^32, YYYYMMDDHHmmSS (RFC 4034 section 3.2).
struct Time : U32 {
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

// A record type: its mnemonic.
struct RecordType {
  using Value = Type;
  static void encode(Value value, ByteWriter& out) { out.u16(static_cast<std::uint16_t>(value)); }
  static void decode(ByteSpan octets, Value& value) { value = static_cast<Type>(loadU16(octets.data())); }
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

// Number or mnemonic of a DNSSEC algorithm.
struct Algorithm : U8 {
  static bool parse(RdataParser& parser);
};

// A name that is never compressed and keeps its case.
struct PlainName {
  using Value = Name;
  static void encode(const Value& value, ByteWriter& out) { out.bytes(value.wire()); }
  static void decode(ByteSpan octets, Value& value) { value = NameView::trusted(octets.data(), octets.size()); }
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

// A name that is lower case in canonical form (RFC 4034 section 6.2, RFC 6840 section 5.1).
struct DowncasedName : PlainName {
  static constexpr bool hasCase = true;
  static bool walk(RdataWalk& walk);
};

// A name that is lower case in canonical form, and in which a reader must follow pointers (RFC 3597 section 4).
struct DecompressibleName : DowncasedName {
  static bool walk(RdataWalk& walk);
};

// A name that a writer may compress. It is lower case in canonical form.
struct CompressibleName : DecompressibleName {
  static constexpr bool isCompressible = true;
};

// RFC 1035 section 3.3
struct CharacterString {
  using Value = std::string;
  static void encode(const Value& value, ByteWriter& out);
  static void decode(ByteSpan octets, Value& value);
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

// To the end, octets without a length.
struct Text {
  using Value = std::string;
  static void encode(const Value& value, ByteWriter& out);
  static void decode(ByteSpan octets, Value& value);
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

// To the end, in the generic text form alone (RFC 3597 section 5). The kinds that derive from it have a text form of
// their own.
struct Opaque {
  using Value = Bytes;
  static void encode(const Value& value, ByteWriter& out);
  static void decode(ByteSpan octets, Value& value);
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

// To the end, at least one octet, in hexadecimal.
struct Hex : Opaque {
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

// To the end, at least one octet, in base64.
struct Base64 : Opaque {
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

// To the end, in base64; may be empty.
struct OptionalBase64 : Base64 {
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
};

template <std::size_t size>
struct FixedOctets {
  using Value = std::array<std::uint8_t, size>;
  static void encode(const Value& value, ByteWriter& out) { out.bytes(value); }
  static void decode(ByteSpan octets, Value& value) { std::memcpy(value.data(), octets.data(), size); }
  static bool walk(RdataWalk& walk);
};

struct Ipv4 : FixedOctets<4> {
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

struct Ipv6 : FixedOctets<16> {
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

// Nothing, an address or a name, as the octet at offset 1 of the RDATA says (RFC 4025 section 2.5).
struct Gateway : Opaque {
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

}  // namespace kind

}  // namespace taut::rdata
