// Response policy zones in the order in which they are looked at, each in one version: what a server's policy is at a
// time. Immutable: all shards share one.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "taut/dns/edns.hpp"
#include "taut/resolver/policy_zone.hpp"
#include "taut/zone/zone.hpp"

namespace taut {

struct PolicySource {
  std::shared_ptr<const Zone> zone;
  // What clients are told where the zone denies a name or its data (RFC 8914): Blocked, where the operator wants it so,
  // Censored, where someone else does, Filtered, where the client does, or Prohibited.
  ExtendedErrorCode reason = ExtendedErrorCode::blocked;
};

class PolicySet {
 public:
  struct Policy {
    std::shared_ptr<const PolicyZone> zone;
    ExtendedErrorCode reason{};
  };

  // Zones that are null or not loaded have no rules. What the set before has made of a version of a zone is used again,
  // and where nothing has changed that set is what is returned. It walks the names of zones with rules for networks
  // that are new: not for a shard's thread where they are large.
  static std::shared_ptr<const PolicySet> make(std::span<const PolicySource> sources,
                                               std::shared_ptr<const PolicySet> before = nullptr);

  // The first one counts.
  std::span<const Policy> policies() const { return policies_; }

 private:
  PolicySet() = default;

  std::vector<Policy> policies_;
};

}  // namespace taut
