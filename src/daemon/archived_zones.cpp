#include "archived_zones.hpp"

#include <utility>

#include "taut/base/log.hpp"

namespace taut {

KeptZone ArchivedZones::restore(const ZoneSource& source) {
  if (!source.origin) return {};
  auto restored = archive_->restore(*source.origin);
  KeptZone kept;
  if (!restored.ok()) {
    kept.error = restored.error();
    return kept;
  }
  kept.zone = std::move(restored->zone);
  kept.differences = std::move(restored->differences);
  kept.changed = restored->changed;
  return kept;
}

DifferenceSource::Differences ArchivedZones::differencesTo(const ZoneSource&, const Zone& version) {
  auto differences = archive_->differencesTo(version);
  if (differences.ok()) return std::move(*differences);
  log::error("{}; secondaries get zone {} whole", differences.error(), version.origin());
  return {};
}

void ArchivedZones::keepDifferences(const ZoneSource&, const Zone& version, DifferenceSource::Differences differences) {
  archive_->keepDifferences(version, std::move(differences));
}

void ArchivedZones::forget(const ZoneSource&, const Zone& version) {
  archive_->forget(Name(version.origin()));
}

}  // namespace taut
