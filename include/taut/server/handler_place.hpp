// Where a handler that tautd loads stands in the chain of resolvers.
#pragma once

#include <cstdint>

namespace taut {

enum class HandlerPlace : std::uint8_t {
  beforeZones,
  afterZones,  // and after the hosts file, before the cache and forwarding
};

}  // namespace taut
