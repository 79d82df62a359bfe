// Makes catalog zones (RFC 9432) of lists of zones: see Catalog.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "taut/base/result.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/serial.hpp"
#include "taut/zone/catalog.hpp"
#include "taut/zone/zone_change.hpp"

namespace taut {

// What a catalog is to say of a member.
struct CatalogEntry {
  NameView name;
  std::vector<std::string> groups = {};     // each at most 255 octets; their order does not count
  std::optional<NameView> newCatalog = {};  // the value of the property `coo`
  // The member's label, 1 to 63 octets. Empty: uniqueLabelOf(name). A zone that is to begin anew at all consumers gets
  // another one, and one that is taken over from another catalog keeps the one that it has there.
  std::string unique = {};
};

// A label made from a hash of the name, so that it stays the same from one run to the next: 32 hexadecimal digits.
std::string uniqueLabelOf(NameView name);

// A catalog with these members. Its SOA and its NS name no server but "invalid." (section 4). The reason names the
// entry that cannot be written: a zone that is there twice, a label that two have, a group or a name that is too long.
Result<Catalog, std::string> makeCatalog(NameView name, std::span<const CatalogEntry> entries, Serial serial);

// What leads from the catalog to one with these members, for `updateZone`. It is empty where there is nothing to
// change. Properties that are not understood here stay with a member that keeps its label.
Result<ZoneChange, std::string> changeOfCatalog(const Catalog& catalog, std::span<const CatalogEntry> entries);

}  // namespace taut
