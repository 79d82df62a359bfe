// The catalog zones (RFC 9432) that are followed and made, and the zones that are their members.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "taut/dns/name.hpp"
#include "taut/zone/catalog.hpp"

namespace taut {

struct CatalogStatus {
  bool isProduced = false;
  std::shared_ptr<const Catalog> version;  // the last one that was taken or made; null: none
  std::string mistake;                     // why the one after it was not; empty: there is none

  // As a configuration says it.
  std::string_view role() const { return isProduced ? "produce" : "consume"; }
  std::size_t memberCount() const { return version ? version->members().size() : 0; }
};

struct CatalogStatuses {
  // By names that lie in the versions below: a member, and the catalog that has it.
  using Memberships = std::unordered_multimap<NameView, NameView, NameHash, NameEqual>;

  std::map<Name, CatalogStatus> catalogs;
  Memberships memberships;
  std::vector<std::shared_ptr<const Catalog>> versions;

  // Null where the zone is no catalog.
  const CatalogStatus* find(NameView name) const {
    if (catalogs.empty()) return nullptr;
    const auto found = catalogs.find(Name(name));
    return found == catalogs.end() ? nullptr : &found->second;
  }
};

}  // namespace taut
