// Whether a signature is one over an RRset (RFC 4035 section 5.3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "taut/base/result.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dnssec/rrsig.hpp"
#include "taut/dnssec/validation_fault.hpp"
#include "taut/dnssec/verification_key.hpp"

namespace taut {

// RRsets of more than so many records, or octets of RDATA, are not verified.
inline constexpr std::size_t maxVerifiedRecords = 256;
inline constexpr std::size_t maxVerifiedOctets = 65536;

// What a signature that verified says of its RRset.
struct VerifiedSignature {
  std::uint8_t labels = 0;  // of the owner that was signed, without the root and a wildcard
  bool isExpanded = false;  // the RRset comes of a wildcard, whose use has to be proven (RFC 4035 section 5.3.4)
  std::uint32_t ttl = 0;    // seconds that the RRset may be kept (RFC 4035 section 5.3.3)

  // Where the wildcard lies that an expanded RRset comes of: the closest encloser of `owner`.
  NameView closestEncloser(NameView owner) const { return owner.suffix(labels); }
};

// All that is checked without a key, and so costs nearly nothing: `now` is in seconds since 1970 modulo 2^32. The times
// are compared by serial arithmetic (RFC 4034 section 3.1.5). A DS is not signed by its own owner but by its parent;
// what belongs to an apex is signed by the apex. The RRSIG has the owner and the class of the RRset.
std::optional<ValidationFault> checkSignature(const RRset& set, const RrsigView& signature, std::uint32_t now);

// checkSignature(), then whether `key`, a DNSKEY of `zone`, has made the signature. RDATA is taken in the order that it
// has, names in any case: both are put into canonical form (RFC 4034 sections 6.2 and 6.3, RFC 6840 section 5.1).
// A revoked key verifies the DNSKEY RRset of its zone alone (RFC 5011 section 2.1).
Result<VerifiedSignature, ValidationFault> verifySignature(const RRset& set, const RrsigView& signature, NameView zone,
                                                           VerificationKey& key, std::uint32_t now);

}  // namespace taut
