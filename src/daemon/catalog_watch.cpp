#include "catalog_watch.hpp"

namespace taut {

void CatalogWatch::follow(const config::Configuration& configuration) {
  const std::lock_guard lock(mutex_);
  seen_.clear();
  for (const config::ZoneSettings& zone : configuration.zones)
    if (zone.catalog == config::CatalogRole::consume) seen_.emplace_back(*Name::parse(zone.name), nullptr);
}

bool CatalogWatch::hasNews(const ZoneSet& zones) {
  const std::lock_guard lock(mutex_);
  bool hasNews = false;
  for (auto& [name, version] : seen_) {
    auto now = zones.get(name);
    if (now == version) continue;
    version = std::move(now);
    hasNews = true;
  }
  return hasNews;
}

}  // namespace taut
