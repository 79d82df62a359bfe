#include "taut/dnssec/validation_fault.hpp"

namespace taut {

std::string_view describe(ValidationFault fault) {
  switch (fault) {
    case ValidationFault::noSignature:
      return "no signature covers the records";
    case ValidationFault::malformedSignature:
      return "a signature is malformed";
    case ValidationFault::wrongType:
      return "the signature covers another type";
    case ValidationFault::wrongSigner:
      return "the signer is not the zone";
    case ValidationFault::wrongLabels:
      return "the signature's labels do not fit the owner";
    case ValidationFault::tooManyRecords:
      return "more records than are verified";
    case ValidationFault::noMatchingKey:
      return "no key fits";
    case ValidationFault::unsupportedDigest:
      return "no digest is supported";
    case ValidationFault::unsupportedAlgorithm:
      return "no algorithm is supported";
    case ValidationFault::notZoneKey:
      return "the key is not one for zones";
    case ValidationFault::revokedKey:
      return "the key is revoked";
    case ValidationFault::expiredBeforeValid:
      return "the signature expires before it is valid";
    case ValidationFault::notYetValid:
      return "the signature is not yet valid";
    case ValidationFault::expired:
      return "the signature has expired";
    case ValidationFault::malformedKey:
      return "the key is malformed";
    case ValidationFault::costlyKey:
      return "the key costs too much to verify with";
    case ValidationFault::budgetSpent:
      return "the budget for cryptography is spent";
    case ValidationFault::badSignature:
      return "the signature does not verify";
  }
  return "";
}

ExtendedErrorCode extendedErrorOf(ValidationFault fault) {
  switch (fault) {
    case ValidationFault::noSignature:
      return ExtendedErrorCode::rrsigsMissing;
    case ValidationFault::noMatchingKey:
      return ExtendedErrorCode::dnskeyMissing;
    case ValidationFault::unsupportedDigest:
      return ExtendedErrorCode::unsupportedDsDigestType;
    case ValidationFault::unsupportedAlgorithm:
    case ValidationFault::costlyKey:
      return ExtendedErrorCode::unsupportedDnskeyAlgorithm;
    case ValidationFault::notZoneKey:
      return ExtendedErrorCode::noZoneKeyBitSet;
    case ValidationFault::expiredBeforeValid:
      return ExtendedErrorCode::signatureExpiredBeforeValid;
    case ValidationFault::notYetValid:
      return ExtendedErrorCode::signatureNotYetValid;
    case ValidationFault::expired:
      return ExtendedErrorCode::signatureExpired;
    case ValidationFault::budgetSpent:
      return ExtendedErrorCode::dnssecIndeterminate;
    default:
      return ExtendedErrorCode::dnssecBogus;
  }
}

}  // namespace taut
