// Sees which sets of zones have new versions of the catalogs that are consumed.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "config/configuration.hpp"
#include "taut/dns/name.hpp"
#include "taut/zone/zone_set.hpp"

namespace taut {

class CatalogWatch {
 public:
  // From now on those that the configuration consumes are looked at; each is new at first. On any thread, as below.
  void follow(const config::Configuration& configuration);
  // Whether the set has another version of a catalog than the set before.
  bool hasNews(const ZoneSet& zones);

 private:
  std::mutex mutex_;
  std::vector<std::pair<Name, std::shared_ptr<const Zone>>> seen_;
};

}  // namespace taut
