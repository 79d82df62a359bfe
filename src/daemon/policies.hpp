// The response policy of a recursor: which zones of the server it is made of, and what they say now.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "config/configuration.hpp"
#include "taut/resolver/policy_set.hpp"
#include "taut/zone/zone_set.hpp"

namespace taut {

// Any thread may use it.
class Policies {
 public:
  // From the next `update` on. Zones that are missing, or not loaded, have a line of the log.
  void set(const config::Configuration& configuration, const ZoneSet& zones);

  // What these zones say; never null. Where nothing has changed it is the set of the time before.
  std::shared_ptr<const PolicySet> update(const ZoneSet& zones);

 private:
  std::mutex mutex_;
  std::vector<config::PolicySettings> settings_;
  std::shared_ptr<const PolicySet> now_;
};

}  // namespace taut
