#include "policies.hpp"

#include "taut/base/log.hpp"

namespace taut {

void Policies::set(const config::Configuration& configuration, const ZoneSet& zones) {
  const std::scoped_lock lock(mutex_);
  settings_.clear();
  if (configuration.recursion) settings_ = configuration.recursion->policies;
  for (const config::PolicySettings& policy : settings_) {
    const auto zone = zones.get(policy.zone);
    if (!zone || !zone->isLoaded())
      log::warning("policy zone {} is {}: it changes no answer until it is", policy.zone,
                   zone ? "not loaded" : "none of the zones");
  }
}

std::shared_ptr<const PolicySet> Policies::update(const ZoneSet& zones) {
  const std::scoped_lock lock(mutex_);
  std::vector<PolicySource> sources;
  for (const config::PolicySettings& policy : settings_) sources.push_back({zones.get(policy.zone), policy.reason});
  now_ = PolicySet::make(sources, now_);
  return now_;
}

}  // namespace taut
