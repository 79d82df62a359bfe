// Which nodes the next version of a zone has where owners change: those of the owners, empty non-terminals that come
// and go, parents of wildcards, and what lies below a delegation or a DNAME that comes or goes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "record_changes.hpp"
#include "taut/dns/name.hpp"
#include "taut/zone/zone.hpp"

namespace taut::detail {

struct PlannedNode {
  NameView owner;
  ZoneNode before;                       // none: the version before has none
  const NodeHeader* place = nullptr;     // null: there has never been a node
  const NodeRecords* records = nullptr;  // null: those of `before`
  std::uint16_t flags = 0;
  bool exists = true;  // in the next version
  bool isNew = false;  // as a node of the next version has it: it is written, or taken away
  bool hasWildcard = false;

  bool has(Type type) const { return records != nullptr ? records->has(type) : before && before.has(type); }
  bool hasRecords() const { return records != nullptr ? !records->empty() : before && !before.isEmpty(); }
};

using PlannedNodes = std::map<NameView, PlannedNode>;  // in canonical order

class VersionPlan {
 public:
  // Nodes of which more would be written: then it is cheaper to build the zone.
  static constexpr std::size_t maxNodes = 65536;

  VersionPlan(const Zone& zone, const ChangedOwners& changed);

  bool isTooLarge() const { return isTooLarge_; }
  // In the order in which they are to be written: each after its parent.
  PlannedNodes& nodes() { return nodes_; }

 private:
  PlannedNode& planned(NameView owner);
  const PlannedNode* find(NameView owner) const;
  void addOwner(const ChangedOwner& changed);
  void addAncestors(NameView owner);
  void setWildcard(NameView owner, bool exists);
  void removeUnused(NameView owner);
  bool hasDescendants(NameView owner) const;
  void setFlags();
  std::uint16_t flagsOf(const PlannedNode& node) const;
  std::uint16_t parentFlags(const PlannedNode& node) const;
  void planBelow(NameView owner);

  const Zone& zone_;
  PlannedNodes nodes_;
  bool isTooLarge_ = false;
};

}  // namespace taut::detail
