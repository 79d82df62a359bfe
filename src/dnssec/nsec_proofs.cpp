// Proofs from NSEC records (RFC 4035 section 5.4).
#include <algorithm>
#include <compare>

#include "denied_types.hpp"
#include "taut/dns/rdata/security.hpp"
#include "taut/dnssec/denial_records.hpp"

namespace taut {

namespace {

std::size_t sharedLabels(NameView a, NameView b) {
  std::size_t labels = std::min(a.labelCount(), b.labelCount());
  while (a.suffix(labels) != b.suffix(labels)) --labels;
  return labels;
}

Name wildcardAt(NameView encloser) {
  // It is no longer than the name that it would stand for.
  return *Name::join("*", encloser);
}

}  // namespace

bool DenialRecords::Nsec::covers(NameView name) const {
  if (owner >= name) return false;
  // After the last owner comes the apex again.
  if (next > owner && next <= name) return false;
  return !name.isBelow(owner) || !detail::endsAuthority(types);
}

// The closest encloser of a covered name is what it has in common with either end: it exists because they do.
std::size_t DenialRecords::Nsec::enclosingLabels(NameView name) const {
  return std::max(sharedLabels(name, owner), sharedLabels(name, next));
}

bool DenialRecords::addNsec(const RRset& set) {
  const std::optional<NameView> next = NameView::fromWire(set.front());
  if (!next || !set.owner.isWithin(zone_) || !next->isWithin(zone_)) return false;
  // Only the last record leads back, and to the apex.
  if (*next <= set.owner && *next != zone_) return false;
  nsecs_[nsecCount_++] = {set.owner, *next, set.front().subspan(next->size())};
  return true;
}

const DenialRecords::Nsec* DenialRecords::nsecCovering(NameView name) const {
  for (const Nsec& nsec : nsecs())
    if (nsec.covers(name)) return &nsec;
  return nullptr;
}

std::optional<NameView> DenialRecords::nsecClosestEncloser(NameView name) const {
  const Nsec* const nsec = name.isWithin(zone_) ? nsecCovering(name) : nullptr;
  if (!nsec || nsec->showsEmptyNonTerminal(name)) return std::nullopt;
  return name.suffix(nsec->enclosingLabels(name));
}

bool DenialRecords::nsecNameError(NameView name) const {
  const std::optional<NameView> encloser = nsecClosestEncloser(name);
  if (!encloser) return false;
  const Name wildcard = wildcardAt(*encloser);
  const Nsec* const atWildcard = nsecCovering(wildcard);
  return atWildcard && !atWildcard->showsEmptyNonTerminal(wildcard);
}

// At a name that a record says exists, as its owner or as an empty non-terminal.
bool DenialRecords::nsecHasNoType(NameView name, Type type) const {
  for (const Nsec& nsec : nsecs()) {
    if (nsec.owner == name && detail::lacksType(nsec.types, name, type)) return true;
    if (nsec.covers(name) && nsec.showsEmptyNonTerminal(name)) return true;
  }
  return false;
}

bool DenialRecords::nsecNoData(NameView name, Type type) const {
  if (nsecHasNoType(name, type)) return true;
  const Nsec* const nsec = nsecCovering(name);
  if (!nsec) return false;
  return nsecHasNoType(wildcardAt(name.suffix(nsec->enclosingLabels(name))), type);
}

bool DenialRecords::nsecWildcardAnswer(NameView name, std::size_t labels) const {
  const std::optional<NameView> encloser = nsecClosestEncloser(name);
  return encloser && encloser->labelCount() == labels;
}

std::optional<DelegationProof> DenialRecords::nsecDelegation(NameView name) const {
  for (const Nsec& nsec : nsecs()) {
    if (nsec.covers(name)) return DelegationProof::noDelegation;
    if (nsec.owner != name || !detail::lacksType(nsec.types, name, Type::DS)) continue;
    const bool isCut = rdata::typeBitmapContains(nsec.types, Type::NS);
    return isCut ? DelegationProof::insecure : DelegationProof::noDelegation;
  }
  return std::nullopt;
}

}  // namespace taut
