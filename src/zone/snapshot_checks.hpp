// Whether what was read from a file can be read as the image of a zone.
#pragma once

#include "taut/zone/zone_image.hpp"

namespace taut::detail {

// Nodes are listed, each distance that a reader follows from one leads to a listed node, and all that belongs to a node
// lies among the octets of the nodes. The index is not looked at.
bool isSoundImage(const ZoneImage& image);

}  // namespace taut::detail
