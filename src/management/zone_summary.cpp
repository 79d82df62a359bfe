#include "zone_summary.hpp"

namespace taut {

ZoneSummary summaryOf(const ZoneSet& zones) {
  ZoneSummary summary;
  summary.total = zones.size();
  for (const auto& zone : zones.zones()) {
    if (zone->isLoaded())
      ++summary.loaded;
    else if (summary.shown.size() < ZoneSummary::maxShown)
      summary.shown.push_back(zone);
  }
  for (const auto& zone : zones.zones()) {
    if (summary.shown.size() == ZoneSummary::maxShown) break;
    if (zone->isLoaded()) summary.shown.push_back(zone);
  }
  return summary;
}

}  // namespace taut
