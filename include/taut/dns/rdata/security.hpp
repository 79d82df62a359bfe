// Record types of DNSSEC (RFC 4034, RFC 5155 and their kin). Times are seconds since 1970 modulo 2^32.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rdata/field.hpp"
#include "taut/dns/rdata/kind.hpp"
#include "taut/dns/type.hpp"

namespace taut::rdata {

namespace kind {

// Number or mnemonic (RFC 4034 appendix A.2).
struct DigestType : U8 {
  static bool parse(RdataParser& parser);
};

}  // namespace kind

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
    return FieldList<Field<kind::U16, &DigestOfKey::keyTag>, Field<kind::Algorithm, &DigestOfKey::algorithm>,
                     Field<kind::DigestType, &DigestOfKey::digestType>, Field<kind::Hex, &DigestOfKey::digest>>();
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
    return FieldList<Field<kind::U16, &ZoneKey::flags>, Field<kind::U8, &ZoneKey::protocol>,
                     Field<kind::Algorithm, &ZoneKey::algorithm>, Field<kind::Base64, &ZoneKey::publicKey>>();
  }
};

using DNSKEY = ZoneKey<Type::DNSKEY>;
using CDNSKEY = ZoneKey<Type::CDNSKEY>;  // RFC 7344 section 3.2
using RKEY = ZoneKey<Type::RKEY>;        // draft-reid-dnsext-rkey

namespace kind {

// Number, or mnemonics joined by | (RFC 2535 section 7.1).
struct KeyFlags : U16 {
  static bool parse(RdataParser& parser);
};

// Number or mnemonic (RFC 2535 section 7.1).
struct KeyProtocol : U8 {
  static bool parse(RdataParser& parser);
};

}  // namespace kind

// RFC 2535 section 3, RFC 3445; no key where the flags have 0xC000.
struct KEY {
  static constexpr Type type = Type::KEY;

  std::uint16_t flags = 0;
  std::uint8_t protocol = 0;
  std::uint8_t algorithm = 0;
  Bytes publicKey;

  KEY() = default;

  static constexpr auto fields() {
    return FieldList<Field<kind::KeyFlags, &KEY::flags>, Field<kind::KeyProtocol, &KEY::protocol>,
                     Field<kind::Algorithm, &KEY::algorithm>, Field<kind::OptionalBase64, &KEY::publicKey>>();
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
    return FieldList<Field<kind::RecordType, &RRSIG::typeCovered>, Field<kind::Algorithm, &RRSIG::algorithm>,
                     Field<kind::U8, &RRSIG::labels>, Field<kind::U32, &RRSIG::originalTtl>,
                     Field<kind::Time, &RRSIG::expiration>, Field<kind::Time, &RRSIG::inception>,
                     Field<kind::U16, &RRSIG::keyTag>, Field<kind::DowncasedName, &RRSIG::signer>,
                     Field<kind::Base64, &RRSIG::signature>>();
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
    return FieldList<Field<kind::RecordType, &SIG::typeCovered>, Field<kind::Algorithm, &SIG::algorithm>,
                     Field<kind::U8, &SIG::labels>, Field<kind::U32, &SIG::originalTtl>,
                     Field<kind::Time, &SIG::expiration>, Field<kind::Time, &SIG::inception>,
                     Field<kind::U16, &SIG::keyTag>, Field<kind::DecompressibleName, &SIG::signer>,
                     Field<kind::Base64, &SIG::signature>>();
  }
};

// Whether a type is in a set of types in wire form, which is well formed (RFC 4034 section 4.1.2).
bool typeBitmapContains(ByteSpan wire, Type type);

// A set of types as NSEC, NSEC3 and CSYNC hold it (RFC 4034 section 4.1.2).
class TypeBitmap {
 public:
  TypeBitmap() = default;
  TypeBitmap(std::initializer_list<Type> types);
  explicit TypeBitmap(ByteSpan wire) : wire_(wire.begin(), wire.end()) {}  // trusts the octets

  bool contains(Type type) const { return typeBitmapContains(wire_, type); }
  std::vector<Type> types() const;
  ByteSpan wire() const { return wire_; }

 private:
  Bytes wire_;
};

namespace kind {

// RFC 4034 section 4.1.2, to the end.
struct OptionalTypeBitmap {
  using Value = rdata::TypeBitmap;
  static void encode(const Value& value, ByteWriter& out) { out.bytes(value.wire()); }
  static void decode(ByteSpan octets, Value& value) { value = Value(octets); }
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

// Like OptionalTypeBitmap, and not empty.
struct TypeBitmap : OptionalTypeBitmap {
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
};

}  // namespace kind

// RFC 4034 section 4.1
struct NSEC {
  static constexpr Type type = Type::NSEC;

  Name next;
  TypeBitmap types;

  NSEC() = default;
  NSEC(NameView nextOwner, TypeBitmap bitmap) : next(nextOwner), types(std::move(bitmap)) {}

  static constexpr auto fields() {
    return FieldList<Field<kind::PlainName, &NSEC::next>, Field<kind::TypeBitmap, &NSEC::types>>();
  }
};

namespace kind {

// RFC 2535 section 5.2
struct NxtBitmap : Opaque {
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

}  // namespace kind

// RFC 2535 section 5.2, obsolete
struct NXT {
  static constexpr Type type = Type::NXT;

  Name next;
  Bytes bitmap;  // bit n for type n, up to 127

  NXT() = default;

  static constexpr auto fields() {
    return FieldList<Field<kind::DecompressibleName, &NXT::next>, Field<kind::NxtBitmap, &NXT::bitmap>>();
  }
};

namespace kind {

// Number or mnemonic (RFC 5155 section 11).
struct Nsec3Algorithm : U8 {
  static bool parse(RdataParser& parser);
};

// A length octet and as many octets, in hexadecimal, "-" where empty (RFC 5155 section 3.3).
struct Salt {
  using Value = Bytes;
  static void encode(const Value& value, ByteWriter& out);
  static void decode(ByteSpan octets, Value& value);
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

// A length octet and as many octets, in base32hex without padding (RFC 5155 section 3.3).
struct Hash : Salt {
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

}  // namespace kind

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
    return FieldList<Field<kind::Nsec3Algorithm, &NSEC3::hashAlgorithm>, Field<kind::U8, &NSEC3::flags>,
                     Field<kind::U16, &NSEC3::iterations>, Field<kind::Salt, &NSEC3::salt>,
                     Field<kind::Hash, &NSEC3::nextHash>, Field<kind::OptionalTypeBitmap, &NSEC3::types>>();
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
    return FieldList<Field<kind::Nsec3Algorithm, &NSEC3PARAM::hashAlgorithm>, Field<kind::U8, &NSEC3PARAM::flags>,
                     Field<kind::U16, &NSEC3PARAM::iterations>, Field<kind::Salt, &NSEC3PARAM::salt>>();
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
    return FieldList<Field<kind::U32, &CSYNC::serial>, Field<kind::U16, &CSYNC::flags>,
                     Field<kind::OptionalTypeBitmap, &CSYNC::types>>();
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
    return FieldList<Field<kind::U32, &ZONEMD::serial>, Field<kind::U8, &ZONEMD::scheme>,
                     Field<kind::U8, &ZONEMD::hashAlgorithm>, Field<kind::Hex, &ZONEMD::digest>>();
  }
};

}  // namespace taut::rdata
