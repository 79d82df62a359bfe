#include "taut/dnssec/denial_records.hpp"

#include "taut/dns/rdata.hpp"

namespace taut {

std::optional<ExtendedErrorCode> extendedErrorOf(DenialProof proof) {
  switch (proof) {
    case DenialProof::missing:
      return ExtendedErrorCode::nsecMissing;
    case DenialProof::budgetSpent:
      return ExtendedErrorCode::dnssecIndeterminate;
    case DenialProof::tooManyIterations:
      return ExtendedErrorCode::unsupportedNsec3Iterations;
    case DenialProof::optOut:
    case DenialProof::proven:
      break;
  }
  return std::nullopt;
}

bool DenialRecords::add(const RRset& set, const VerifiedSignature& signature) {
  if (nsecCount_ + nsec3Count_ == maxDenialRecords) return false;
  // One record at each owner; one that comes of a wildcard is not the one of its owner.
  if (set.count != 1 || signature.isExpanded || !validRdata(set.type, set.front())) return false;
  if (set.type == Type::NSEC) return addNsec(set);
  if (set.type == Type::NSEC3) return addNsec3(set);
  return false;
}

DenialProof DenialRecords::nameError(NameView name, CryptoBudget& budget) const {
  if (!name.isWithin(zone_)) return DenialProof::missing;
  return nsecNameError(name) ? DenialProof::proven : nsec3NameError(name, budget);
}

DenialProof DenialRecords::noData(NameView name, Type type, CryptoBudget& budget) const {
  if (!name.isWithin(zone_)) return DenialProof::missing;
  return nsecNoData(name, type) ? DenialProof::proven : nsec3NoData(name, type, budget);
}

DenialProof DenialRecords::wildcardAnswer(NameView name, std::size_t labels, CryptoBudget& budget) const {
  if (!name.isWithin(zone_) || labels < zone_.labelCount() || labels >= name.labelCount()) return DenialProof::missing;
  return nsecWildcardAnswer(name, labels) ? DenialProof::proven : nsec3WildcardAnswer(name, labels, budget);
}

DelegationProof DenialRecords::delegation(NameView name, CryptoBudget& budget) const {
  if (!name.isBelow(zone_)) return DelegationProof::missing;
  const std::optional<DelegationProof> proof = nsecDelegation(name);
  return proof ? *proof : nsec3Delegation(name, budget);
}

}  // namespace taut
