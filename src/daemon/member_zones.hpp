// The zones that are served beside those of the configuration: the members of the catalogs that it consumes, and those
// that the control tool has added.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "added_zones.hpp"
#include "catalog_owners.hpp"
#include "config/configuration.hpp"
#include "last_catalogs.hpp"
#include "management/catalog_status.hpp"
#include "taut/base/result.hpp"
#include "taut/dns/name.hpp"
#include "taut/zone/catalog.hpp"
#include "taut/zone/zone_set.hpp"

namespace taut {

class MemberZones {
 public:
  // Throws as AddedZones does.
  explicit MemberZones(const std::string& stateFolder) : added_(stateFolder), last_(stateFolder) {}

  // Takes the versions of consumed catalogs that the set has and that are not known yet. A version that is broken, or
  // has too many members, is logged, and the one before stays, also over a restart. True where one was taken.
  bool look(const config::Configuration& configuration, const ZoneSet& zones);

  struct Update {
    bool hasChanged = false;
    std::vector<config::ZoneSettings> gone;  // that are nobody's any more
    // Of which all that is known is to be given up, see CatalogOwners: they are left out, until the next update.
    std::vector<config::ZoneSettings> reset;
  };
  // What the zones are now. The set has those that are served, lists of zones among them. What is wrong is logged.
  Update update(const config::Configuration& configuration, const ZoneSet& served);

  // By `update`, those that were added first.
  std::span<const config::ZoneSettings> zones() const { return zones_; }

  // From the next `update` on. The reason why that cannot be is empty where it can.
  std::string add(AddedZone zone, const config::Configuration& configuration, const ZoneSet& served);
  std::string remove(NameView name, const config::Configuration& configuration);
  // The catalog of which the zone is a member; null where it is of none.
  const Catalog* catalogOf(NameView name) const;
  // The catalogs that are consumed, and their members, as of the last update.
  void describe(CatalogStatuses& statuses) const;

 private:
  struct Seen {
    std::shared_ptr<const Zone> version;     // the last one that was looked at
    std::shared_ptr<const Catalog> catalog;  // the last good one; null: none
    std::string mistake;                     // of the version, where that is none
    bool isKept = false;                     // the good one, on the disk
  };

  using Names = std::unordered_set<Name, NameHash, NameEqual>;

  static std::string mistakeOf(const Result<Catalog, std::string>& catalog, std::size_t most);
  bool stay(const Name& name, Seen& seen);
  std::vector<std::shared_ptr<const Catalog>> takeCatalogs(const config::Configuration& configuration);
  void addAdded(const config::Configuration& configuration, std::vector<config::ZoneSettings>& zones) const;
  void addMembers(const config::Configuration& configuration, const Names& reset,
                  std::vector<config::ZoneSettings>& zones) const;
  static void tell(const CatalogOwners::Changes& changes);
  void leave(const Names& now, const Names& reset, Update& update);

  AddedZones added_;
  LastCatalogs last_;
  std::map<Name, Seen> seen_;
  CatalogOwners owners_;
  std::vector<config::ZoneSettings> zones_;
  Names configured_;  // by the last update
  Names leaving_;     // served perhaps still, but of nobody any more
};

}  // namespace taut
