// Catalog zones (RFC 9432): a zone whose records say which other zones a server has, its members.
//
//   version.<catalog>                TXT "2"
//   <unique>.zones.<catalog>         PTR a member
//   group.<unique>.zones.<catalog>   TXT a group that the member is of, one for each record
//   coo.<unique>.zones.<catalog>     PTR the catalog that may take the member over: change of ownership
//
// TTLs mean nothing. What is not understood is left alone: records elsewhere, and nodes below zones.<catalog> without a
// PTR. A catalog that is broken (section 5.1) is not processed: whoever has the members of an earlier version keeps
// them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "taut/base/result.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/zone/zone.hpp"

namespace taut {

// The views are into the catalog's zone, which the `Catalog` keeps.
struct CatalogMember {
  NameView node;                         // <unique>.zones.<catalog>
  NameView name;                         // of the member
  std::vector<std::string_view> groups;  // in the order of their octets; a record of several strings is none
  std::optional<NameView> newCatalog;    // the value of the property `coo`
  std::vector<RRset> others;             // at the node and below it: properties that are not understood here

  // It tells members apart, in any case: under another label the same name is another zone.
  std::string_view unique() const { return node.firstLabel(); }
};

class Catalog {
 public:
  // Why the zone is no catalog, or a broken one: it is not of class IN, its version is not 2, a member node or a `coo`
  // has several PTRs, or a zone is a member twice. `zone` is loaded.
  static Result<Catalog, std::string> read(std::shared_ptr<const Zone> zone);

  const std::shared_ptr<const Zone>& zone() const { return zone_; }
  NameView name() const { return zone_->origin(); }

  // In canonical order of their names.
  std::span<const CatalogMember> members() const { return members_; }
  // The member of this name, or null.
  const CatalogMember* find(NameView name) const;

 private:
  explicit Catalog(std::shared_ptr<const Zone> zone) : zone_(std::move(zone)) {}

  std::shared_ptr<const Zone> zone_;
  std::vector<CatalogMember> members_;
};

struct CatalogChange {
  enum class Kind : std::uint8_t {
    added,
    removed,
    reset,    // the same name under another label: all that is known of the zone is given up (section 5.4)
    changed,  // groups, `coo` or other properties
  };

  Kind kind{};
  const CatalogMember* before = nullptr;  // null where it was added
  const CatalogMember* after = nullptr;   // null where it was removed
};

// What leads from the members of one version of a catalog to those of another, in canonical order of the names. Nothing
// was there before the first version. The changes point to the members.
std::vector<CatalogChange> changesBetween(std::span<const CatalogMember> before, std::span<const CatalogMember> after);

// What becomes of a zone that is a member of two catalogs (sections 4.4.1 and 5.2).
enum class CatalogClaim : std::uint8_t {
  clash,  // it stays with the catalog that has it
  moves,  // it is from now on a member of the other, with all that is known of it
  reset,  // likewise, but its label is another one: all that is known of it is given up
};

// `held` is as the catalog has it whose member it is, `claimed` as the catalog `claimant` has it. A clash becomes a
// move when the property `coo` of `held` changes.
CatalogClaim claimOf(const CatalogMember& held, const CatalogMember& claimed, NameView claimant);

}  // namespace taut
