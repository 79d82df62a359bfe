// The rates of responses out of zones that have limits of their own, by the origins of these zones.
#pragma once

#include <cstddef>
#include <unordered_map>

#include "taut/dns/name.hpp"
#include "taut/server/response_rate.hpp"

namespace taut {

class ZoneRates {
 public:
  // The last rate of an origin counts.
  void set(const Name& origin, ResponseRate rate) { rates_.insert_or_assign(origin, rate); }
  // Null where the zone has no rate of its own.
  const ResponseRate* find(NameView origin) const {
    const auto found = rates_.find(origin);
    return found == rates_.end() ? nullptr : &found->second;
  }
  bool empty() const { return rates_.empty(); }

  friend bool operator==(const ZoneRates&, const ZoneRates&) = default;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(NameView name) const { return name.hash(); }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(NameView left, NameView right) const { return left == right; }
  };

  std::unordered_map<Name, ResponseRate, Hash, Equal> rates_;
};

}  // namespace taut
