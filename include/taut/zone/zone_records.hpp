// The records of a zone that changes while it is served: those of its newest version, and what has changed since.
//
// A change is checked against all of that and costs what the names that it is about have. A version is made of what
// `freeze` gives, meanwhile further changes may be applied. There is no second copy of the records beside the newest
// version, but those of the names that have changed since.
//
// Not for several threads at a time, except that a `Frozen` may be built on any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "taut/base/result.hpp"
#include "taut/dns/name.hpp"
#include "taut/zone/zone.hpp"
#include "taut/zone/zone_builder.hpp"
#include "taut/zone/zone_change.hpp"

namespace taut {

namespace detail {
struct ChangedName;
// By the name that lies in the value.
using ChangedNames = std::unordered_map<NameView, std::shared_ptr<ChangedName>, NameHash, NameEqual>;
}  // namespace detail

class ZoneRecords {
 public:
  class Frozen;

  // Throws std::invalid_argument where the zone is null or not loaded, or has records of a signed zone: a change would
  // leave its signatures and proofs wrong.
  explicit ZoneRecords(std::shared_ptr<const Zone> zone);
  ~ZoneRecords();

  // Whether that has changed anything; or, with nothing changed, why it is refused: a name outside the zone, RDATA that
  // is wrong for its type, a CNAME beside other data, the SOA or the last NS at the apex gone, a record of a signed
  // zone, and what else ZoneBuilder refuses, except name servers without an address.
  Result<bool, std::string> apply(const ZoneChange& change);

  // Whether there is a change that is not frozen.
  bool hasChanges() const { return !changed_.empty(); }

  // All changes so far. Of those frozen before, `adopt` or `giveUp` has been called.
  Frozen freeze();
  // The zone that was built of what was frozen.
  void adopt(std::shared_ptr<const Zone> zone);
  // It could not be built: the next version has the changes.
  void giveUp();

  const Zone& zone() const { return *zone_; }

 private:
  std::shared_ptr<detail::ChangedName> recordsOf(NameView name) const;

  std::shared_ptr<const Zone> zone_;
  std::shared_ptr<const detail::ChangedNames> frozen_;  // over `zone_`; null: none
  detail::ChangedNames changed_;                        // over both
};

// The records of a version that is to be built.
class ZoneRecords::Frozen {
 public:
  // Its SOA serial is the one after that of the version before (RFC 1982), or the one that a change has given, where
  // that is greater. See ZoneBuilder::build.
  ZoneBuild build(const std::function<bool()>& goesOn = {}) const;

 private:
  friend ZoneRecords;

  Frozen(std::shared_ptr<const Zone> zone, std::shared_ptr<const detail::ChangedNames> changed)
      : zone_(std::move(zone)), changed_(std::move(changed)) {}

  std::shared_ptr<const Zone> zone_;
  std::shared_ptr<const detail::ChangedNames> changed_;
};

}  // namespace taut
