// Writes the nodes of the next version of a zone into the tail of its block, and makes the version of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "delta_writer.hpp"
#include "node_output.hpp"
#include "record_changes.hpp"
#include "taut/zone/zone.hpp"
#include "version_plan.hpp"

namespace taut::detail {

class VersionWriter {
 public:
  // The mutex of the block is held.
  VersionWriter(const Zone& before, VersionPlan& plan, const ChangedOwners& nsec3Owners);

  // Octets of the tail that it may take.
  std::size_t bound() const;

  // The version; null where its NSEC3 chain would be empty. Call once.
  std::shared_ptr<const Zone> write();

  // Whether so many owners in a row are gone from a list of denial that a search, which passes them one by one, would
  // take too long.
  bool leavesGap(const Zone& version) const;

 private:
  void writeNames();
  void writeNsec3Owners();
  NodeHeader& writeNode(NodeOutput::Node node, const NodeRecords& records);
  void writeName(PlannedNode& planned, const NodeRecords& records);
  void linkNsec3(NodeHeader& node, ZoneNode before) const;
  void count(ZoneNode before, ZoneNode next);
  const NodeHeader* parentPlace(const PlannedNode& planned);

  const Zone& before_;
  PlannedNodes& names_;
  const ChangedOwners& nsec3Owners_;
  NodeOutput output_;
  DeltaWriter delta_;
  ZoneCounts counts_;
  std::vector<NodeHeader*> linked_;  // nodes with links to others
  // Places in canonical order that had an NSEC, or were in the NSEC3 chain, and are no longer.
  std::vector<const NodeHeader*> lostNsecs_;
  std::vector<const NodeHeader*> lostNsec3Owners_;
};

}  // namespace taut::detail
