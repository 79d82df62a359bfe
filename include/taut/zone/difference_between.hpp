// The difference between two versions of a zone that were made independently of each other, such as those of a master
// file before and after an edit: both are walked in canonical order.
#pragma once

#include <cstddef>
#include <optional>

#include "taut/zone/zone.hpp"
#include "taut/zone/zone_difference.hpp"

namespace taut {

// What leads from one version to the next. Records count as the same where all of their octets are, the case of their
// names too, and the TTL. Nothing where the difference would take more octets than `maxOctets`. Both versions are of
// one origin and class, and loaded; their serials may be any.
std::optional<ZoneDifference> differenceBetween(const Zone& from, const Zone& to, std::size_t maxOctets);

// Whether both versions have the same records, that of the SOA and so the serial among them.
bool haveSameRecords(const Zone& left, const Zone& right);

}  // namespace taut
