#include "taut/dnssec/signature.hpp"

#include <algorithm>

#include "canonical_rrset.hpp"
#include "signature_steps.hpp"
#include "taut/dns/serial.hpp"

namespace taut {

namespace {

// Whether a zone may sign such a record of this owner: what tells of a zone to its parent is the parent's, and what a
// zone says of itself is at its apex (RFC 4035 sections 2.2 and 2.4).
bool maySign(NameView signer, const RRset& set) {
  if (!set.owner.isWithin(signer)) return false;
  switch (set.type) {
    case Type::DS:
      return set.owner != signer || signer.isRoot();
    case Type::SOA:
    case Type::NSEC3PARAM:
    case Type::CDS:
    case Type::CDNSKEY:
      return set.owner == signer;
    default:
      return true;
  }
}

// Neither before the other, nor so far apart that it is not defined which one is (RFC 1982 section 3.2).
bool isAtOrAfter(std::uint32_t time, std::uint32_t than) {
  return time == than || isNewer(Serial(time), Serial(than));
}

}  // namespace

std::optional<ValidationFault> checkSignature(const RRset& set, const RrsigView& signature, std::uint32_t now) {
  if (signature.typeCovered() != set.type || set.type == Type::RRSIG) return ValidationFault::wrongType;
  if (!maySign(signature.signer(), set)) return ValidationFault::wrongSigner;
  // A wildcard above the zone that signs would speak for names of others.
  if (signature.labels() > detail::signedLabels(set.owner) || signature.labels() < signature.signer().labelCount())
    return ValidationFault::wrongLabels;
  if (!detail::isVerifiable(set)) return ValidationFault::tooManyRecords;
  if (!isAtOrAfter(signature.expiration(), signature.inception())) return ValidationFault::expiredBeforeValid;
  if (!isAtOrAfter(now, signature.inception())) return ValidationFault::notYetValid;
  if (!isAtOrAfter(signature.expiration(), now)) return ValidationFault::expired;
  return std::nullopt;
}

namespace detail {

std::optional<ValidationFault> checkKey(const RRset& set, const RrsigView& signature, NameView zone,
                                        const VerificationKey& key) {
  if (signature.signer() != zone) return ValidationFault::wrongSigner;
  if (signature.algorithm() != key.algorithm() || signature.keyTag() != key.keyTag())
    return ValidationFault::noMatchingKey;
  if (!key.isZoneKey()) return ValidationFault::notZoneKey;
  // It says that it is revoked by signing the keys that it is one of.
  const bool isOfItself = set.type == Type::DNSKEY && set.owner == zone;
  if (key.isRevoked() && !isOfItself) return ValidationFault::revokedKey;
  return std::nullopt;
}

VerifiedSignature verifiedBy(const RRset& set, const RrsigView& signature, std::uint32_t now) {
  VerifiedSignature verified;
  verified.labels = signature.labels();
  verified.isExpanded = signature.labels() < signedLabels(set.owner);
  verified.ttl = std::min({set.ttl, signature.originalTtl(), signature.expiration() - now});
  return verified;
}

}  // namespace detail

Result<VerifiedSignature, ValidationFault> verifySignature(const RRset& set, const RrsigView& signature, NameView zone,
                                                           VerificationKey& key, std::uint32_t now) {
  if (const auto fault = checkSignature(set, signature, now)) return Failure(*fault);
  if (const auto fault = detail::checkKey(set, signature, zone, key)) return Failure(*fault);
  const detail::CanonicalRRset canonical(set);
  if (!key.verify(canonical.signedOctets(signature), signature.signature()))
    return Failure(ValidationFault::badSignature);
  return detail::verifiedBy(set, signature, now);
}

}  // namespace taut
