// Which catalog has which zone, of several that are consumed and that may name the same one (RFC 9432 sections 4.4.1,
// 5.2 to 5.4).
//
// A zone stays with the catalog that has it until that gives it up, or hands it over by the property `coo`. Where
// nobody has it yet, the first catalog counts.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "taut/dns/name.hpp"
#include "taut/zone/catalog.hpp"

namespace taut {

class CatalogOwners {
 public:
  struct Owned {
    const Catalog* catalog = nullptr;
    const CatalogMember* member = nullptr;
  };
  // By names that lie in the catalogs.
  using Zones = std::unordered_map<NameView, Owned, NameHash, NameEqual>;

  struct Changes {
    std::size_t added = 0;
    std::size_t moved = 0;  // from one catalog to another
    std::vector<Name> removed;
    std::vector<Name> reset;             // all that is known of the zone is to be given up (section 5.4)
    std::vector<std::string> conflicts;  // what is not done for a member, and why, as a sentence; the first ones
    std::size_t conflictCount = 0;
  };
  static constexpr std::size_t maxConflicts = 20;

  using IsTaken = std::function<bool(NameView)>;

  // From now on these are the versions of the catalogs, in the order of the configuration. A zone that is taken
  // otherwise is of no catalog.
  Changes replace(std::vector<std::shared_ptr<const Catalog>> catalogs, const IsTaken& isTaken);

  const Zones& zones() const { return zones_; }
  const std::vector<std::shared_ptr<const Catalog>>& catalogs() const { return catalogs_; }

 private:
  class Round;

  std::vector<std::shared_ptr<const Catalog>> catalogs_;
  Zones zones_;
};

}  // namespace taut
