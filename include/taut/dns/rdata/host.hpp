// Record types that hold keys, certificates and identities of hosts and people.
#pragma once

#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "taut/dns/name.hpp"
#include "taut/dns/rdata/codec.hpp"
#include "taut/dns/rdata/field.hpp"
#include "taut/dns/type.hpp"

namespace taut::rdata {

// RFC 4398 section 2
struct CERT {
  static constexpr Type type = Type::CERT;

  std::uint16_t certificateType = 0;
  std::uint16_t keyTag = 0;
  std::uint8_t algorithm = 0;
  Bytes certificate;

  CERT() = default;

  static constexpr auto fields() {
    return std::tuple(Field(FieldKind::certificateType, &CERT::certificateType), Field(FieldKind::u16, &CERT::keyTag),
                      Field(FieldKind::algorithm, &CERT::algorithm), Field(FieldKind::base64, &CERT::certificate));
  }
};

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
    return std::tuple(Field(FieldKind::u8, &SSHFP::algorithm), Field(FieldKind::u8, &SSHFP::fingerprintType),
                      Field(FieldKind::optionalHex, &SSHFP::fingerprint));
  }
};

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
    return std::tuple(Field(FieldKind::u8, &IPSECKEY::precedence),
                      Field(FieldKind::gatewayType, &IPSECKEY::gatewayType), Field(FieldKind::u8, &IPSECKEY::algorithm),
                      Field(FieldKind::gateway, &IPSECKEY::gateway),
                      Field(FieldKind::optionalBase64, &IPSECKEY::publicKey));
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
    return std::tuple(Field(FieldKind::u8, &CertificateAssociation::usage),
                      Field(FieldKind::u8, &CertificateAssociation::selector),
                      Field(FieldKind::u8, &CertificateAssociation::matchingType),
                      Field(FieldKind::hex, &CertificateAssociation::data));
  }
};

using TLSA = CertificateAssociation<Type::TLSA>;
using SMIMEA = CertificateAssociation<Type::SMIMEA>;  // RFC 8162 section 2

// RFC 8005 section 5
struct HIP {
  static constexpr Type type = Type::HIP;

  HostIdentity identity;
  std::vector<Name> servers;  // rendezvous servers

  HIP() = default;

  static constexpr auto fields() {
    return std::tuple(Field(FieldKind::hostIdentity, &HIP::identity), Field(FieldKind::plainNames, &HIP::servers));
  }
};

// Octets written as base64.
template <Type recordType>
struct Base64Data {
  static constexpr Type type = recordType;

  Bytes data;

  Base64Data() = default;
  explicit Base64Data(Bytes octets) : data(std::move(octets)) {}

  static constexpr auto fields() { return std::tuple(Field(FieldKind::base64, &Base64Data::data)); }
};

using DHCID = Base64Data<Type::DHCID>;            // RFC 4701 section 3.1
using OPENPGPKEY = Base64Data<Type::OPENPGPKEY>;  // RFC 7929 section 2.1
using HHIT = Base64Data<Type::HHIT>;              // RFC 9886
using BRID = Base64Data<Type::BRID>;              // RFC 9886

}  // namespace taut::rdata
