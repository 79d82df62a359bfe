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

// The name of a run of records, as octets that compare in canonical order. The key of the apex is empty, and the key of
// an ancestor is a prefix of its descendants' keys.
struct OwnerKey {
  std::uint64_t prefix;  // the first eight octets, as a number
  const std::uint8_t* octets;
  RunPlace run;  // in the log
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

  // The keys before `end` are done with: their memory goes back to the system while the zone grows.
  void release(const OwnerKey* end) {
    constexpr std::size_t worthACall = std::size_t{1} << 16;  // keys
    const auto count = static_cast<std::size_t>(end - sorted.data());
    if (count < released + worthACall) return;
    discardPages(sorted.data() + released, end);
    released = count;
  }
};

// The keys of all runs within the origin, sorted. Runs outside of it draw warnings. Runs of one owner stay in the order
// in which they were read.
OwnerKeys sortOwners(const RecordLog& log, NameView origin, unsigned threads, DiagnosticList& diagnostics);

// A layout that has room for all records, whatever nodes they make.
ZoneLayout layoutBound(const RecordLog& log, const OwnerKeys& keys);

}  // namespace taut::detail
