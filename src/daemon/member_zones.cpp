#include "member_zones.hpp"

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "config/member_zone.hpp"
#include "taut/base/counted.hpp"
#include "taut/base/log.hpp"

namespace taut {

namespace {

using config::CatalogRole;
using config::Configuration;
using config::ZoneSettings;
using config::ZoneTemplate;

using Names = std::unordered_set<Name, NameHash, NameEqual>;

Names namesOf(const auto& zones) {
  Names names;
  names.reserve(zones.size());
  for (const ZoneSettings& zone : zones)
    if (!zone.name.empty()) names.insert(*Name::parse(zone.name));
  return names;
}

const ZoneSettings* configured(const Configuration& configuration, NameView name) {
  const auto found = std::ranges::find_if(configuration.zones, [&](const ZoneSettings& zone) {
    return !zone.name.empty() && *Name::parse(zone.name) == name;
  });
  return found == configuration.zones.end() ? nullptr : &*found;
}

bool areSameSettings(const ZoneSettings& left, const ZoneSettings& right) {
  return left.hasSameSource(right) && left.allowTransfer == right.allowTransfer && left.primaries == right.primaries &&
         left.notify == right.notify && left.allowNotify == right.allowNotify &&
         left.allowUpdate == right.allowUpdate && left.journal == right.journal && left.membership == right.membership;
}

// The first of the member's groups that names one of the catalog's templates, or the first template.
const std::string& templateOf(const ZoneSettings& catalog, const CatalogMember& member) {
  static const std::string defaults;
  if (!catalog.memberTemplates) return defaults;
  for (const std::string_view group : member.groups) {
    const auto found = std::ranges::find(*catalog.memberTemplates, group);
    if (found != catalog.memberTemplates->end()) return *found;
  }
  return catalog.memberTemplates->front();
}

bool isProduced(const Configuration& configuration, NameView catalog) {
  const ZoneSettings* const zone = configured(configuration, catalog);
  return zone && zone->catalog == CatalogRole::produce;
}

}  // namespace

// Empty where there is none.
std::string MemberZones::mistakeOf(const Result<Catalog, std::string>& catalog, std::size_t most) {
  if (!catalog) return catalog.error();
  if (catalog->members().size() <= most) return {};
  return fmt::format("it has {} members, and limits.catalog-members allows {}", catalog->members().size(), most);
}

bool MemberZones::look(const Configuration& configuration, const ZoneSet& zones) {
  bool hasTaken = false;
  for (const ZoneSettings& settings : configuration.zones) {
    if (settings.catalog != CatalogRole::consume) continue;
    const auto name = *Name::parse(settings.name);
    auto version = zones.get(name);
    if (!version) continue;
    Seen& seen = seen_[name];
    if (seen.version == version) continue;
    seen.version = version;
    // Of one that has expired the members stay.
    if (!version->isLoaded()) {
      hasTaken = stay(name, seen) || hasTaken;
      continue;
    }
    auto catalog = Catalog::read(std::move(version));
    seen.mistake = mistakeOf(catalog, configuration.limits.catalogMembers);
    if (!seen.mistake.empty()) {
      log::error("catalog {}: version {} is not taken, and its members stay as they are: {}", name,
                 seen.version->serial(), seen.mistake);
      hasTaken = stay(name, seen) || hasTaken;
      continue;
    }
    seen.catalog = std::make_shared<const Catalog>(std::move(catalog).value());
    seen.isKept = false;
    last_.forget(name);
    hasTaken = true;
  }
  return hasTaken;
}

// The version before the present one stays, for the next start too. After a start it may be that of the run before:
// true where it was taken.
bool MemberZones::stay(const Name& name, Seen& seen) {
  if (std::exchange(seen.isKept, true)) return false;
  if (seen.catalog) {
    last_.keep(*seen.catalog);
    return false;
  }
  seen.catalog = last_.restore(name);
  if (seen.catalog)
    log::info("catalog {}: its members are those of version {}, which was taken before the start", name,
              seen.catalog->zone()->serial());
  return seen.catalog != nullptr;
}

// Those of catalogs that are not consumed any more are forgotten.
std::vector<std::shared_ptr<const Catalog>> MemberZones::takeCatalogs(const Configuration& configuration) {
  std::vector<std::shared_ptr<const Catalog>> catalogs;
  std::map<Name, Seen> seen;
  for (const ZoneSettings& settings : configuration.zones) {
    if (settings.catalog != CatalogRole::consume) continue;
    auto known = seen_.extract(*Name::parse(settings.name));
    if (!known) continue;
    if (known.mapped().catalog) catalogs.push_back(known.mapped().catalog);
    seen.insert(std::move(known));
  }
  seen_.swap(seen);
  for (const auto& [name, gone] : seen)
    if (gone.isKept) last_.forget(name);
  return catalogs;
}

MemberZones::Update MemberZones::update(const Configuration& configuration, const ZoneSet& served) {
  auto catalogs = takeCatalogs(configuration);
  Update update;
  if (catalogs.empty() && added_.zones().empty() && zones_.empty()) return update;
  Names now = namesOf(configuration.zones);
  for (const Name& name : configured_)
    if (!now.contains(name)) leaving_.insert(name);
  configured_.swap(now);
  std::erase_if(leaving_, [&](const Name& name) { return !served.get(name); });

  std::vector<ZoneSettings> zones;
  addAdded(configuration, zones);
  const Names added = namesOf(zones);
  const Names before = namesOf(zones_);
  const auto isTaken = [&](NameView name) {
    if (configured_.contains(name) || added.contains(name)) return true;
    return !before.contains(name) && !leaving_.contains(name) && served.get(name);  // of a list
  };
  CatalogOwners::Changes changes = owners_.replace(std::move(catalogs), isTaken);
  const Names reset(changes.reset.begin(), changes.reset.end());
  addMembers(configuration, reset, zones);
  tell(changes);
  update.hasChanged = !std::ranges::equal(zones_, zones, areSameSettings);
  if (update.hasChanged) leave(namesOf(zones), reset, update);
  zones_ = std::move(zones);
  return update;
}

void MemberZones::tell(const CatalogOwners::Changes& changes) {
  for (const std::string& conflict : changes.conflicts) log::warning("{}", conflict);
  if (changes.conflictCount > changes.conflicts.size())
    log::warning("{} more members of catalogs are left out", changes.conflictCount - changes.conflicts.size());
  if (changes.added + changes.moved + changes.removed.size() + changes.reset.size() > 0)
    log::info("catalogs: {} added, {} removed, {} moved, {} to begin anew", counted(changes.added, "member"),
              changes.removed.size(), changes.moved, changes.reset.size());
}

void MemberZones::leave(const Names& now, const Names& reset, Update& update) {
  for (ZoneSettings& zone : zones_) {
    const Name name = *Name::parse(zone.name);
    if (now.contains(name)) continue;
    leaving_.insert(name);
    if (!configured_.contains(name)) (reset.contains(name) ? update.reset : update.gone).push_back(std::move(zone));
  }
}

void MemberZones::addAdded(const Configuration& configuration, std::vector<ZoneSettings>& zones) const {
  for (const AddedZone& added : added_.zones()) {
    const Name name = *Name::parse(added.name);
    const auto leaveOut = [&](std::string_view reason) {
      log::error("zone {}, which tautctl has added, is left out: {}", name, reason);
    };
    if (configured_.contains(name)) {
      leaveOut("the configuration has a zone of this name");
      continue;
    }
    const auto found = configuration.templates.find(added.settings);
    if (found == configuration.templates.end()) {
      leaveOut(fmt::format("there is no [template.{}] any more", added.settings));
      continue;
    }
    auto zone = config::zoneOf(*found->second, name, nullptr);
    if (!zone) {
      leaveOut(zone.error());
      continue;
    }
    if (!added.catalog.empty())
      zone->membership = std::make_shared<const config::CatalogMembership>(
          config::CatalogMembership{*Name::parse(added.catalog), found->second->group});
    zones.push_back(std::move(zone).value());
  }
}

void MemberZones::addMembers(const Configuration& configuration, const Names& reset,
                             std::vector<ZoneSettings>& zones) const {
  for (const ZoneSettings& settings : configuration.zones) {
    if (settings.catalog != CatalogRole::consume) continue;
    const auto seen = seen_.find(*Name::parse(settings.name));
    if (seen == seen_.end() || !seen->second.catalog) continue;
    const Catalog& catalog = *seen->second.catalog;
    for (const CatalogMember& member : catalog.members()) {
      const auto owned = owners_.zones().find(member.name);
      if (owned == owners_.zones().end() || owned->second.catalog != &catalog || reset.contains(member.name)) continue;
      const ZoneTemplate& made = *configuration.templates.find(templateOf(settings, member))->second;
      auto zone = config::zoneOf(made, member.name, settings.primaries);
      if (zone)
        zones.push_back(std::move(zone).value());
      else
        log::error("catalog {}: member {} is left out: {}", catalog.name(), member.name, zone.error());
    }
  }
}

std::string MemberZones::add(AddedZone zone, const Configuration& configuration, const ZoneSet& served) {
  const Name name = *Name::parse(zone.name);
  if (!added_.canKeep()) return "server.state-directory is not given: where zones that are added would be kept";
  if (const ZoneSettings* const there = configured(configuration, name))
    return fmt::format("zone {} is there already: {}", name, there->origin.toText());
  if (added_.find(name) || (served.get(name) && !leaving_.contains(name)))
    return fmt::format("zone {} is there already", name);
  const auto made = configuration.templates.find(zone.settings);
  if (made == configuration.templates.end()) return fmt::format("there is no [template.{}]", zone.settings);
  if (!zone.catalog.empty() && !isProduced(configuration, *Name::parse(zone.catalog)))
    return fmt::format("there is no [[zone]] {} with catalog = \"produce\"", zone.catalog);
  if (const auto settings = config::zoneOf(*made->second, name, nullptr); !settings) return settings.error();
  try {
    added_.add(std::move(zone));
  } catch (const std::runtime_error& error) {
    return fmt::format("{} cannot be written: {}", added_.path(), error.what());
  }
  return {};
}

std::string MemberZones::remove(NameView name, const Configuration& configuration) {
  if (!added_.find(name)) {
    if (const ZoneSettings* const there = configured(configuration, name))
      return fmt::format("zone {} was not added by tautctl: {} names it", name, there->origin.toText());
    if (const Catalog* const catalog = catalogOf(name))
      return fmt::format("zone {} was not added by tautctl: it is a member of catalog {}", name, catalog->name());
    return fmt::format("there is no zone {} that was added by tautctl", name);
  }
  try {
    added_.remove(name);
  } catch (const std::runtime_error& error) {
    return fmt::format("{} cannot be written: {}", added_.path(), error.what());
  }
  return {};
}

const Catalog* MemberZones::catalogOf(NameView name) const {
  const auto found = owners_.zones().find(name);
  return found == owners_.zones().end() ? nullptr : found->second.catalog;
}

void MemberZones::describe(CatalogStatuses& statuses) const {
  for (const auto& [name, seen] : seen_) {
    const bool isWrong = !seen.mistake.empty() && seen.version->isLoaded();
    const std::string mistake =
        isWrong ? fmt::format("version {}: {}", seen.version->serial(), seen.mistake) : std::string();
    statuses.catalogs.insert_or_assign(name, CatalogStatus{false, seen.catalog, mistake});
  }
  statuses.versions.insert(statuses.versions.end(), owners_.catalogs().begin(), owners_.catalogs().end());
  statuses.memberships.reserve(owners_.zones().size());
  for (const auto& [name, owned] : owners_.zones()) statuses.memberships.emplace(name, owned.catalog->name());
}

}  // namespace taut
