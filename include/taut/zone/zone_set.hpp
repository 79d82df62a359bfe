// All zones that are served, found by the longest origin that encloses a name (RFC 1034 section 4.3.2 step 2).
//
// A zone that is not loaded (`Zone::notLoaded`) is found like any other: its names are not for its parent to answer.
// Immutable: a reload makes a new set, which shares the zones that did not change. Finding costs one probe for each
// number of labels that some origin has, whatever the number of zones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/zone.hpp"

namespace taut {

class ZoneSet {
 public:
  class LookAhead;

  ZoneSet() = default;

  // Null pointers are left out. Of several zones with one origin and class the last one that is loaded counts.
  explicit ZoneSet(std::span<const std::shared_ptr<const Zone>> zones);

  // The zone with the longest origin at or above the name; null when there is none.
  const Zone* find(NameView name, Class rrClass = Class::IN) const;

  // The same, passing over a zone whose origin is the name itself: for DS, which the parent answers (RFC 4035 section
  // 3.1.4.1).
  const Zone* findParent(NameView name, Class rrClass = Class::IN) const {
    return name.isRoot() ? nullptr : find(name.parent(), rrClass);
  }

  // The zone of exactly this origin.
  std::shared_ptr<const Zone> get(NameView origin, Class rrClass = Class::IN) const;

  std::span<const std::shared_ptr<const Zone>> zones() const { return zones_; }
  std::size_t size() const { return zones_.size(); }
  bool empty() const { return zones_.empty(); }

  // Whether the zones are larger than the caches that a core has for itself: then looking ahead pays.
  bool isLarge() const { return isLarge_; }

 private:
  // A place of the table: what tells zones apart lies beside the pointer, so that only the right zone is touched.
  struct Slot {
    const Zone* zone = nullptr;
    std::uint32_t hash = 0;
    std::uint32_t index = 0;  // in `zones_`
  };

  const Slot* slot(NameView origin, Class rrClass) const;

  std::vector<std::shared_ptr<const Zone>> zones_;
  std::vector<Slot> table_;           // a power of two of them; the first one for a zone is where its hash says
  std::uint64_t depths_[2] = {0, 0};  // bit n: some origin has n labels
  bool isLarge_ = false;
};

// Asks the memory for what a look-up will need. In a large set an answer waits for it four times, each time for the
// place that the last wait revealed. With several questions at hand these waits overlap: make one of these for each,
// take the first step for all, the second for all, the third for all, and answer.
//
// It guesses, and nothing depends on it: the zone is the one that fits the deepest origins, class IN. `zones` outlives
// it.
class ZoneSet::LookAhead {
 public:
  LookAhead() = default;

  LookAhead(const ZoneSet& zones, NameView name);

  void askForZone();
  void askForIndex() const;
  void askForNode() const;

 private:
  const Slot* slot_ = nullptr;
  const Zone* zone_ = nullptr;
  std::uint32_t originHash_ = 0;
  std::uint64_t hash_ = 0;
};

}  // namespace taut
