#include "version_plan.hpp"

#include <algorithm>
#include <optional>
#include <ranges>

namespace taut::detail {

namespace {

constexpr unsigned hides = nodeflag::cut | nodeflag::dname;

// Whether names below a node with these flags are occluded.
bool hidesBelow(unsigned flags) {
  return (flags & (hides | nodeflag::occluded)) != 0;
}

std::uint16_t flagsBefore(ZoneNode node) {
  return node ? static_cast<std::uint16_t>(node.header()->flags() & ~nodeflag::stale) : std::uint16_t{0};
}

}  // namespace

VersionPlan::VersionPlan(const Zone& zone, const ChangedOwners& changed) : zone_(zone) {
  for (const auto& [name, owner] : changed) addOwner(owner);
  for (const auto& [name, owner] : changed)
    if (!owner.records.empty() && !owner.before) addAncestors(owner.owner);
  for (const auto& [name, owner] : std::views::reverse(changed))
    if (owner.records.empty()) removeUnused(owner.owner);
  setFlags();
}

const PlannedNode* VersionPlan::find(NameView owner) const {
  const auto found = nodes_.find(owner);
  return found != nodes_.end() ? &found->second : nullptr;
}

PlannedNode& VersionPlan::planned(NameView owner) {
  const auto [at, isFirst] = nodes_.try_emplace(owner);
  PlannedNode& node = at->second;
  if (!isFirst) return node;
  node.owner = owner;
  node.place = zone_.place(owner, owner.hash());
  if (node.place != nullptr) node.before = zone_.current(node.place);
  if (node.before) node.owner = node.before.owner();
  node.hasWildcard = node.before && node.before.hasWildcardChild();
  return node;
}

void VersionPlan::addOwner(const ChangedOwner& changed) {
  PlannedNode& node = planned(changed.owner);
  node.owner = changed.owner;
  node.records = &changed.records;
}

void VersionPlan::setWildcard(NameView owner, bool exists) {
  if (owner.isWildcard() && owner != zone_.origin()) planned(owner.parent()).hasWildcard = exists;
}

// Makes empty non-terminals of the ancestors that do not exist.
void VersionPlan::addAncestors(NameView owner) {
  for (;;) {
    setWildcard(owner, true);
    owner = owner.parent();
    const PlannedNode* const known = find(owner);
    if (known != nullptr && (known->before || known->hasRecords())) return;
    if (known == nullptr && zone_.node(owner)) return;
    planned(owner);
  }
}

// Takes away a node without records where nothing lies below it, and then its ancestors likewise. The owners come in
// reverse order, so that all below one have been decided.
void VersionPlan::removeUnused(NameView owner) {
  while (owner != zone_.origin()) {
    PlannedNode& node = planned(owner);
    if (!node.exists || node.hasRecords() || hasDescendants(owner)) return;
    node.exists = false;
    setWildcard(owner, false);
    owner = owner.parent();
  }
}

bool VersionPlan::hasDescendants(NameView owner) const {
  for (auto at = nodes_.upper_bound(owner); at != nodes_.end() && at->first.isWithin(owner); ++at)
    if (at->second.exists) return true;
  const auto nodes = zone_.nodes();
  for (auto at = nodes.after(owner); *at && (*at).owner().isWithin(owner); ++at)
    if (find((*at).owner()) == nullptr) return true;
  return false;
}

void VersionPlan::setFlags() {
  std::optional<NameView> whole;  // all nodes below this one are planned
  for (auto at = nodes_.begin(); at != nodes_.end() && !isTooLarge_; ++at) {
    PlannedNode& node = at->second;
    const std::uint16_t before = flagsBefore(node.before);
    if (!node.exists) {
      node.isNew = static_cast<bool>(node.before);
      continue;
    }
    node.flags = flagsOf(node);
    node.isNew = node.records != nullptr || !node.before || node.flags != before;
    const bool isWithinWhole = whole && node.owner.isWithin(*whole);
    if (isWithinWhole || !node.before || hidesBelow(node.flags) == hidesBelow(before)) continue;
    whole = node.owner;
    planBelow(node.owner);
  }
}

std::uint16_t VersionPlan::flagsOf(const PlannedNode& node) const {
  unsigned flags = 0;
  if (node.has(Type::NS)) flags |= nodeflag::cut;
  if (node.has(Type::DNAME)) flags |= nodeflag::dname;
  if (node.has(Type::CNAME)) flags |= nodeflag::cname;
  if (node.hasWildcard) flags |= nodeflag::wildcardChild;
  if (node.owner == zone_.origin())
    flags = (flags & ~unsigned{nodeflag::cut}) | nodeflag::apex;
  else if (hidesBelow(parentFlags(node)))
    flags = (flags & ~hides) | nodeflag::occluded;
  return static_cast<std::uint16_t>(flags);
}

std::uint16_t VersionPlan::parentFlags(const PlannedNode& node) const {
  const NameView owner = node.owner.parent();
  if (const PlannedNode* const parent = find(owner)) return parent->flags;
  return flagsBefore(node.before ? zone_.parent(node.before) : zone_.node(owner));
}

void VersionPlan::planBelow(NameView owner) {
  const auto nodes = zone_.nodes();
  for (auto at = nodes.after(owner); *at && (*at).owner().isWithin(owner); ++at) {
    planned((*at).owner());
    if (nodes_.size() > maxNodes) {
      isTooLarge_ = true;
      return;
    }
  }
}

}  // namespace taut::detail
