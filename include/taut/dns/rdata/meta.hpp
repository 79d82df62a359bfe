// Record types of the protocol itself, and those that only carry octets.
#pragma once

#include <cstdint>
#include <tuple>
#include <utility>

#include "taut/dns/name.hpp"
#include "taut/dns/rdata/codec.hpp"
#include "taut/dns/rdata/field.hpp"
#include "taut/dns/type.hpp"

namespace taut::rdata {

// RFC 6891 section 6.1.2
struct OPT {
  static constexpr Type type = Type::OPT;

  Bytes options;  // code, length and data, one after the other

  OPT() = default;

  static constexpr auto fields() { return std::tuple(Field(FieldKind::options, &OPT::options)); }
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
    return std::tuple(Field(FieldKind::plainName, &TKEY::algorithm), Field(FieldKind::time, &TKEY::inception),
                      Field(FieldKind::time, &TKEY::expiration), Field(FieldKind::u16, &TKEY::mode),
                      Field(FieldKind::errorCode, &TKEY::error), Field(FieldKind::sizedBase64, &TKEY::key),
                      Field(FieldKind::sizedBase64, &TKEY::other));
  }
};

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
    return std::tuple(Field(FieldKind::plainName, &TSIG::algorithm), Field(FieldKind::u48, &TSIG::timeSigned),
                      Field(FieldKind::u16, &TSIG::fudge), Field(FieldKind::sizedBase64, &TSIG::mac),
                      Field(FieldKind::u16, &TSIG::originalId), Field(FieldKind::errorCode, &TSIG::error),
                      Field(FieldKind::sizedBase64, &TSIG::other));
  }
};

// Octets without a layout: RFC 1035 section 3.3.10, and types that the registry reserves without one.
template <Type recordType>
struct OpaqueData {
  static constexpr Type type = recordType;

  Bytes data;

  OpaqueData() = default;
  explicit OpaqueData(Bytes octets) : data(std::move(octets)) {}

  static constexpr auto fields() { return std::tuple(Field(FieldKind::opaque, &OpaqueData::data)); }
};

using NULL_ = OpaqueData<Type::NULL_>;
using UINFO = OpaqueData<Type::UINFO>;
using UID = OpaqueData<Type::UID>;
using GID = OpaqueData<Type::GID>;
using UNSPEC = OpaqueData<Type::UNSPEC>;

}  // namespace taut::rdata
