// The links between the nodes of a zone: from records to the hosts that they name, and from names to the NSEC3 records
// that match or cover them. Answers follow them instead of looking up and hashing.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/zone.hpp"
#include "zone_image_writer.hpp"

namespace taut::detail {

// Whether a record names a host within the zone, or its own owner by a root target (RFC 9460 section 2.5).
bool mayLeadTo(NameView origin, Type type, ByteSpan rdata);

// The name of the host that a record leads to; none where records of its type lead to none.
std::optional<NameView> targetName(NameView owner, Type type, ByteSpan rdata);

// Links the records of a node that nobody else reads yet, where they have room for links, to those of `zone`.
void linkTargets(NodeHeader& node, const Zone& zone);

// The places of a node in the NSEC3 chain of an image.
Nsec3Links nsec3LinksOf(ZoneNode node, const ZoneImage& image, const Nsec3Parameters& parameters);

// Links the records of the nodes that have links, given in units. `zone` reads the image that `image` writes.
void linkTargets(ZoneImageWriter& image, const Zone& zone, std::span<const std::uint32_t> nodes);

// Links all nodes that have room for it to the chain. Several threads compute the hashes.
void linkNsec3(ZoneImageWriter& image, const Zone& zone, unsigned threads);

}  // namespace taut::detail
