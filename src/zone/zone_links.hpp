// The links between the nodes of a zone: from records to the hosts that they name, and from names to the NSEC3 records
// that speak for them. Answers follow them instead of looking up and hashing.
#pragma once

#include <cstdint>
#include <span>

#include "taut/zone/zone.hpp"
#include "zone_image_writer.hpp"

namespace taut::detail {

// Of the nodes that have links, in units. `zone` reads the image that `image` writes.
void linkTargets(ZoneImageWriter& image, const Zone& zone, std::span<const std::uint32_t> nodes);

// Of all nodes that have room for it; the hashes are computed by several threads.
void linkNsec3(ZoneImageWriter& image, const Zone& zone, unsigned threads);

}  // namespace taut::detail
