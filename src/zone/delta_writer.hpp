// Makes the tables of the next version of a zone from those of the version before: see ZoneDelta.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "taut/zone/zone.hpp"
#include "taut/zone/zone_delta.hpp"

namespace taut::detail {

class DeltaWriter {
 public:
  explicit DeltaWriter(const Zone& before);

  // The next version has another node at the place, or none: null. It is marked stale.
  void move(const NodeHeader* place, const NodeHeader* node);
  // A name that there has never been a node of. Its node is its place.
  void addName(const NodeHeader* node);
  // A place with an NSEC of a name that is not occluded.
  void addNsec(const NodeHeader* place);
  // An owner of NSEC3 records that there has never been. Its node is its place.
  void addNsec3Owner(const NodeHeader* node) { nsec3Owners_.push_back(unitsOf(node)); }
  // A place of an owner of the NSEC3 chain.
  void addToChain(const NodeHeader* place);

  // Call once.
  std::shared_ptr<const ZoneDelta> finish(const ZoneCounts& counts);

 private:
  using Places = ZoneDelta::Places;

  std::uint32_t unitsOf(const NodeHeader* node) const {
    return static_cast<std::uint32_t>(static_cast<std::size_t>(node->octets() - first_->octets()) / nodeUnit);
  }
  bool isListed(const NodeHeader* place, Places DeltaLevel::*list) const;
  bool isBefore(std::uint32_t a, std::uint32_t b) const { return first_->at(a)->owner() < first_->at(b)->owner(); }
  void insert(Places& list, Places& added) const;
  void pushDown(std::size_t level);
  std::shared_ptr<DeltaLevel> merged(const DeltaLevel& older, const DeltaLevel& newer) const;
  Places mergedPlaces(const Places& older, const Places& newer) const;

  const Zone& before_;
  const NodeHeader* first_;
  ZoneDelta::Levels levels_;
  std::shared_ptr<DeltaLevel> newest_;
  Places names_;  // that are not in the lists of the newest level yet
  Places nsecs_;
  Places nsec3Owners_;
  Places nsec3Chain_;
};

}  // namespace taut::detail
