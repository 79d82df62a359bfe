// The steps of verifying a signature, for those who verify with several keys.
#pragma once

#include <cstdint>
#include <optional>

#include "taut/dns/name.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dnssec/rrsig.hpp"
#include "taut/dnssec/signature.hpp"
#include "taut/dnssec/validation_fault.hpp"
#include "taut/dnssec/verification_key.hpp"

namespace taut::detail {

// Whether the key is the one that the signature names, and may be used.
std::optional<ValidationFault> checkKey(const RRset& set, const RrsigView& signature, NameView zone,
                                        const VerificationKey& key);

// After the signature has verified.
VerifiedSignature verifiedBy(const RRset& set, const RrsigView& signature, std::uint32_t now);

}  // namespace taut::detail
