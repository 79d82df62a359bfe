// What a ZoneStore has of zones from the files of a ZoneArchive.
#pragma once

#include <memory>

#include "taut/zones/kept_zones.hpp"
#include "zone_archive.hpp"

namespace taut {

class ArchivedZones final : public KeptZones {
 public:
  explicit ArchivedZones(std::shared_ptr<ZoneArchive> archive) : archive_(std::move(archive)) {}

  KeptZone restore(const ZoneSource& source) override;
  // What cannot be read is told of: whoever asks for differences gets the whole zone.
  DifferenceSource::Differences differencesTo(const ZoneSource& source, const Zone& version) override;
  void keepDifferences(const ZoneSource& source, const Zone& version,
                       DifferenceSource::Differences differences) override;
  void forget(const ZoneSource& source, const Zone& version) override;

 private:
  std::shared_ptr<ZoneArchive> archive_;
};

}  // namespace taut
