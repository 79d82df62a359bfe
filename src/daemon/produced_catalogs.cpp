#include "produced_catalogs.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "taut/base/counted.hpp"
#include "taut/base/log.hpp"
#include "taut/dns/serial.hpp"
#include "taut/zone/catalog.hpp"
#include "taut/zone/zone_update.hpp"

namespace taut {

using config::CatalogRole;
using config::Configuration;
using config::ZoneSettings;

// The names stay in place: the entries refer to them.
std::vector<CatalogEntry> ProducedCatalogs::entriesOf(const Name& catalog, const Configuration& configuration,
                                                      std::span<const ZoneSettings> members, std::vector<Name>& names) {
  std::vector<const ZoneSettings*> zones;
  const auto collect = [&](const auto& from) {
    for (const ZoneSettings& zone : from)
      if (zone.membership && zone.membership->catalog == catalog && !zone.name.empty()) zones.push_back(&zone);
  };
  collect(configuration.zones);
  collect(members);
  names.reserve(zones.size());
  std::vector<CatalogEntry> entries;
  entries.reserve(zones.size());
  for (const ZoneSettings* const zone : zones) {
    names.push_back(*Name::parse(zone->name));
    CatalogEntry& entry = entries.emplace_back(CatalogEntry{.name = names.back()});
    if (!zone->membership->group.empty()) entry.groups.push_back(zone->membership->group);
  }
  return entries;
}

ProducedCatalogs::Made ProducedCatalogs::read(std::shared_ptr<const Zone> version) {
  Made made{std::move(version), nullptr, {}};
  if (!made.version || !made.version->isLoaded()) return made;
  auto catalog = Catalog::read(made.version);
  if (catalog)
    made.catalog = std::make_shared<const Catalog>(std::move(catalog).value());
  else
    made.mistake = catalog.error();
  return made;
}

// A version that is no catalog gives way to one with a later serial. A zone that is not loaded: nothing has changed.
Result<ZoneInstall, std::string> ProducedCatalogs::next(const Name& name, const Made& before,
                                                        std::span<const CatalogEntry> entries, std::time_t now) {
  const std::shared_ptr<const Zone>& version = before.version;
  const auto make = [&](Serial serial) -> Result<ZoneInstall, std::string> {
    const auto made = makeCatalog(name, entries, serial);
    if (!made) return Failure(made.error());
    return ZoneInstall{made->zone()};
  };
  if (!version || !version->isLoaded()) return make(Serial(static_cast<std::uint32_t>(now)));
  const Serial last(version->serial());
  if (!before.catalog) {
    log::warning("catalog {}: version {} is made anew: {}", name, version->serial(), before.mistake);
    return make(last.next());
  }
  const auto change = changeOfCatalog(*before.catalog, entries);
  if (!change) return Failure(change.error());
  if (change->size() == 0) return ZoneInstall{version};
  auto updated = updateZone(version, *change, last);
  if (!updated) return Failure(updated.error());
  ZoneInstall install{updated->zone};
  if (updated->difference)
    install.differences.push_back(std::make_shared<const ZoneDifference>(std::move(*updated->difference)));
  return install;
}

std::vector<ZoneInstall> ProducedCatalogs::update(const Configuration& configuration,
                                                  std::span<const ZoneSettings> members, const ZoneSet& served,
                                                  std::time_t now) {
  std::vector<ZoneInstall> installs;
  std::map<Name, Made> versions;
  for (const ZoneSettings& settings : configuration.zones) {
    if (settings.catalog != CatalogRole::produce) continue;
    const Name name = *Name::parse(settings.name);
    const auto known = versions_.find(name);
    Made before = known == versions_.end() || !known->second.version ? read(served.get(name)) : known->second;
    std::vector<Name> names;
    const auto entries = entriesOf(name, configuration, members, names);
    auto made = next(name, before, entries, now);
    if (!made) {
      log::error("catalog {} stays as it was: {}", name, made.error());
      before.mistake = made.error();
      versions.emplace(name, std::move(before));
      continue;
    }
    const bool isSame = made->zone == before.version;
    if (isSame) before.mistake.clear();
    versions.emplace(name, isSame ? std::move(before) : read(made->zone));
    if (isSame) continue;
    log::info("catalog {}: version {} has {}", name, made->zone->serial(), counted(entries.size(), "member"));
    installs.push_back(std::move(made).value());
  }
  versions_.swap(versions);
  return installs;
}

void ProducedCatalogs::describe(CatalogStatuses& statuses) const {
  for (const auto& [name, made] : versions_) {
    statuses.catalogs.insert_or_assign(name, CatalogStatus{true, made.catalog, made.mistake});
    if (!made.catalog) continue;
    statuses.versions.push_back(made.catalog);
    for (const CatalogMember& member : made.catalog->members())
      statuses.memberships.emplace(member.name, made.catalog->name());
  }
}

}  // namespace taut
