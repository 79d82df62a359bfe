// A node of a zone: one owner name with its RRsets, or an empty non-terminal (RFC 8020, RFC 4592 section 2.2.2).
//
// `ZoneNode` is a handle of one pointer into the storage of a `Zone` and lives no longer than it; a default-constructed
// handle means "no such node", and only `operator bool` may be asked of it. Everything that depends on a node's place
// in the zone (zone cuts, occlusion, wildcard children, the nodes that NS and MX records lead to) was worked out when
// the zone was built: the accessors only read it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dns/type.hpp"

namespace taut {

namespace detail {

// The storage of a node: this header, the NSEC3 links where the zone has such a chain, one entry for each RRset, the
// owner, the RDATA. Nodes begin at multiples of `nodeUnit` octets and stand in canonical order, ancestors first.
inline constexpr std::size_t nodeUnit = 4;

struct NodeHeader {
  std::uint32_t parent;  // units back to the parent's header; 0 for the apex
  std::uint16_t flags;
  std::uint16_t entryCount;
  std::uint16_t rrClass;
  std::uint8_t nameSize;
  std::uint8_t labelCount;
};

struct Nsec3Links {
  std::uint32_t self;      // place in the NSEC3 chain << 1, | 1 where the hash matches
  std::uint32_t wildcard;  // the same for the name "*.<owner>", be there such a node or not
};

struct RRsetEntry {
  std::uint16_t type;
  std::uint16_t count;
  std::uint32_t ttl;    // the top bit says that links to target nodes stand in front of the RDATA
  std::uint32_t rdata;  // octets from the node's header to the first record's length
};

inline constexpr std::uint32_t ttlMask = 0x7fffffff;
inline constexpr std::int32_t noTarget = INT32_MIN;  // of a link: the name leads to no node of the zone

namespace nodeflag {
inline constexpr std::uint16_t apex = 0x01;
inline constexpr std::uint16_t cut = 0x02;
inline constexpr std::uint16_t occluded = 0x04;
inline constexpr std::uint16_t dname = 0x08;
inline constexpr std::uint16_t cname = 0x10;
inline constexpr std::uint16_t wildcardChild = 0x20;
inline constexpr std::uint16_t nsec3Links = 0x40;
}  // namespace nodeflag

}  // namespace detail

struct ZoneRRset;

class ZoneNode {
 public:
  class Iterator;

  ZoneNode() = default;
  explicit ZoneNode(const detail::NodeHeader* header) : header_(header) {}

  explicit operator bool() const { return header_ != nullptr; }
  friend bool operator==(ZoneNode, ZoneNode) = default;

  NameView owner() const {
    const auto* octets = reinterpret_cast<const std::uint8_t*>(entries() + header_->entryCount);
    return NameView::trusted(octets, header_->nameSize);
  }
  std::size_t labelCount() const { return header_->labelCount; }  // of the owner, the root not counted

  bool isApex() const { return has(detail::nodeflag::apex); }
  bool isCut() const { return has(detail::nodeflag::cut); }            // a delegation that is not itself occluded
  bool isOccluded() const { return has(detail::nodeflag::occluded); }  // below a cut or a DNAME: glue or hidden data
  bool isAuthoritative() const { return !has(detail::nodeflag::cut | detail::nodeflag::occluded); }
  bool isEmpty() const { return header_->entryCount == 0; }  // an empty non-terminal
  bool isWildcard() const { return owner().isWildcard(); }
  bool hasDname() const { return has(detail::nodeflag::dname); }  // redirects all below it (RFC 6672); not occluded
  bool hasCname() const { return has(detail::nodeflag::cname); }
  bool hasWildcardChild() const { return has(detail::nodeflag::wildcardChild); }  // there is a node "*.<owner>"

  // The node one label up; none for the apex.
  ZoneNode parent() const {
    if (header_->parent == 0) return {};
    const auto* at = reinterpret_cast<const std::uint8_t*>(header_) - header_->parent * detail::nodeUnit;
    return ZoneNode(reinterpret_cast<const detail::NodeHeader*>(at));
  }

  // The RRset of a type and the RRSIGs that cover it; empty where the node has no such type. A node has an RRset of
  // type RRSIG for each type that is signed: find those by iteration.
  ZoneRRset rrset(Type type) const;
  bool has(Type type) const { return find(type) != nullptr; }

  // The RRSIGs that cover a type, be it there or not; count 0 where there are none.
  RRset rrsig(Type covered) const;

  // Every RRset of the node, ordered by type; the RRSIGs that cover one directly behind it, as an RRset of their own.
  Iterator begin() const;
  Iterator end() const;
  std::size_t rrsetCount() const { return header_->entryCount; }

  const detail::NodeHeader* header() const { return header_; }

 private:
  friend class Zone;
  friend class ZoneAssembler;
  friend struct ZoneRRset;

  bool has(std::uint16_t flags) const { return (header_->flags & flags) != 0; }

  const detail::RRsetEntry* entries() const {
    const auto* at = reinterpret_cast<const std::uint8_t*>(header_ + 1);
    if (has(detail::nodeflag::nsec3Links)) at += sizeof(detail::Nsec3Links);
    return reinterpret_cast<const detail::RRsetEntry*>(at);
  }

  const detail::Nsec3Links* nsec3Links() const {
    return has(detail::nodeflag::nsec3Links) ? reinterpret_cast<const detail::Nsec3Links*>(header_ + 1) : nullptr;
  }

  // A few entries are walked; a name that has thousands of types is not to cost more than others.
  const detail::RRsetEntry* find(Type type) const {
    constexpr std::size_t few = 16;
    const auto* entry = entries();
    const auto* const end = entry + header_->entryCount;
    if (header_->entryCount > few) {
      entry = std::partition_point(entry, end, [&](const detail::RRsetEntry& other) {
        const bool signature = other.type == static_cast<std::uint16_t>(Type::RRSIG);
        return (signature ? coveredType(&other) : other.type) < static_cast<std::uint16_t>(type);
      });
      return entry != end && entry->type == static_cast<std::uint16_t>(type) ? entry : nullptr;
    }
    for (; entry != end; ++entry)
      if (entry->type == static_cast<std::uint16_t>(type)) return entry;
    return nullptr;
  }

  RRset read(const detail::RRsetEntry* entry) const {
    RRset set;
    set.owner = owner();
    set.rdata = reinterpret_cast<const std::uint8_t*>(header_) + entry->rdata;
    set.ttl = entry->ttl & detail::ttlMask;
    set.type = static_cast<Type>(entry->type);
    set.rrClass = static_cast<Class>(header_->rrClass);
    set.count = entry->count;
    return set;
  }

  // The entry behind one, where it holds the signatures over it.
  const detail::RRsetEntry* signatures(const detail::RRsetEntry* entry) const {
    const auto* next = entry + 1;
    if (next == entries() + header_->entryCount || next->type != static_cast<std::uint16_t>(Type::RRSIG))
      return nullptr;
    return coveredType(next) == entry->type ? next : nullptr;
  }

  // The first field of an RRSIG's RDATA (RFC 4034 section 3.1).
  std::uint16_t coveredType(const detail::RRsetEntry* entry) const {
    return loadU16(reinterpret_cast<const std::uint8_t*>(header_) + entry->rdata + 2);
  }

  const detail::NodeHeader* header_ = nullptr;
};

class ZoneNode::Iterator {
 public:
  using value_type = RRset;
  using difference_type = std::ptrdiff_t;

  Iterator() = default;
  Iterator(ZoneNode node, const detail::RRsetEntry* entry) : node_(node), entry_(entry) {}

  RRset operator*() const { return node_.read(entry_); }
  Iterator& operator++() {
    ++entry_;
    return *this;
  }
  Iterator operator++(int) {
    Iterator before = *this;
    ++entry_;
    return before;
  }
  friend bool operator==(const Iterator& a, const Iterator& b) { return a.entry_ == b.entry_; }

 private:
  ZoneNode node_;
  const detail::RRsetEntry* entry_ = nullptr;
};

// An RRset of a node with its signatures, and with the nodes of the names that its records lead to.
struct ZoneRRset {
  RRset data;   // count 0: the node has no such type
  RRset rrsig;  // count 0: not signed

  explicit operator bool() const { return data.count != 0; }

  // Whether records of this type name a host or service whose addresses belong in the additional section, and any such
  // name lies in the zone: NS, MX, SRV, NAPTR, SVCB, HTTPS and the like.
  bool hasTargets() const { return links_ != nullptr; }

  // The node of the name that the `record`-th record leads to (`additionalName` in dns/rdata.hpp gives that name); none
  // where the zone has no such node. It may be occluded (glue), or a wildcard that the name matches: such addresses
  // are given with the record's name for their owner, not with the node's. No cut or DNAME lies between the two.
  ZoneNode target(std::size_t record) const {
    if (links_ == nullptr || links_[record] == detail::noTarget) return {};
    const auto distance = static_cast<std::ptrdiff_t>(links_[record]) * static_cast<std::ptrdiff_t>(detail::nodeUnit);
    const auto* at = reinterpret_cast<const std::uint8_t*>(node_.header_) + distance;
    return ZoneNode(reinterpret_cast<const detail::NodeHeader*>(at));
  }

 private:
  friend class ZoneNode;

  ZoneNode node_;
  const std::int32_t* links_ = nullptr;  // one for each record: units from the node to its target
};

inline ZoneRRset ZoneNode::rrset(Type type) const {
  ZoneRRset result;
  const auto* entry = find(type);
  if (entry == nullptr) return result;
  result.data = read(entry);
  if (const auto* covering = signatures(entry)) result.rrsig = read(covering);
  result.node_ = *this;
  if ((entry->ttl & ~detail::ttlMask) != 0)
    result.links_ = reinterpret_cast<const std::int32_t*>(result.data.rdata) - entry->count;
  return result;
}

inline RRset ZoneNode::rrsig(Type covered) const {
  const auto* entry = entries();
  for (const auto* end = entry + header_->entryCount; entry != end; ++entry)
    if (entry->type == static_cast<std::uint16_t>(Type::RRSIG) &&
        coveredType(entry) == static_cast<std::uint16_t>(covered))
      return read(entry);
  return {};
}

inline ZoneNode::Iterator ZoneNode::begin() const {
  return {*this, entries()};
}
inline ZoneNode::Iterator ZoneNode::end() const {
  return {*this, entries() + header_->entryCount};
}

}  // namespace taut
