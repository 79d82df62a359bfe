#include "link_cache.hpp"

#include <algorithm>
#include <utility>

namespace taut {

LinkCache::Slot LinkCache::slotOf(const Link& link) {
  if (link.isBad()) return Slot::bad;
  return link.kind == Link::Kind::nameError ? Slot::nameError : Slot::good;
}

std::uint64_t LinkCache::hash(NameView name, Type type, Slot slot) const {
  const std::uint64_t asked = slot == Slot::nameError ? 0 : static_cast<std::uint64_t>(type);
  return detail::secretHash(secret_, name, asked << 8 | static_cast<std::uint64_t>(slot));
}

Link* LinkCache::lookup(NameView name, Type type, Slot slot) {
  return table_.find(hash(name, type, slot), [&](const Link& other) {
    return slotOf(other) == slot && (slot == Slot::nameError || other.type == type) && other.name() == name;
  });
}

const Link* LinkCache::find(NameView name, Type type, TimePoint now) {
  for (const Slot slot : {Slot::good, Slot::nameError, Slot::bad}) {
    Link* const link = lookup(name, type, slot);
    if (!link || link->expired(now)) continue;
    table_.noteHit(*link);
    return link;
  }
  return nullptr;
}

const Link* LinkCache::findStale(NameView name, Type type, TimePoint now) {
  for (const Slot slot : {Slot::good, Slot::nameError}) {
    Link* const link = lookup(name, type, slot);
    if (link && (now < link->staleUntil || !link->expired(now))) return link;
  }
  return nullptr;
}

void LinkCache::store(LocalRef<Link> link, TimePoint now) {
  const Slot slot = slotOf(*link);
  Link* const before = lookup(link->name(), link->type, slot);
  if (link->security == SecurityState::indeterminate) {
    link->failures = static_cast<std::uint8_t>(std::min(before ? before->failures + 1 : 1, 8));
    link->expiry = now + std::min(failureTtl * (1 << (link->failures - 1)), maxFailureTtl);
  }
  if (before) table_.remove(*before);
  // Whatever was good or bad before, this is what is known now.
  if (slot != Slot::bad)
    if (Link* const bad = lookup(link->name(), link->type, Slot::bad)) table_.remove(*bad);
  if (link->expired(now)) return;
  const std::uint64_t wanted = hash(link->name(), link->type, slot);
  table_.insert(wanted, std::move(link));
}

}  // namespace taut
