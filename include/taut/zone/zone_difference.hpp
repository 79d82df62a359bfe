// What leads from one version of a zone to the next: the records that go and those that come. It is one difference
// sequence of an incremental transfer (RFC 1995 section 4).
//
// The SOA of the version before is the first record that goes, and that of the next version the first one that comes.
// A record whose TTL alone has changed goes with the old TTL and comes with the new one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "taut/base/bytes.hpp"
#include "taut/dns/serial.hpp"
#include "taut/zone/record_list.hpp"

namespace taut {

// Octets that the RDATA of an SOA record has at least: two names that are the root, and five numbers.
inline constexpr std::size_t leastSoaSize = 22;

// The serial of an SOA record's RDATA, also where its names are compressed: the first of the five numbers at its end
// (RFC 1035 section 3.3.13). It has `leastSoaSize` octets at least.
inline Serial serialOfSoa(ByteSpan rdata) {
  constexpr std::size_t fromEnd = 20;
  return Serial(loadU32(rdata.data() + rdata.size() - fromEnd));
}

class ZoneDifference {
 public:
  // Both lists begin with the SOA of the zone.
  ZoneDifference(RecordList removed, RecordList added);

  Serial from() const { return serialOfSoa(removed_.front().rdata); }
  Serial to() const { return serialOfSoa(added_.front().rdata); }

  const RecordList& removed() const { return removed_; }
  const RecordList& added() const { return added_; }

  // Of both lists.
  std::size_t octets() const { return removed_.octets().size() + added_.octets().size(); }

 private:
  RecordList removed_;
  RecordList added_;
};

}  // namespace taut
