#include "taut/recursor/delegation_cache.hpp"

#include <algorithm>
#include <utility>

namespace taut {

namespace {

TimePoint limited(TimePoint expiry, TimePoint now) {
  return std::clamp<TimePoint>(expiry, now + DelegationCache::leastTtl, now + DelegationCache::maxTtl);
}

LocalRef<const Delegation> reference(const Delegation* cut) {
  return LocalRef<const Delegation>(cut);
}

}  // namespace

LocalRef<const Delegation> DelegationCache::closest(NameView name, Type type, TimePoint now) {
  NameView zone = type == Type::DS && !name.isRoot() ? name.parent() : name;
  for (;; zone = zone.parent()) {
    Delegation* const cut = lookup(zone, now);
    if (cut) return reference(cut);
    if (zone.isRoot()) return {};
  }
}

LocalRef<const Delegation> DelegationCache::find(NameView zone, TimePoint now) {
  return reference(lookup(zone, now));
}

// What is over is removed.
Delegation* DelegationCache::lookup(NameView zone, TimePoint now) {
  Delegation* const cut = table_.find(hash(zone), [&](const Delegation& other) { return other.zone() == zone; });
  if (!cut) return nullptr;
  if (cut->expired(now)) {
    table_.remove(*cut);
    return nullptr;
  }
  table_.noteHit(*cut);
  return cut;
}

LocalRef<const Delegation> DelegationCache::store(LocalRef<Delegation> cut, const Delegation& parent, TimePoint now) {
  if (!cut || !cut->zone().isBelow(parent.zone())) return {};
  Delegation* const before = lookup(cut->zone(), now);
  const bool wasProven = before && before->security() != DelegationSecurity::unproven;
  if (wasProven && cut->security() == DelegationSecurity::unproven) return reference(before);
  cut->expiry_ = std::min(limited(cut->expiry_, now), parent.expiry());
  if (before) cut->expiry_ = std::min(cut->expiry_, before->expiry());
  return replace(before, std::move(cut), now);
}

LocalRef<const Delegation> DelegationCache::storeRoot(LocalRef<Delegation> root, TimePoint now) {
  if (!root || !root->zone().isRoot()) return {};
  root->expiry_ = limited(root->expiry_, now);
  Delegation* const before = lookup(root->zone(), now);
  return replace(before, std::move(root), now);
}

LocalRef<const Delegation> DelegationCache::replace(Delegation* before, LocalRef<Delegation> cut, TimePoint now) {
  const LocalRef<const Delegation> kept = reference(cut.get());
  if (before) table_.remove(*before);
  const std::uint64_t wanted = hash(kept->zone());
  if (!kept->expired(now)) table_.insert(wanted, std::move(cut));
  return kept;
}

bool DelegationCache::erase(NameView zone) {
  Delegation* const cut = table_.find(hash(zone), [&](const Delegation& other) { return other.zone() == zone; });
  if (cut) table_.remove(*cut);
  return cut != nullptr;
}

}  // namespace taut
