// Proofs from NSEC3 records (RFC 5155 section 8).
#include <algorithm>

#include "denied_types.hpp"
#include "taut/dns/rdata/security.hpp"
#include "taut/dnssec/denial_records.hpp"

namespace taut {

namespace {

constexpr std::uint8_t sha1 = 1;
constexpr std::uint8_t optOutFlag = 1;

// Blocks of 64 octets that SHA-1 takes for so many octets: at least one octet and the size in eight follow them.
std::size_t blocksOf(std::size_t octets) {
  return (octets + 9 + 63) / 64;
}

}  // namespace

bool DenialRecords::Nsec3::covers(const Nsec3Hash& hash) const {
  // After the last hash comes the first one again.
  if (owner < next) return owner < hash && hash < next;
  return hash > owner || hash < next;
}

bool DenialRecords::addNsec3(const RRset& set) {
  // The layout was checked.
  ByteReader reader(set.front());
  Nsec3Parameters parameters;
  parameters.algorithm = reader.u8();
  const std::uint8_t flags = reader.u8();
  parameters.iterations = reader.u16();
  parameters.salt = reader.take(reader.u8());
  const ByteSpan next = reader.take(reader.u8());
  const ByteSpan types = reader.takeRest();
  const std::optional<Nsec3Hash> owner = nsec3HashFromLabel(set.owner.firstLabel());
  Nsec3 made;
  if (parameters.algorithm != sha1 || (flags & ~optOutFlag) != 0 || next.size() != made.next.size()) return false;
  if (!owner || set.owner.isRoot() || set.owner.parent() != zone_) return false;
  if (parameters.iterations > maxNsec3Iterations || parameters.salt.size() > maxNsec3SaltSize) {
    hasTooManyIterations_ = true;
    return true;
  }
  if (nsec3Count_ == 0) parameters_ = parameters;
  if (parameters.iterations != parameters_.iterations || !std::ranges::equal(parameters.salt, parameters_.salt))
    return false;
  made.owner = *owner;
  std::ranges::copy(next, made.next.begin());
  made.types = types;
  made.optOut = (flags & optOutFlag) != 0;
  nsec3s_[nsec3Count_++] = made;
  return true;
}

std::optional<Nsec3Hash> DenialRecords::hashOf(NameView name, CryptoBudget& budget) const {
  const std::size_t salt = parameters_.salt.size();
  const std::size_t rounds = parameters_.iterations * blocksOf(Nsec3Hash().size() + salt);
  if (!budget.takeNsec3Blocks(blocksOf(name.size() + salt) + rounds)) return std::nullopt;
  return nsec3Hash(name, parameters_);
}

const DenialRecords::Nsec3* DenialRecords::nsec3Matching(const Nsec3Hash& hash) const {
  const auto found = std::ranges::find(nsec3s(), hash, &Nsec3::owner);
  return found == nsec3s().end() ? nullptr : &*found;
}

const DenialRecords::Nsec3* DenialRecords::nsec3Covering(const Nsec3Hash& hash) const {
  const auto found = std::ranges::find_if(nsec3s(), [&](const Nsec3& nsec3) { return nsec3.covers(hash); });
  return found == nsec3s().end() ? nullptr : &*found;
}

DenialRecords::HashedName DenialRecords::look(NameView name, CryptoBudget& budget) const {
  HashedName found;
  Nsec3Hash below{};  // of the name one label longer
  for (std::size_t labels = name.labelCount() + 1; labels-- > zone_.labelCount();) {
    const NameView encloser = name.suffix(labels);
    const std::optional<Nsec3Hash> hash = hashOf(encloser, budget);
    if (!hash) {
      found.budgetSpent = true;
      return found;
    }
    const Nsec3* const match = nsec3Matching(*hash);
    if (match) {
      if (labels == name.labelCount())
        found.match = match;
      else if (!detail::endsAuthority(match->types))
        found.nextCloser = nsec3Covering(below);
      found.encloser = encloser;
      return found;
    }
    below = *hash;
  }
  return found;
}

DenialProof DenialRecords::nsec3NameError(NameView name, CryptoBudget& budget) const {
  if (hasTooManyIterations_) return DenialProof::tooManyIterations;
  if (nsec3Count_ == 0) return DenialProof::missing;
  const HashedName found = look(name, budget);
  if (found.budgetSpent) return DenialProof::budgetSpent;
  if (!found.nextCloser) return DenialProof::missing;
  const std::optional<Nsec3Hash> wildcard = hashOf(*Name::join("*", found.encloser), budget);
  if (!wildcard) return DenialProof::budgetSpent;
  if (!nsec3Covering(*wildcard)) return DenialProof::missing;
  return found.nextCloser->optOut ? DenialProof::optOut : DenialProof::proven;
}

DenialProof DenialRecords::nsec3NoData(NameView name, Type type, CryptoBudget& budget) const {
  if (hasTooManyIterations_) return DenialProof::tooManyIterations;
  if (nsec3Count_ == 0) return DenialProof::missing;
  const HashedName found = look(name, budget);
  if (found.budgetSpent) return DenialProof::budgetSpent;
  if (found.match)
    return detail::lacksType(found.match->types, name, type) ? DenialProof::proven : DenialProof::missing;
  if (!found.nextCloser) return DenialProof::missing;
  const Name wildcard = *Name::join("*", found.encloser);
  const std::optional<Nsec3Hash> hash = hashOf(wildcard, budget);
  if (!hash) return DenialProof::budgetSpent;
  if (const Nsec3* const match = nsec3Matching(*hash)) {
    if (!detail::lacksType(match->types, wildcard, type)) return DenialProof::missing;
    return found.nextCloser->optOut ? DenialProof::optOut : DenialProof::proven;
  }
  // An unsigned delegation may be there, or an empty name above one.
  return found.nextCloser->optOut ? DenialProof::optOut : DenialProof::missing;
}

DenialProof DenialRecords::nsec3WildcardAnswer(NameView name, std::size_t labels, CryptoBudget& budget) const {
  if (hasTooManyIterations_) return DenialProof::tooManyIterations;
  if (nsec3Count_ == 0) return DenialProof::missing;
  const std::optional<Nsec3Hash> nextCloser = hashOf(name.suffix(labels + 1), budget);
  if (!nextCloser) return DenialProof::budgetSpent;
  const Nsec3* const covering = nsec3Covering(*nextCloser);
  if (!covering) return DenialProof::missing;
  return covering->optOut ? DenialProof::optOut : DenialProof::proven;
}

DelegationProof DenialRecords::nsec3Delegation(NameView name, CryptoBudget& budget) const {
  if (hasTooManyIterations_) return DelegationProof::tooManyIterations;
  if (nsec3Count_ == 0) return DelegationProof::missing;
  const HashedName found = look(name, budget);
  if (found.budgetSpent) return DelegationProof::budgetSpent;
  if (found.match) {
    if (!detail::lacksType(found.match->types, name, Type::DS)) return DelegationProof::missing;
    const bool isCut = rdata::typeBitmapContains(found.match->types, Type::NS);
    return isCut ? DelegationProof::insecure : DelegationProof::noDelegation;
  }
  if (!found.nextCloser) return DelegationProof::missing;
  return found.nextCloser->optOut ? DelegationProof::optOut : DelegationProof::noDelegation;
}

}  // namespace taut
