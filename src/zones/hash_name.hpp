// Names as keys of the standard containers.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "taut/dns/name.hpp"

namespace taut::detail {

struct HashName {
  std::size_t operator()(NameView name) const { return static_cast<std::size_t>(name.hash()); }
};

// What identifies a zone of a store: a view may have another one of the same origin.
struct ZoneKey {
  std::string view;
  NameView origin;

  friend bool operator==(const ZoneKey&, const ZoneKey&) = default;
};

struct HashZoneKey {
  std::size_t operator()(const ZoneKey& key) const {
    const std::size_t hash = HashName()(key.origin);
    return key.view.empty() ? hash : hash ^ std::hash<std::string>()(key.view);
  }
};

}  // namespace taut::detail
