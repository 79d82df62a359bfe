// Makes the next version of a zone from the one that is there and what changes.
//
// It costs what the owners that change have, whatever the size of the zone: see ZoneDelta. Versions before go on being
// right, and any number of threads may read them meanwhile; who updates the same zone on another thread waits. What
// cannot be done so builds or settles the zone within the call: a zone without room for further nodes, another NSEC3
// chain, a delegation or a DNAME above more than 65,536 names.
//
// All of it counts, or nothing: then the reason names the record. The checks are those of ZoneBuilder, made on what
// changes.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "taut/base/result.hpp"
#include "taut/dns/serial.hpp"
#include "taut/zone/zone.hpp"
#include "taut/zone/zone_builder.hpp"
#include "taut/zone/zone_change.hpp"
#include "taut/zone/zone_difference.hpp"

namespace taut {

struct ZoneUpdate {
  std::shared_ptr<const Zone> zone;
  // What has changed, record by record. Nothing: nothing has, and the zone is the one before.
  std::optional<ZoneDifference> difference;
};

// That a record to be added is there already, or one to be removed is not, is no mistake. The SOA gets the serial after
// `last`, or the one that a step gives it where that is newer: several updates in a row that pass the same `last` have
// one step of the serial. Name servers need no addresses. A signed zone is refused, because a change would leave its
// signatures and proofs wrong: where its apex does not say that it is signed, `reasonAgainstChanges` does.
Result<ZoneUpdate, std::string> updateZone(const std::shared_ptr<const Zone>& zone, const ZoneChange& change,
                                           Serial last);

// Why a zone takes no ZoneChange: it is not loaded, or has records of a signed zone. All its records are read for that.
std::optional<std::string> reasonAgainstChanges(const Zone& zone);

// The differences of a transfer (RFC 1995 section 4), as they come: signatures and proofs are records like any other.
// It is strict: the first begins at the SOA of the zone, each later one where the one before has ended, a record that
// goes is there, and one that comes is not. Where that is not so the history differs from that of who sent it, and the
// whole zone is needed. TTLs do not count in that: a zone keeps one for an RRset. The digest of a ZONEMD is verified
// where the checks say so, for which the whole zone is read.
Result<ZoneUpdate, std::string> updateZone(const std::shared_ptr<const Zone>& zone,
                                           std::span<const ZoneDifference> differences, const ZoneChecks& checks = {});

// What led from a version to a later one leads there again, from another image of that version: one that was settled,
// or was kept. What has been checked then, or was not to be, is not checked now: no address and no digest.
Result<std::shared_ptr<const Zone>, std::string> replay(
    std::shared_ptr<const Zone> zone, std::span<const std::shared_ptr<const ZoneDifference>> differences);

}  // namespace taut
