// Names as keys of the standard containers.
#pragma once

#include <cstddef>

#include "taut/dns/name.hpp"

namespace taut::detail {

struct HashName {
  std::size_t operator()(NameView name) const { return static_cast<std::size_t>(name.hash()); }
};

}  // namespace taut::detail
