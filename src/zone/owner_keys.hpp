// Puts the owners of logged records in canonical order (RFC 4034 section 6.1).
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "arena.hpp"
#include "diagnostic_list.hpp"
#include "record_log.hpp"
#include "taut/dns/name.hpp"
#include "taut/zone/zone_image.hpp"

namespace taut::detail {

// The name of a run of records as octets whose order is the canonical one. The key of the apex is empty, and that of an
// ancestor is a prefix of its descendants'.
struct OwnerKey {
  std::uint64_t prefix;  // the first eight octets, as a number
  const std::uint8_t* octets;
  std::uint32_t run;  // of the log
  std::uint16_t size;

  bool isSameOwner(const OwnerKey& other) const {
    return size == other.size && std::memcmp(octets, other.octets, size) == 0;
  }
  friend bool operator<(const OwnerKey& a, const OwnerKey& b);
};

struct OwnerKeys {
  Arena octets;
  std::vector<OwnerKey, BlockAllocator<OwnerKey>> sorted;
  std::size_t released = 0;

  // Those before `end` are not looked at any more: their memory goes back while the zone grows.
  void release(const OwnerKey* end) {
    constexpr std::size_t worthACall = std::size_t{1} << 16;  // keys
    const auto count = static_cast<std::size_t>(end - sorted.data());
    if (count < released + worthACall) return;
    discardPages(sorted.data() + released, end);
    released = count;
  }
};

// The keys of all runs within the origin, sorted; the rest draws warnings. Runs of one owner stay in the order in which
// they were read.
OwnerKeys sortOwners(const RecordLog& log, NameView origin, unsigned threads, DiagnosticList& diagnostics);

// An image of that layout has room for all records, whatever they are.
ZoneLayout layoutBound(const RecordLog& log, const OwnerKeys& keys);

}  // namespace taut::detail
