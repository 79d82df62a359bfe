// Writes the nodes of a zone into its image, in canonical order, and frees the log as it goes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "arena.hpp"
#include "diagnostic_list.hpp"
#include "owner_keys.hpp"
#include "owner_records.hpp"
#include "record_log.hpp"
#include "record_places.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"
#include "zone_image_writer.hpp"

namespace taut::detail {

template <class T>
using LargeList = std::vector<T, BlockAllocator<T>>;

struct NodeList {
  LargeList<std::uint32_t> units;  // of the nodes
  RecordPlaces places;             // of their records
};

struct WrittenNodes {
  NodeList ordinary;                // those that a look-up of a name can find
  NodeList nsec3;                   // places in an NSEC3 chain
  LargeList<std::uint32_t> linked;  // nodes with links to others, in units
  bool hasNsec3Links = false;       // whether the nodes have room for places in the chain
};

class NodeWriter {
 public:
  struct Options {
    Name origin;
    Class rrClass = Class::IN;
    std::uint16_t maxNsec3Iterations = 0;  // a chain with more is not used
  };

  NodeWriter(RecordLog& log, ZoneImageWriter& image, const Options& options, DiagnosticList& diagnostics)
      : log_(log), image_(image), options_(options), records_(log, diagnostics) {}

  // Writes all nodes. Afterwards they hold everything that is known of the records. Call once.
  WrittenNodes write(OwnerKeys keys);

 private:
  struct Ancestor {
    std::uint32_t units;
    std::size_t labelCount;
    const std::uint8_t* key;
    std::size_t keySize;
  };

  void writeOwner(NameView owner, const OwnerKey& key);
  void writeAncestors(NameView owner, const OwnerKey& key);
  void writeBelow(NameView owner, std::span<const SetPlan> sets, const std::uint8_t* key, std::size_t keySize);
  std::uint16_t flagsOf(std::span<const SetPlan> sets) const;
  std::uint32_t writeNode(const NodeOutput::Node& node, std::span<const SetPlan> sets, RecordPlaces& places);
  void writeSet(const SetPlan& set, bool linked, RecordPlaces& places);
  bool hasLinks(const SetPlan& set) const;
  bool usesNsec3(std::span<const SetPlan> apex) const;

  RecordLog& log_;
  ZoneImageWriter& image_;
  const Options& options_;
  OwnerRecords records_;
  std::vector<Ancestor> ancestors_;  // from the apex down to the node that was written last
  WrittenNodes written_;
};

}  // namespace taut::detail
