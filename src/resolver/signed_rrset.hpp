// Puts RRsets of a zone, and the signatures over them, into answers.
#pragma once

#include <cstddef>

#include "taut/dns/answer.hpp"
#include "taut/zone/zone_node.hpp"

namespace taut {

// Adds the set, and its RRSIGs where it has any and they are wanted (RFC 4035 section 3.1.1).
inline void addSigned(Answer& answer, Section section, const ZoneRRset& set, bool signatures) {
  answer.borrowRRset(section, set.data);
  if (signatures && set.rrsig.count != 0) answer.borrowRRset(section, set.rrsig);
}

// Whether this very RRset, by its place in memory, is in the answer already. For RRsets of which few are added: proofs
// and aliases.
inline bool isIn(const Answer& answer, const RRset& rrset) {
  for (std::size_t i = 0; i < answer.entryCount(); ++i)
    if (answer.entry(i).rrset.rdata == rrset.rdata) return true;
  return false;
}

}  // namespace taut
