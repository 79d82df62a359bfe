// Visits every RRset of a zone in canonical order: owners (RFC 4034 section 6.1), NSEC3 owners among them, and at each
// owner the types in numerical order, so that its RRSIGs come together.
#pragma once

#include <algorithm>
#include <compare>
#include <vector>

#include "taut/dns/rrset.hpp"
#include "taut/zone/zone.hpp"

namespace taut::detail {

template <class Visit>
void walkCanonically(const Zone& zone, Visit&& visit) {
  std::vector<RRset> sets;
  auto node = zone.nodes().begin();
  auto link = zone.nsec3Nodes().begin();
  const auto take = [&sets](auto& at) {
    const ZoneNode taken = *at++;
    sets.insert(sets.end(), taken.begin(), taken.end());
  };
  for (;;) {
    // An owner may be a node and a place in the chain at once: both are visited then.
    const bool haveNode = static_cast<bool>(*node);
    const bool haveLink = static_cast<bool>(*link);
    if (!haveNode && !haveLink) return;
    const auto order = !haveNode   ? std::weak_ordering::greater
                       : !haveLink ? std::weak_ordering::less
                                   : (*node).owner() <=> (*link).owner();
    sets.clear();
    if (order <= 0) take(node);
    if (order >= 0) take(link);
    // RRSIGs are ordered by the types that they cover, which is the order of their RDATA.
    std::stable_sort(sets.begin(), sets.end(), [](const RRset& a, const RRset& b) { return a.type < b.type; });
    for (const RRset& set : sets) visit(set);
  }
}

}  // namespace taut::detail
