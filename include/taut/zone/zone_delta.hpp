// What a version of a zone has in place of nodes of its first version, and beside them.
//
// The nodes of all versions lie in one block: those of the first in its image, those of later ones in the tail behind
// it. A name has one place for good, that of the first node that it had: `parent` and links lead there. A node that is
// not the one of its place in every version is marked `stale`; which one is, and whether there is one, each version
// knows by itself. So a look-up asks a ZoneDelta only for stale nodes and for names that the image does not have.
//
// A ZoneDelta is immutable and has its tables in a few levels that versions share: to make the next version only the
// newest level is copied, which is small. All tables hold units, counted from the first node of the image.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "taut/dns/name.hpp"
#include "taut/zone/node_layout.hpp"

namespace taut::detail {

// A hash table from numbers to numbers. The number UINT32_MAX is not a key together with the value UINT32_MAX.
class UnitsTable {
 public:
  // Replaces the value of the key.
  void put(std::uint32_t key, std::uint32_t value);
  // Keeps other values of the key.
  void add(std::uint32_t key, std::uint32_t value);

  // The first value of the key that is wanted; null where there is none.
  template <class Wanted>
  const std::uint32_t* find(std::uint32_t key, const Wanted& isWanted) const {
    if (slots_.empty()) return nullptr;
    for (std::size_t at = startOf(key);; at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      if (slot.isEmpty()) return nullptr;
      if (slot.key == key && isWanted(slot.value)) return &slot.value;
    }
  }
  const std::uint32_t* find(std::uint32_t key) const {
    return find(key, [](std::uint32_t) { return true; });
  }

  template <class Visit>
  void forEach(const Visit& visit) const {
    for (const Slot& slot : slots_)
      if (!slot.isEmpty()) visit(slot.key, slot.value);
  }

  std::size_t size() const { return size_; }
  std::size_t octets() const { return slots_.size() * sizeof(Slot); }

 private:
  struct Slot {
    std::uint32_t key = UINT32_MAX;
    std::uint32_t value = UINT32_MAX;

    bool isEmpty() const { return key == UINT32_MAX && value == UINT32_MAX; }
  };

  std::size_t startOf(std::uint32_t key) const {
    return static_cast<std::size_t>(key * 0x9e3779b97f4a7c15 >> 32) & (slots_.size() - 1);
  }
  void makeRoom();

  std::vector<Slot> slots_;  // a power of two of them, at most half of them full
  std::size_t size_ = 0;
};

struct DeltaLevel {
  // Places in canonical order.
  using Places = std::vector<std::uint32_t>;

  UnitsTable moved;    // from a place to the node that a version has for it; 0: none
  UnitsTable added;    // from 32 bits of the hash of a name that the image does not have, to its place
  UnitsTable widened;  // places in the NSEC3 chain of the image that others of the chain have come behind

  Places names;        // those of `added`
  Places nsecs;        // of names that have or had an NSEC, and are not in the list of the image
  Places nsec3Owners;  // that are not in the list of the image
  Places nsec3Chain;   // that are not in the chain of the image

  std::size_t size() const { return moved.size() + added.size(); }
  std::size_t octets() const;
};

struct ZoneCounts {
  std::uint64_t records = 0;
  std::uint32_t nodes = 0;
  std::uint32_t nsecs = 0;
  std::uint32_t nsec3Owners = 0;
  std::uint32_t nsec3Chain = 0;
};

class ZoneDelta {
 public:
  static constexpr std::size_t levelCount = 3;
  using Levels = std::array<std::shared_ptr<const DeltaLevel>, levelCount>;  // the newest first; none is null
  using Places = DeltaLevel::Places;

  // `first` is the first node of the image.
  ZoneDelta(const NodeHeader* first, Levels levels, const ZoneCounts& counts)
      : first_(first), levels_(std::move(levels)), counts_(counts) {}

  const Levels& levels() const { return levels_; }
  const ZoneCounts& counts() const { return counts_; }
  std::size_t octets() const;

  const NodeHeader* at(std::uint32_t units) const { return first_->at(units); }
  std::uint32_t unitsOf(const NodeHeader* node) const {
    return static_cast<std::uint32_t>(static_cast<std::size_t>(node->octets() - first_->octets()) / nodeUnit);
  }

  // The node of a place in this version; null where there is none.
  const NodeHeader* current(const NodeHeader* place) const {
    return place->has(nodeflag::stale) ? moved(place) : place;
  }
  // The place of a name that the image does not have, whether or not this version has a node there; null: none.
  const NodeHeader* added(NameView name, std::uint64_t hash) const;
  // Whether an owner was added to the NSEC3 chain behind a place in the image's.
  bool isWidened(std::size_t index) const;

  // How many entries of the tables there are.
  std::size_t size() const;

 private:
  const NodeHeader* moved(const NodeHeader* place) const;

  const NodeHeader* first_;
  Levels levels_;
  ZoneCounts counts_;
};

}  // namespace taut::detail
