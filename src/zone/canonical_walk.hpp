// Visits every RRset of a zone in canonical order: owners (RFC 4034 section 6.1), NSEC3 owners among them, and at each
// owner the types in numerical order, so that its RRSIGs come together.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "taut/dns/rrset.hpp"
#include "taut/zone/zone.hpp"

namespace taut::detail {

template <class Visit>
void walkCanonically(const Zone& zone, Visit&& visit) {
  std::vector<RRset> sets;
  const auto nodes = zone.nodes();
  const auto chain = zone.nsec3Nodes();
  std::size_t node = 0;
  std::size_t link = 0;
  while (node < nodes.size() || link < chain.size()) {
    // An owner may be a node and a place in the chain at once: both are visited then.
    const bool haveNode = node < nodes.size();
    const bool haveLink = link < chain.size();
    const auto order = !haveNode   ? std::weak_ordering::greater
                       : !haveLink ? std::weak_ordering::less
                                   : nodes[node].owner() <=> chain[link].owner();
    sets.clear();
    if (order <= 0) {
      const ZoneNode at = nodes[node++];
      sets.insert(sets.end(), at.begin(), at.end());
    }
    if (order >= 0) {
      const ZoneNode at = chain[link++];
      sets.insert(sets.end(), at.begin(), at.end());
    }
    // RRSIGs are ordered by the types that they cover, which is the order of their RDATA.
    std::stable_sort(sets.begin(), sets.end(), [](const RRset& a, const RRset& b) { return a.type < b.type; });
    for (const RRset& set : sets) visit(set);
  }
}

}  // namespace taut::detail
