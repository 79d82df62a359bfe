// What a ZoneStore has of zones from earlier runs of the program, and gives to later ones.
#pragma once

#include "taut/zone/difference_source.hpp"
#include "taut/zone/zone.hpp"
#include "taut/zone/zone_file.hpp"

namespace taut {

class KeptZones {
 public:
  virtual ~KeptZones() = default;

  // The last version of a zone whose versions come by `ZoneStore::install`. On any thread, several at a time.
  virtual KeptZone restore(const ZoneSource& source) = 0;
  // What leads to this very version of a zone that is read from a file.
  virtual DifferenceSource::Differences differencesTo(const ZoneSource& source, const Zone& version) = 0;
  // Such a zone has another version, which these differences lead to from the one before; none: it is not known what
  // does. Does not wait for a disk.
  virtual void keepDifferences(const ZoneSource& source, const Zone& version,
                               DifferenceSource::Differences differences) = 0;
  // Such a zone is no more.
  virtual void forget(const ZoneSource& source, const Zone& version) = 0;
};

}  // namespace taut
