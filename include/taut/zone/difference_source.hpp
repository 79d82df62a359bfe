// Where the differences between versions of zones come from, for incremental transfers (RFC 1995): what is kept in
// memory, or in a journal.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "taut/dns/serial.hpp"
#include "taut/zone/zone.hpp"
#include "taut/zone/zone_difference.hpp"

namespace taut {

class DifferenceSource {
 public:
  using Differences = std::vector<std::shared_ptr<const ZoneDifference>>;

  virtual ~DifferenceSource() = default;

  // Those that lead from the version of this serial to `to`, in order, each beginning where the one before ends. Empty
  // where one of them is not known, or all take more octets together than `maxOctets`. `view` is that of the zone,
  // empty for a zone that all see. On any thread, at any time; it does not wait for a disk.
  virtual Differences find(const Zone& to, std::string_view view, Serial from, std::size_t maxOctets) const = 0;
};

}  // namespace taut
