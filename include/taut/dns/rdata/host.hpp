// Record types that hold keys, certificates and identities of hosts and people.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rdata/field.hpp"
#include "taut/dns/rdata/kind.hpp"
#include "taut/dns/type.hpp"

namespace taut::rdata {

namespace kind {

// Number or mnemonic (RFC 4398 section 2.1).
struct CertificateType : U16 {
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

}  // namespace kind

// RFC 4398 section 2
struct CERT {
  static constexpr Type type = Type::CERT;

  std::uint16_t certificateType = 0;
  std::uint16_t keyTag = 0;
  std::uint8_t algorithm = 0;
  Bytes certificate;

  CERT() = default;

  static constexpr auto fields() {
    return FieldList<Field<kind::CertificateType, &CERT::certificateType>, Field<kind::U16, &CERT::keyTag>,
                     Field<kind::Algorithm, &CERT::algorithm>, Field<kind::Base64, &CERT::certificate>>();
  }
};

namespace kind {

// To the end, in hexadecimal.
struct OptionalHex : Hex {
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

}  // namespace kind

// RFC 4255 section 3.1
struct SSHFP {
  static constexpr Type type = Type::SSHFP;

  std::uint8_t algorithm = 0;
  std::uint8_t fingerprintType = 0;
  Bytes fingerprint;

  SSHFP() = default;
  SSHFP(std::uint8_t keyAlgorithm, std::uint8_t hashType, Bytes octets)
      : algorithm(keyAlgorithm), fingerprintType(hashType), fingerprint(std::move(octets)) {}

  static constexpr auto fields() {
    return FieldList<Field<kind::U8, &SSHFP::algorithm>, Field<kind::U8, &SSHFP::fingerprintType>,
                     Field<kind::OptionalHex, &SSHFP::fingerprint>>();
  }
};

namespace kind {

// At most 3 (RFC 4025 section 2.3).
struct GatewayType : U8 {
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
};

}  // namespace kind

// RFC 4025 section 2
struct IPSECKEY {
  static constexpr Type type = Type::IPSECKEY;

  std::uint8_t precedence = 0;
  std::uint8_t gatewayType = 0;  // 0 none, 1 IPv4, 2 IPv6, 3 name
  std::uint8_t algorithm = 0;
  Bytes gateway;  // address or name on the wire
  Bytes publicKey;

  IPSECKEY() = default;

  static constexpr auto fields() {
    return FieldList<Field<kind::U8, &IPSECKEY::precedence>, Field<kind::GatewayType, &IPSECKEY::gatewayType>,
                     Field<kind::U8, &IPSECKEY::algorithm>, Field<kind::Gateway, &IPSECKEY::gateway>,
                     Field<kind::OptionalBase64, &IPSECKEY::publicKey>>();
  }
};

// RFC 6698 section 2.1
template <Type recordType>
struct CertificateAssociation {
  static constexpr Type type = recordType;

  std::uint8_t usage = 0;
  std::uint8_t selector = 0;
  std::uint8_t matchingType = 0;
  Bytes data;

  CertificateAssociation() = default;
  CertificateAssociation(std::uint8_t certificateUsage, std::uint8_t part, std::uint8_t matching, Bytes octets)
      : usage(certificateUsage), selector(part), matchingType(matching), data(std::move(octets)) {}

  static constexpr auto fields() {
    return FieldList<
        Field<kind::U8, &CertificateAssociation::usage>, Field<kind::U8, &CertificateAssociation::selector>,
        Field<kind::U8, &CertificateAssociation::matchingType>, Field<kind::Hex, &CertificateAssociation::data>>();
  }
};

using TLSA = CertificateAssociation<Type::TLSA>;
using SMIMEA = CertificateAssociation<Type::SMIMEA>;  // RFC 8162 section 2

// What precedes the rendezvous servers in a HIP record (RFC 8005 section 5).
struct HostIdentity {
  std::uint8_t algorithm = 0;
  Bytes hit;
  Bytes publicKey;

  HostIdentity() = default;
};

namespace kind {

// Lengths, algorithm, HIT and key (RFC 8005 section 5).
struct HostIdentity {
  using Value = rdata::HostIdentity;
  static void encode(const Value& value, ByteWriter& out);
  static void decode(ByteSpan octets, Value& value);
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

// Names to the end, or none.
struct PlainNames {
  using Value = std::vector<Name>;
  static void encode(const Value& value, ByteWriter& out);
  static void decode(ByteSpan octets, Value& value);
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

}  // namespace kind

// RFC 8005 section 5
struct HIP {
  static constexpr Type type = Type::HIP;

  HostIdentity identity;
  std::vector<Name> servers;  // rendezvous servers

  HIP() = default;

  static constexpr auto fields() {
    return FieldList<Field<kind::HostIdentity, &HIP::identity>, Field<kind::PlainNames, &HIP::servers>>();
  }
};

// Octets written as base64.
template <Type recordType>
struct Base64Data {
  static constexpr Type type = recordType;

  Bytes data;

  Base64Data() = default;
  explicit Base64Data(Bytes octets) : data(std::move(octets)) {}

  static constexpr auto fields() { return FieldList<Field<kind::Base64, &Base64Data::data>>(); }
};

using DHCID = Base64Data<Type::DHCID>;            // RFC 4701 section 3.1
using OPENPGPKEY = Base64Data<Type::OPENPGPKEY>;  // RFC 7929 section 2.1
using HHIT = Base64Data<Type::HHIT>;              // RFC 9886
using BRID = Base64Data<Type::BRID>;              // RFC 9886

}  // namespace taut::rdata
