// The links between the nodes of a zone: from records to the hosts that they name, and from names to the NSEC3 records
// that match or cover them. Answers follow them instead of looking up and hashing.
#pragma once

#include <cstdint>
#include <span>

#include "taut/zone/zone.hpp"
#include "zone_image_writer.hpp"

namespace taut::detail {

// Links the records of the nodes that have links, given in units. `zone` reads the image that `image` writes.
void linkTargets(ZoneImageWriter& image, const Zone& zone, std::span<const std::uint32_t> nodes);

// Links all nodes that have room for it to the chain. Several threads compute the hashes.
void linkNsec3(ZoneImageWriter& image, const Zone& zone, unsigned threads);

}  // namespace taut::detail
