#include "denial.hpp"

#include "signed_rrset.hpp"

namespace taut {

void Denial::addRRset(ZoneNode node, Type type) {
  if (!node) return;
  const ZoneRRset set = node.rrset(type);
  // One record often proves two things, and is added once.
  if (set && !isIn(answer_, set.data)) addSigned(answer_, Section::authority, set, true);
}

void Denial::addNextCloser(NameView name, ZoneNode encloser) {
  addNsec3(zone_.nsec3(name.suffix(encloser.labelCount() + 1)));
}

void Denial::addClosestEncloserProof(NameView name, ZoneNode encloser) {
  // Names that opt-out left out of the chain cannot be proven: the next one up is the closest provable encloser.
  Nsec3Match match = zone_.nsec3(encloser);
  while (!match.exact && !encloser.isApex()) {
    encloser = zone_.parent(encloser);
    match = zone_.nsec3(encloser);
  }
  addNsec3(match);
  if (name.labelCount() > encloser.labelCount()) addNextCloser(name, encloser);
}

void Denial::noData(ZoneNode node) {
  if (zone_.hasNsec3()) {
    const Nsec3Match match = zone_.nsec3(node);
    if (match.exact) return addNsec3(match);
    return addClosestEncloserProof(node.owner(), node);
  }
  // An empty non-terminal has no NSEC: the record before it shows that it has no data.
  if (zone_.hasNsec()) addNsec(zone_.nsecCovering(node.owner()));
}

void Denial::nameError(NameView name, ZoneNode encloser) {
  if (zone_.hasNsec3()) {
    addClosestEncloserProof(name, encloser);
    addNsec3(zone_.nsec3Wildcard(encloser));
  } else if (zone_.hasNsec()) {
    addNsec(zone_.nsecCovering(name));
    if (const auto wildcard = Name::join("*", encloser.owner())) addNsec(zone_.nsecCovering(*wildcard));
  }
}

void Denial::wildcardAnswer(NameView name, ZoneNode encloser) {
  if (zone_.hasNsec3())
    addNextCloser(name, encloser);
  else if (zone_.hasNsec())
    addNsec(zone_.nsecCovering(name));
}

void Denial::wildcardNoData(NameView name, ZoneNode encloser, ZoneNode wildcard) {
  if (zone_.hasNsec3()) {
    addClosestEncloserProof(name, encloser);
    addNsec3(zone_.nsec3(wildcard));
  } else if (zone_.hasNsec()) {
    addNsec(zone_.nsecCovering(name));
    addNsec(wildcard);
  }
}

}  // namespace taut
