#include "catalog_owners.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace taut {

// One replacement of the catalogs.
class CatalogOwners::Round {
 public:
  Round(const std::vector<std::shared_ptr<const Catalog>>& catalogs, const Zones& before, const IsTaken& isTaken)
      : catalogs_(catalogs), before_(before), isTaken_(isTaken) {
    std::size_t members = 0;
    for (const auto& catalog : catalogs) members += catalog->members().size();
    zones_.reserve(members);
  }

  void run() {
    for (const auto& catalog : catalogs_)
      for (const CatalogMember& member : catalog->members()) claim(*catalog, member);
    keepInCircles();
    for (const auto& [name, owned] : zones_) compare(name, owned);
    for (const auto& [name, owned] : before_)
      if (!zones_.contains(name)) changes_.removed.emplace_back(name);
  }

  Zones takeZones() { return std::move(zones_); }
  Changes takeChanges() { return std::move(changes_); }

 private:
  void claim(const Catalog& catalog, const CatalogMember& member) {
    if (isTaken_(member.name)) return conflict(catalog, member, "there is a zone of this name, which stays as it is");
    if (isHandedOver(catalog, member)) return;
    const Catalog* const holder = holderOf(member.name);
    if (holder && holder != &catalog) {
      const CatalogMember& held = *holder->find(member.name);
      if (claimOf(held, member, catalog.name()) == CatalogClaim::clash)
        return conflict(catalog, member,
                        fmt::format("it is a member of catalog {}, which does not hand it over", holder->name()));
    }
    const auto [found, isNew] = zones_.try_emplace(member.name, Owned{&catalog, &member});
    if (!isNew && found->second.catalog != holder)
      conflict(catalog, member, fmt::format("it is a member of catalog {}", found->second.catalog->name()));
  }

  // To a catalog that has the zone now, and does not hand it back.
  bool isHandedOver(const Catalog& from, const CatalogMember& member) const {
    if (!member.newCatalog) return false;
    const Catalog* const to = find(*member.newCatalog);
    const CatalogMember* const there = to && to != &from ? to->find(member.name) : nullptr;
    return there && !(there->newCatalog && *there->newCatalog == from.name());
  }

  // The catalog that had the zone, and has it still; null where there is none.
  const Catalog* holderOf(NameView name) const {
    const auto known = before_.find(name);
    const Catalog* const catalog = known == before_.end() ? nullptr : find(known->second.catalog->name());
    return catalog && catalog->find(name) ? catalog : nullptr;
  }

  const Catalog* find(NameView name) const {
    const auto found = std::ranges::find_if(catalogs_, [&](const auto& catalog) { return catalog->name() == name; });
    return found == catalogs_.end() ? nullptr : found->get();
  }

  // Catalogs that hand a zone over to each other do not lose it.
  void keepInCircles() {
    for (const auto& [name, owned] : before_) {
      if (zones_.contains(name) || isTaken_(name)) continue;
      if (const Catalog* const holder = holderOf(name)) {
        const CatalogMember* const member = holder->find(name);
        zones_.emplace(member->name, Owned{holder, member});
      }
    }
  }

  // What was known of the zone stays with it where its label is the same, and its catalog, or the one before has handed
  // it over.
  void compare(NameView name, const Owned& owned) {
    const auto known = before_.find(name);
    if (known == before_.end()) {
      ++changes_.added;
      return;
    }
    const Owned& was = known->second;
    const bool moves = was.catalog->name() != owned.catalog->name();
    if (moves) ++changes_.moved;
    const bool isGiven = !moves || isHandedOver(was, owned);
    if (!isGiven || !owned.member->node.firstLabelEquals(was.member->unique())) changes_.reset.emplace_back(name);
  }

  bool isHandedOver(const Owned& was, const Owned& owned) const {
    const auto names = [&](const CatalogMember& member) {
      return member.newCatalog && *member.newCatalog == owned.catalog->name();
    };
    const Catalog* const now = find(was.catalog->name());
    const CatalogMember* const member = now ? now->find(owned.member->name) : nullptr;
    return names(*was.member) || (member && names(*member));
  }

  void conflict(const Catalog& catalog, const CatalogMember& member, std::string_view reason) {
    ++changes_.conflictCount;
    if (changes_.conflicts.size() < maxConflicts)
      changes_.conflicts.push_back(
          fmt::format("catalog {}: member {} is left out: {}", catalog.name(), member.name, reason));
  }

  const std::vector<std::shared_ptr<const Catalog>>& catalogs_;
  const Zones& before_;
  const IsTaken& isTaken_;
  Zones zones_;
  Changes changes_;
};

CatalogOwners::Changes CatalogOwners::replace(std::vector<std::shared_ptr<const Catalog>> catalogs,
                                              const IsTaken& isTaken) {
  Round round(catalogs, zones_, isTaken);
  round.run();
  zones_ = round.takeZones();
  catalogs_.swap(catalogs);  // the ones before live until here
  return round.takeChanges();
}

}  // namespace taut
