// Record types of DNSSEC (RFC 4034, RFC 5155 and their kin). Times are seconds since 1970 modulo 2^32.
#pragma once

#include <cstdint>
#include <tuple>
#include <utility>

#include "taut/dns/name.hpp"
#include "taut/dns/rdata/codec.hpp"
#include "taut/dns/rdata/field.hpp"
#include "taut/dns/type.hpp"

namespace taut::rdata {

// RFC 4034 section 5.1
template <Type recordType>
struct DigestOfKey {
  static constexpr Type type = recordType;

  std::uint16_t keyTag = 0;
  std::uint8_t algorithm = 0;
  std::uint8_t digestType = 0;
  Bytes digest;

  DigestOfKey() = default;
  DigestOfKey(std::uint16_t tag, std::uint8_t keyAlgorithm, std::uint8_t digestAlgorithm, Bytes octets)
      : keyTag(tag), algorithm(keyAlgorithm), digestType(digestAlgorithm), digest(std::move(octets)) {}

  static constexpr auto fields() {
    return std::tuple(Field(FieldKind::u16, &DigestOfKey::keyTag), Field(FieldKind::algorithm, &DigestOfKey::algorithm),
                      Field(FieldKind::digestType, &DigestOfKey::digestType),
                      Field(FieldKind::hex, &DigestOfKey::digest));
  }
};

using DS = DigestOfKey<Type::DS>;
using CDS = DigestOfKey<Type::CDS>;  // RFC 7344 section 3.1; "0 0 0 00" asks for removal (RFC 8078 section 4)
using DLV = DigestOfKey<Type::DLV>;  // RFC 4431, historic
using TA = DigestOfKey<Type::TA>;    // DNSSEC Trust Authorities

// RFC 4034 section 2.1
template <Type recordType>
struct ZoneKey {
  static constexpr Type type = recordType;

  std::uint16_t flags = 0;
  std::uint8_t protocol = 0;
  std::uint8_t algorithm = 0;
  Bytes publicKey;

  ZoneKey() = default;
  ZoneKey(std::uint16_t flagBits, std::uint8_t protocolNumber, std::uint8_t keyAlgorithm, Bytes key)
      : flags(flagBits), protocol(protocolNumber), algorithm(keyAlgorithm), publicKey(std::move(key)) {}

  static constexpr auto fields() {
    return std::tuple(Field(FieldKind::u16, &ZoneKey::flags), Field(FieldKind::u8, &ZoneKey::protocol),
                      Field(FieldKind::algorithm, &ZoneKey::algorithm), Field(FieldKind::base64, &ZoneKey::publicKey));
  }
};

using DNSKEY = ZoneKey<Type::DNSKEY>;
using CDNSKEY = ZoneKey<Type::CDNSKEY>;  // RFC 7344 section 3.2
using RKEY = ZoneKey<Type::RKEY>;        // draft-reid-dnsext-rkey

// RFC 2535 section 3, RFC 3445; no key where the flags have 0xC000.
struct KEY {
  static constexpr Type type = Type::KEY;

  std::uint16_t flags = 0;
  std::uint8_t protocol = 0;
  std::uint8_t algorithm = 0;
  Bytes publicKey;

  KEY() = default;

  static constexpr auto fields() {
    return std::tuple(Field(FieldKind::keyFlags, &KEY::flags), Field(FieldKind::keyProtocol, &KEY::protocol),
                      Field(FieldKind::algorithm, &KEY::algorithm), Field(FieldKind::optionalBase64, &KEY::publicKey));
  }
};

// RFC 4034 section 3.1
struct RRSIG {
  static constexpr Type type = Type::RRSIG;

  Type typeCovered{};
  std::uint8_t algorithm = 0;
  std::uint8_t labels = 0;
  std::uint32_t originalTtl = 0;
  std::uint32_t expiration = 0;
  std::uint32_t inception = 0;
  std::uint16_t keyTag = 0;
  Name signer;
  Bytes signature;

  RRSIG() = default;

  static constexpr auto fields() {
    return std::tuple(Field(FieldKind::type, &RRSIG::typeCovered), Field(FieldKind::algorithm, &RRSIG::algorithm),
                      Field(FieldKind::u8, &RRSIG::labels), Field(FieldKind::u32, &RRSIG::originalTtl),
                      Field(FieldKind::time, &RRSIG::expiration), Field(FieldKind::time, &RRSIG::inception),
                      Field(FieldKind::u16, &RRSIG::keyTag), Field(FieldKind::foldedName, &RRSIG::signer),
                      Field(FieldKind::base64, &RRSIG::signature));
  }
};

// RFC 2535 section 4.1, RFC 2931
struct SIG {
  static constexpr Type type = Type::SIG;

  Type typeCovered{};
  std::uint8_t algorithm = 0;
  std::uint8_t labels = 0;
  std::uint32_t originalTtl = 0;
  std::uint32_t expiration = 0;
  std::uint32_t inception = 0;
  std::uint16_t keyTag = 0;
  Name signer;
  Bytes signature;

  SIG() = default;

  static constexpr auto fields() {
    return std::tuple(Field(FieldKind::type, &SIG::typeCovered), Field(FieldKind::algorithm, &SIG::algorithm),
                      Field(FieldKind::u8, &SIG::labels), Field(FieldKind::u32, &SIG::originalTtl),
                      Field(FieldKind::time, &SIG::expiration), Field(FieldKind::time, &SIG::inception),
                      Field(FieldKind::u16, &SIG::keyTag), Field(FieldKind::receivedName, &SIG::signer),
                      Field(FieldKind::base64, &SIG::signature));
  }
};

// RFC 4034 section 4.1
struct NSEC {
  static constexpr Type type = Type::NSEC;

  Name next;
  TypeBitmap types;

  NSEC() = default;
  NSEC(NameView nextOwner, TypeBitmap bitmap) : next(nextOwner), types(std::move(bitmap)) {}

  static constexpr auto fields() {
    return std::tuple(Field(FieldKind::plainName, &NSEC::next), Field(FieldKind::typeBitmap, &NSEC::types));
  }
};

// RFC 2535 section 5.2, obsolete
struct NXT {
  static constexpr Type type = Type::NXT;

  Name next;
  Bytes bitmap;  // bit n for type n, up to 127

  NXT() = default;

  static constexpr auto fields() {
    return std::tuple(Field(FieldKind::receivedName, &NXT::next), Field(FieldKind::nxtBitmap, &NXT::bitmap));
  }
};

// RFC 5155 section 3.2
struct NSEC3 {
  static constexpr Type type = Type::NSEC3;

  std::uint8_t hashAlgorithm = 0;
  std::uint8_t flags = 0;
  std::uint16_t iterations = 0;
  Bytes salt;
  Bytes nextHash;
  TypeBitmap types;

  NSEC3() = default;

  static constexpr auto fields() {
    return std::tuple(Field(FieldKind::nsec3Algorithm, &NSEC3::hashAlgorithm), Field(FieldKind::u8, &NSEC3::flags),
                      Field(FieldKind::u16, &NSEC3::iterations), Field(FieldKind::salt, &NSEC3::salt),
                      Field(FieldKind::hash, &NSEC3::nextHash), Field(FieldKind::optionalTypeBitmap, &NSEC3::types));
  }
};

// RFC 5155 section 4.2
struct NSEC3PARAM {
  static constexpr Type type = Type::NSEC3PARAM;

  std::uint8_t hashAlgorithm = 0;
  std::uint8_t flags = 0;
  std::uint16_t iterations = 0;
  Bytes salt;

  NSEC3PARAM() = default;

  static constexpr auto fields() {
    return std::tuple(Field(FieldKind::nsec3Algorithm, &NSEC3PARAM::hashAlgorithm),
                      Field(FieldKind::u8, &NSEC3PARAM::flags), Field(FieldKind::u16, &NSEC3PARAM::iterations),
                      Field(FieldKind::salt, &NSEC3PARAM::salt));
  }
};

// RFC 7477 section 2.1
struct CSYNC {
  static constexpr Type type = Type::CSYNC;

  std::uint32_t serial = 0;
  std::uint16_t flags = 0;
  TypeBitmap types;

  CSYNC() = default;

  static constexpr auto fields() {
    return std::tuple(Field(FieldKind::u32, &CSYNC::serial), Field(FieldKind::u16, &CSYNC::flags),
                      Field(FieldKind::optionalTypeBitmap, &CSYNC::types));
  }
};

// RFC 8976 section 2.2
struct ZONEMD {
  static constexpr Type type = Type::ZONEMD;

  std::uint32_t serial = 0;
  std::uint8_t scheme = 0;
  std::uint8_t hashAlgorithm = 0;
  Bytes digest;

  ZONEMD() = default;

  static constexpr auto fields() {
    return std::tuple(Field(FieldKind::u32, &ZONEMD::serial), Field(FieldKind::u8, &ZONEMD::scheme),
                      Field(FieldKind::u8, &ZONEMD::hashAlgorithm), Field(FieldKind::hex, &ZONEMD::digest));
  }
};

}  // namespace taut::rdata
