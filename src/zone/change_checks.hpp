// What a change cannot make of a zone: what ZoneBuilder refuses, seen from the owners that it changes.
#pragma once

#include <optional>
#include <string>

#include "node_records.hpp"
#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/zone.hpp"
#include "taut/zone/zone_change.hpp"

namespace taut::detail {

using ChangeProblem = std::optional<std::string>;

// Types whose records say what other records there are, or sign them. KEY and DNSKEY say nothing of other records.
bool isOfSignedZone(Type type);

// A node of a zone that changes.
ChangeProblem problemOfSigned(ZoneNode node);

// A step, whatever else the zone has.
ChangeProblem problemOfStep(const ZoneChange::Step& step, NameView origin);

// A record that comes, whatever else the zone has.
ChangeProblem problemOfRecord(NameView owner, Type type, ByteSpan rdata);

// The records that an owner would have.
ChangeProblem problemOfOwner(NameView owner, const NodeRecords& records, NameView origin);

}  // namespace taut::detail
