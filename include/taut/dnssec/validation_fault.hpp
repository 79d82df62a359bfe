// Why data of a signed zone could not be validated.
#pragma once

#include <cstdint>
#include <string_view>

#include "taut/dns/edns.hpp"

namespace taut {

// Of two signatures that fail, the one with the later fault came further and tells more.
enum class ValidationFault : std::uint8_t {
  noSignature,           // no RRSIG covers the RRset
  malformedSignature,    // RDATA of an RRSIG that is none
  wrongType,             // the RRSIG covers another type
  wrongSigner,           // the signer is not the zone, or not one that may sign this RRset
  wrongLabels,           // more labels than the owner has, or fewer than the zone
  tooManyRecords,        // the RRset is larger than any that is verified
  noMatchingKey,         // no DNSKEY has the algorithm and the tag; of a DNSKEY RRset: none fits a DS
  unsupportedDigest,     // no DS has a digest that is validated (RFC 4035 section 5.2)
  unsupportedAlgorithm,  // no DS, or no signature, has an algorithm that is validated
  notZoneKey,            // the DNSKEY is not one for zones (RFC 4034 section 2.1)
  revokedKey,            // RFC 5011 section 2.1
  expiredBeforeValid,    // the times of the RRSIG are in the wrong order
  notYetValid,
  expired,
  malformedKey,
  costlyKey,     // RSA with a modulus above 4096 bits or an exponent above 2^35
  budgetSpent,   // what one question may cost has been spent
  badSignature,  // the RRset is not what was signed
};

// For people, in the middle of a sentence.
std::string_view describe(ValidationFault fault);
// What a client is told (RFC 8914 section 4).
ExtendedErrorCode extendedErrorOf(ValidationFault fault);

}  // namespace taut
