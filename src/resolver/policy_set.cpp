#include "taut/resolver/policy_set.hpp"

#include <algorithm>
#include <utility>

namespace taut {

namespace {

std::shared_ptr<const PolicyZone> policyOf(const std::shared_ptr<const Zone>& zone, const PolicySet* before) {
  if (before)
    for (const PolicySet::Policy& policy : before->policies())
      if (policy.zone->zone() == zone) return policy.zone;
  return std::make_shared<const PolicyZone>(zone);
}

}  // namespace

std::shared_ptr<const PolicySet> PolicySet::make(std::span<const PolicySource> sources,
                                                 std::shared_ptr<const PolicySet> before) {
  std::shared_ptr<PolicySet> made(new PolicySet);
  for (const PolicySource& source : sources)
    if (source.zone && source.zone->isLoaded())
      made->policies_.push_back({policyOf(source.zone, before.get()), source.reason});
  const auto isSame = [](const Policy& left, const Policy& right) {
    return left.zone == right.zone && left.reason == right.reason;
  };
  if (before && std::ranges::equal(before->policies_, made->policies_, isSame)) return before;
  return made;
}

}  // namespace taut
