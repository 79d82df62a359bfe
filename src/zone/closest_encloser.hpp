// What a look-up of a name that does not exist looks for (RFC 4592 section 3.3.1): the closest encloser, and its
// wildcard.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "taut/dns/name.hpp"
#include "taut/zone/zone_node.hpp"

namespace taut::detail {

// The nearest ancestor of a name that has a node. Every ancestor of a node is a node, so that a bisection finds its
// depth: a name of 127 labels costs seven probes.
template <class NodeOf>
ZoneNode closestEncloser(NameView name, NameView origin, ZoneNode apex, const NodeOf& nodeOf) {
  std::array<std::uint8_t, maxLabelCount + 1> offsets;  // of the ancestors between the name and the origin
  std::size_t count = 0;
  const std::size_t originAt = name.size() - origin.size();
  for (std::size_t at = name.data()[0] + 1u; at < originAt; at += name.data()[at] + 1u)
    offsets[count++] = static_cast<std::uint8_t>(at);
  ZoneNode encloser = apex;
  std::size_t nearest = 0;  // the first ancestor that may exist
  while (nearest < count) {
    const std::size_t middle = nearest + (count - nearest - 1) / 2;
    const NameView ancestor = NameView::trusted(name.data() + offsets[middle], name.size() - offsets[middle]);
    if (const ZoneNode found = nodeOf(ancestor)) {
      encloser = found;
      count = middle;
    } else {
      nearest = middle + 1;
    }
  }
  return encloser;
}

// "*.<parent>" on the stack. A name of 254 octets or more has no room for such a child, and the zone has none.
class WildcardName {
 public:
  explicit WildcardName(NameView parent) : size_(parent.size() + 2) {
    octets_[0] = 1;
    octets_[1] = '*';
    std::memcpy(octets_.data() + 2, parent.data(), parent.size());
  }

  NameView view() const { return NameView::trusted(octets_.data(), size_); }

 private:
  std::size_t size_;
  std::array<std::uint8_t, maxNameSize + 2> octets_;
};

}  // namespace taut::detail
