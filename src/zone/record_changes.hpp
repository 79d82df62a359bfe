// What an update changes of the records of a version, owner by owner, before anything is made of it.
//
// The views are of the version, and of the change or the differences: both outlive this.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "node_records.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/serial.hpp"
#include "taut/zone/zone.hpp"
#include "taut/zone/zone_change.hpp"
#include "taut/zone/zone_difference.hpp"

namespace taut::detail {

struct ChangedOwner {
  NameView owner;           // as the next version writes it
  ZoneNode before;          // none: the version has none
  const NodeHeader* place;  // null: there has never been a node
  NodeRecords records;      // of the next version

  bool isSameAsBefore() const;
};

using ChangedOwners = std::map<NameView, ChangedOwner>;  // in canonical order

class RecordChanges {
 public:
  using Problem = std::optional<std::string>;

  explicit RecordChanges(const Zone& zone) : zone_(zone) {}

  // Takes steps in their order. The SOA gets the serial after `last`, or the one that it was given where that is newer.
  // Or says why that cannot be. Call once.
  Problem take(const ZoneChange& change, Serial last);
  // Takes what goes and what comes. Or says what is there that should not be, or is not there. Then `finish`.
  Problem take(const ZoneDifference& difference);
  // Leaves out what is as it was, and says what is wrong with the rest: what ZoneBuilder refuses.
  Problem finish();

  bool empty() const { return names_.empty() && nsec3Owners_.empty(); }
  const ChangedOwners& names() const { return names_; }
  const ChangedOwners& nsec3Owners() const { return nsec3Owners_; }
  ZoneDifference difference() const;
  // Whether the zone uses another NSEC3 chain than before, or its first.
  bool changesChain() const;

 private:
  ChangedOwner& ownerOf(NameView owner, Type type, ByteSpan rdata);
  ChangedOwner& changed(ChangedOwners& owners, NameView owner, bool isNsec3);
  void prefetch(std::span<const NameView> owners) const;
  Problem takeStep(const ZoneChange::Step& step);
  Problem setSerial(Serial last);

  const Zone& zone_;
  ChangedOwners names_;
  ChangedOwners nsec3Owners_;  // NSEC3 records and their signatures: see OwnerRecords
  std::vector<std::uint8_t> soa_;
};

}  // namespace taut::detail
