// The catalogs that this server makes of its zones (RFC 9432).
#pragma once

#include <ctime>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/configuration.hpp"
#include "management/catalog_status.hpp"
#include "taut/base/result.hpp"
#include "taut/dns/name.hpp"
#include "taut/zone/catalog.hpp"
#include "taut/zone/catalog_writer.hpp"
#include "taut/zone/zone_set.hpp"
#include "taut/zones/zone_store.hpp"

namespace taut {

class ProducedCatalogs {
 public:
  // The versions that are to be served from now on, of catalogs that have changed: `members` are the zones beside those
  // of the configuration. A catalog goes on from the version that was made last, or else from that of the set, which
  // comes from a file; where there is none, its serial is the time. What cannot be made is logged, and stays as it was.
  std::vector<ZoneInstall> update(const config::Configuration& configuration,
                                  std::span<const config::ZoneSettings> members, const ZoneSet& served,
                                  std::time_t now);

  // The catalogs that are made, and their members.
  void describe(CatalogStatuses& statuses) const;

 private:
  // Of a catalog.
  struct Made {
    std::shared_ptr<const Zone> version;     // null: none
    std::shared_ptr<const Catalog> catalog;  // what the version says; null: it could not be read
    std::string mistake;                     // why it is not what the configuration says; empty: it is
  };

  static std::vector<CatalogEntry> entriesOf(const Name& catalog, const config::Configuration& configuration,
                                             std::span<const config::ZoneSettings> members, std::vector<Name>& names);
  static Result<ZoneInstall, std::string> next(const Name& name, const Made& before,
                                               std::span<const CatalogEntry> entries, std::time_t now);
  static Made read(std::shared_ptr<const Zone> version);

  std::map<Name, Made> versions_;
};

}  // namespace taut
