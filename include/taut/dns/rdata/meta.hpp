// Record types of the protocol itself, and those that only carry octets.
#pragma once

#include <cstdint>
#include <utility>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rdata/field.hpp"
#include "taut/dns/rdata/kind.hpp"
#include "taut/dns/type.hpp"

namespace taut::rdata {

namespace kind {

// EDNS options (RFC 6891 section 6.1.2).
struct Options : Opaque {
  static bool walk(RdataWalk& walk);
};

// Number or mnemonic of an RCODE (RFC 8945 section 3).
struct ErrorCode : U16 {
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

// A 16-bit length, which is a word of the text too, and as many octets in base64.
struct SizedBase64 {
  using Value = Bytes;
  static void encode(const Value& value, ByteWriter& out);
  static void decode(ByteSpan octets, Value& value);
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

}  // namespace kind

// RFC 6891 section 6.1.2
struct OPT {
  static constexpr Type type = Type::OPT;

  Bytes options;  // code, length and data, one after the other

  OPT() = default;

  static constexpr auto fields() { return FieldList<Field<kind::Options, &OPT::options>>(); }
};

// RFC 2930 section 2
struct TKEY {
  static constexpr Type type = Type::TKEY;

  Name algorithm;
  std::uint32_t inception = 0;
  std::uint32_t expiration = 0;
  std::uint16_t mode = 0;
  std::uint16_t error = 0;
  Bytes key;
  Bytes other;

  TKEY() = default;

  static constexpr auto fields() {
    return FieldList<Field<kind::PlainName, &TKEY::algorithm>, Field<kind::Time, &TKEY::inception>,
                     Field<kind::Time, &TKEY::expiration>, Field<kind::U16, &TKEY::mode>,
                     Field<kind::ErrorCode, &TKEY::error>, Field<kind::SizedBase64, &TKEY::key>,
                     Field<kind::SizedBase64, &TKEY::other>>();
  }
};

namespace kind {

// A number, big endian; decimal in text.
struct U48 {
  using Value = std::uint64_t;
  static void encode(Value value, ByteWriter& out) { out.u48(value); }
  static void decode(ByteSpan octets, Value& value) { value = ByteReader(octets).u48(); }
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

}  // namespace kind

// RFC 8945 section 4.2
struct TSIG {
  static constexpr Type type = Type::TSIG;

  Name algorithm;
  std::uint64_t timeSigned = 0;  // seconds since 1970
  std::uint16_t fudge = 0;
  Bytes mac;
  std::uint16_t originalId = 0;
  std::uint16_t error = 0;
  Bytes other;

  TSIG() = default;

  static constexpr auto fields() {
    return FieldList<Field<kind::PlainName, &TSIG::algorithm>, Field<kind::U48, &TSIG::timeSigned>,
                     Field<kind::U16, &TSIG::fudge>, Field<kind::SizedBase64, &TSIG::mac>,
                     Field<kind::U16, &TSIG::originalId>, Field<kind::ErrorCode, &TSIG::error>,
                     Field<kind::SizedBase64, &TSIG::other>>();
  }
};

// Octets without a layout: RFC 1035 section 3.3.10, and types that the registry reserves without one.
template <Type recordType>
struct OpaqueData {
  static constexpr Type type = recordType;

  Bytes data;

  OpaqueData() = default;
  explicit OpaqueData(Bytes octets) : data(std::move(octets)) {}

  static constexpr auto fields() { return FieldList<Field<kind::Opaque, &OpaqueData::data>>(); }
};

using NULL_ = OpaqueData<Type::NULL_>;
using UINFO = OpaqueData<Type::UINFO>;
using UID = OpaqueData<Type::UID>;
using GID = OpaqueData<Type::GID>;
using UNSPEC = OpaqueData<Type::UNSPEC>;

}  // namespace taut::rdata
