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
  const auto collect = [&](std::span<const ZoneSettings> from) {
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

// A version that is no catalog gives way to one with a later serial. A zone that is not loaded: nothing has changed.
Result<ZoneInstall, std::string> ProducedCatalogs::next(const Name& name, const std::shared_ptr<const Zone>& version,
                                                        std::span<const CatalogEntry> entries, std::time_t now) {
  const auto make = [&](Serial serial) -> Result<ZoneInstall, std::string> {
    const auto made = makeCatalog(name, entries, serial);
    if (!made) return Failure(made.error());
    return ZoneInstall{made->zone()};
  };
  if (!version || !version->isLoaded()) return make(Serial(static_cast<std::uint32_t>(now)));
  const Serial last(version->serial());
  const auto catalog = Catalog::read(version);
  if (!catalog) {
    log::warning("catalog {}: version {} is made anew: {}", name, version->serial(), catalog.error());
    return make(last.next());
  }
  const auto change = changeOfCatalog(*catalog, entries);
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
  std::map<Name, std::shared_ptr<const Zone>> versions;
  for (const ZoneSettings& settings : configuration.zones) {
    if (settings.catalog != CatalogRole::produce) continue;
    const Name name = *Name::parse(settings.name);
    const auto known = versions_.find(name);
    const auto before = known == versions_.end() ? served.get(name) : known->second;
    std::vector<Name> names;
    const auto entries = entriesOf(name, configuration, members, names);
    auto made = next(name, before, entries, now);
    if (!made) {
      log::error("catalog {} stays as it was: {}", name, made.error());
      if (before) versions.emplace(name, before);
      continue;
    }
    versions.emplace(name, made->zone);
    if (made->zone == before) continue;
    log::info("catalog {}: version {} has {}", name, made->zone->serial(), counted(entries.size(), "member"));
    installs.push_back(std::move(made).value());
  }
  versions_.swap(versions);
  return installs;
}

}  // namespace taut
