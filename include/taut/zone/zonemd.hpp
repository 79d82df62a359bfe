// Message digests over whole zones (RFC 8976).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "taut/zone/zone.hpp"

namespace taut {

struct ZonemdResult {
  enum class Status : std::uint8_t {
    absent,       // the zone has no ZONEMD record
    verified,     // a digest matches
    unsupported,  // no record has a scheme and a hash that we know
    failed,       // no digest matches
  };

  Status status = Status::absent;
  std::string reason;  // why it is neither absent nor verified
};

// Section 4: the zone is verified when one of its ZONEMD records matches.
ZonemdResult verifyZonemd(const Zone& zone);

enum class ZonemdHash : std::uint8_t { SHA384 = 1, SHA512 = 2 };

// The digest of the SIMPLE scheme (section 3.3.1).
std::vector<std::uint8_t> zonemdDigest(const Zone& zone, ZonemdHash hash);

}  // namespace taut
