#include "zone_summary.hpp"

namespace taut {

namespace {

// Counts the zones, and shows those that are loaded, or those that are not.
void addZones(const ZoneSet& zones, bool loaded, ZoneSummary& summary) {
  for (const auto& zone : zones.zones()) {
    if (zone->isLoaded() != loaded) continue;
    if (loaded) ++summary.loaded;
    if (summary.shown.size() < ZoneSummary::maxShown) summary.shown.push_back({zone, zones.viewName()});
  }
}

}  // namespace

ZoneSummary summaryOf(const ZoneSet& zones) {
  ZoneSummary summary;
  summary.total = zones.size();
  for (const auto& view : zones.views()) summary.total += view->size();
  for (const bool loaded : {false, true}) {
    addZones(zones, loaded, summary);
    for (const auto& view : zones.views()) addZones(*view, loaded, summary);
  }
  return summary;
}

}  // namespace taut
