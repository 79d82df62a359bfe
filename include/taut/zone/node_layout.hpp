// How a node of a zone lies in memory: its header, the NSEC3 links where the zone has such a chain, one entry for each
// RRset, the owner, and for each RRset the links to targets, where it has them, and the RDATA.
//
// Every distance is relative to the node itself, so that an image of nodes can be moved, written to a file and mapped.
// These are the reading functions; `detail::NodeOutput` writes. A node that others may read does not change, but for
// the flag `stale`.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dns/type.hpp"

namespace taut::detail {

// Nodes begin at multiples of so many octets. Distances between nodes are counted in these units.
inline constexpr std::size_t nodeUnit = 4;

inline constexpr std::uint32_t ttlMask = 0x7fffffff;
// Of a link: the name lies outside the zone, or it leads to no node. Where it leads may change with the zone.
inline constexpr std::int32_t outside = INT32_MIN;
inline constexpr std::int32_t missing = INT32_MIN + 1;

namespace nodeflag {
inline constexpr std::uint16_t apex = 0x01;
inline constexpr std::uint16_t cut = 0x02;
inline constexpr std::uint16_t occluded = 0x04;
inline constexpr std::uint16_t dname = 0x08;
inline constexpr std::uint16_t cname = 0x10;
inline constexpr std::uint16_t wildcardChild = 0x20;
inline constexpr std::uint16_t stale = 0x40;  // a version of the zone has another node in its place, or none
}  // namespace nodeflag

struct RRsetEntry {
  std::uint16_t type;
  std::uint16_t count;
  std::uint32_t ttl;    // the top bit says that links to target nodes stand before the RDATA
  std::uint32_t rdata;  // octets from the node's header to the first record's length

  bool hasLinks() const { return (ttl & ~ttlMask) != 0; }
};

// A place in the NSEC3 chain. Either the owner there matches the hash, or it is the last owner before the hash.
class Nsec3Place {
 public:
  Nsec3Place() = default;
  Nsec3Place(std::size_t index, bool exact) : bits_(static_cast<std::uint32_t>(index << 1 | (exact ? 1 : 0))) {}

  std::size_t index() const { return bits_ >> 1; }
  bool isExact() const { return (bits_ & 1) != 0; }
  friend bool operator==(Nsec3Place, Nsec3Place) = default;

 private:
  std::uint32_t bits_ = 0;
};

struct Nsec3Links {
  Nsec3Place self;
  Nsec3Place wildcard;  // of the name "*.<owner>", whether or not there is such a node
};

struct NodeHeader {
  static constexpr std::uint8_t linksBit = 0x80;

  std::uint32_t parent;    // units back to the parent's header; 0 for the apex
  std::uint16_t flagBits;  // see `flags`
  std::uint16_t entryCount;
  std::uint16_t rrClass;
  std::uint8_t nameSize;
  std::uint8_t labels;  // how many; `linksBit` says that NSEC3 links follow

  // One thread may mark the node while others read.
  std::uint16_t flags() const {
    return std::atomic_ref(const_cast<std::uint16_t&>(flagBits)).load(std::memory_order_relaxed);
  }
  bool has(std::uint16_t wanted) const { return (flags() & wanted) != 0; }
  void markStale() {
    std::atomic_ref(flagBits).store(static_cast<std::uint16_t>(flagBits | nodeflag::stale), std::memory_order_relaxed);
  }

  std::size_t labelCount() const { return labels & (linksBit - 1U); }
  bool hasNsec3Links() const { return (labels & linksBit) != 0; }
  const std::uint8_t* octets() const { return reinterpret_cast<const std::uint8_t*>(this); }

  static constexpr std::size_t entriesAt(bool hasNsec3Links);  // octets from the header to the first entry

  const RRsetEntry* entries() const {
    return reinterpret_cast<const RRsetEntry*>(octets() + entriesAt(hasNsec3Links()));
  }
  const RRsetEntry* entriesEnd() const { return entries() + entryCount; }

  NameView owner() const { return NameView::trusted(reinterpret_cast<const std::uint8_t*>(entriesEnd()), nameSize); }

  // The node so many units after this one; before it, where `units` is negative.
  const NodeHeader* at(std::ptrdiff_t units) const {
    return reinterpret_cast<const NodeHeader*>(octets() + units * static_cast<std::ptrdiff_t>(nodeUnit));
  }

  // The place of the parent; not of the apex.
  const NodeHeader* parentPlace() const { return at(-static_cast<std::ptrdiff_t>(parent)); }

  const Nsec3Links* nsec3Links() const {
    return hasNsec3Links() ? reinterpret_cast<const Nsec3Links*>(this + 1) : nullptr;
  }

  // Few entries are searched one by one. Many are bisected, so that a name with thousands of types costs little more.
  const RRsetEntry* find(Type type) const {
    constexpr std::size_t maxScanned = 16;
    const auto wanted = static_cast<std::uint16_t>(type);
    const auto *entry = entries(), *const end = entriesEnd();
    if (entryCount > maxScanned) {
      entry = std::partition_point(entry, end, [&](const RRsetEntry& other) {
        const bool signature = other.type == static_cast<std::uint16_t>(Type::RRSIG);
        return (signature ? coveredType(&other) : other.type) < wanted;
      });
      return entry != end && entry->type == wanted ? entry : nullptr;
    }
    for (; entry != end; ++entry)
      if (entry->type == wanted) return entry;
    return nullptr;
  }

  RRset read(const RRsetEntry* entry) const {
    RRset set;
    set.owner = owner();
    set.rdata = octets() + entry->rdata;
    set.ttl = entry->ttl & ttlMask;
    set.type = static_cast<Type>(entry->type);
    set.rrClass = static_cast<Class>(rrClass);
    set.count = entry->count;
    return set;
  }

  // Units to the target of each record, `outside` or `missing`; null where the RRset has no links.
  const std::int32_t* links(const RRsetEntry* entry) const {
    return entry->hasLinks() ? reinterpret_cast<const std::int32_t*>(octets() + entry->rdata) - entry->count : nullptr;
  }

  // The entry after `entry`, where that one holds its signatures.
  const RRsetEntry* signatures(const RRsetEntry* entry) const {
    const RRsetEntry* const next = entry + 1;
    if (next == entriesEnd() || next->type != static_cast<std::uint16_t>(Type::RRSIG)) return nullptr;
    return coveredType(next) == entry->type ? next : nullptr;
  }

  // The first field of an RRSIG's RDATA (RFC 4034 section 3.1).
  std::uint16_t coveredType(const RRsetEntry* entry) const { return loadU16(octets() + entry->rdata + 2); }
};

constexpr std::size_t NodeHeader::entriesAt(bool hasNsec3Links) {
  return sizeof(NodeHeader) + (hasNsec3Links ? sizeof(Nsec3Links) : 0);
}

}  // namespace taut::detail
