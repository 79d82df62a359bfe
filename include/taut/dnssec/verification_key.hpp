// A public key made ready to verify signatures with.
//
// Making one of P-256 takes a tenth of the time that a verification takes, and 3 kB: keep it as long as the key is
// used.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "taut/base/bytes.hpp"
#include "taut/base/result.hpp"
#include "taut/dnssec/algorithm.hpp"
#include "taut/dnssec/dnskey.hpp"
#include "taut/dnssec/validation_fault.hpp"

struct evp_pkey_st;
struct evp_pkey_ctx_st;

namespace taut {

// Whether a key would cost too much to verify with: RSA with a modulus above 4096 bits or an exponent above 2^35. Zones
// without other keys are insecure.
bool isCostly(const DnskeyView& key);

class VerificationKey {
 public:
  // RSA as RFC 3110 has it, with a modulus of 512 to 4096 bits (RFC 5702 section 2) and an odd exponent from 3 to 2^35,
  // elliptic curves as RFC 6605 and RFC 8080 have them. Fails with unsupportedAlgorithm, malformedKey or costlyKey, and
  // throws std::bad_alloc where there is no memory.
  static Result<VerificationKey, ValidationFault> make(const DnskeyView& key);

  DnssecAlgorithm algorithm() const { return algorithm_; }
  std::uint16_t keyTag() const { return keyTag_; }
  bool isZoneKey() const { return isZoneKey_; }
  bool isRevoked() const { return isRevoked_; }

  // Of one verification over few octets; with RSA it depends on the sizes of modulus and exponent.
  std::chrono::microseconds price() const { return price_; }

  // Whether `signature`, as an RRSIG has it, is one over `data` by this key. On any thread, but on one at a time.
  bool verify(ByteSpan data, ByteSpan signature);

 private:
  struct Free {
    void operator()(evp_pkey_ctx_st* verifier) const;
  };
  using Verifier = std::unique_ptr<evp_pkey_ctx_st, Free>;

  VerificationKey(const DnskeyView& key, Verifier verifier, std::chrono::microseconds price);

  static Result<VerificationKey, ValidationFault> makeOf(const DnskeyView& key, evp_pkey_st* made,
                                                         std::chrono::microseconds price);
  static Result<VerificationKey, ValidationFault> makeRsa(const DnskeyView& key);
  static Result<VerificationKey, ValidationFault> makeEcdsa(const DnskeyView& key);
  static Result<VerificationKey, ValidationFault> makeEddsa(const DnskeyView& key);

  Verifier verifier_;  // with the key in it
  std::chrono::microseconds price_;
  std::uint16_t keyTag_;
  DnssecAlgorithm algorithm_;
  bool isZoneKey_;
  bool isRevoked_;
};

}  // namespace taut
