// A node of a zone: one owner name with its RRsets, or an empty non-terminal (RFC 8020, RFC 4592 section 2.2.2).
//
// `ZoneNode` is a handle of one pointer into the storage of a `Zone` and lives no longer than the zone. A
// default-constructed handle means "no such node", and only `operator bool` may be asked of it. What depends on a
// node's place in the zone (zone cuts, occlusion, wildcard children) was found when the zone was built: the accessors
// only read it. Which other nodes it leads to depends on the version of the zone: see `Zone::parent`, `Zone::target`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

#include "taut/dns/name.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/node_layout.hpp"

namespace taut {

struct ZoneRRset;

class ZoneNode {
 public:
  class Iterator;

  ZoneNode() = default;
  explicit ZoneNode(const detail::NodeHeader* header) : header_(header) {}

  explicit operator bool() const { return header_ != nullptr; }
  friend bool operator==(ZoneNode, ZoneNode) = default;

  NameView owner() const { return header_->owner(); }
  std::size_t labelCount() const { return header_->labelCount(); }  // of the owner, the root not counted

  bool isApex() const { return header_->has(detail::nodeflag::apex); }
  bool isCut() const { return header_->has(detail::nodeflag::cut); }  // a delegation that is not itself occluded
  bool isOccluded() const { return header_->has(detail::nodeflag::occluded); }  // below a cut or a DNAME
  bool isAuthoritative() const { return !header_->has(detail::nodeflag::cut | detail::nodeflag::occluded); }
  bool isEmpty() const { return header_->entryCount == 0; }  // an empty non-terminal
  bool isWildcard() const { return owner().isWildcard(); }
  bool hasDname() const { return header_->has(detail::nodeflag::dname); }  // redirects all below it (RFC 6672)
  bool hasCname() const { return header_->has(detail::nodeflag::cname); }
  bool hasWildcardChild() const { return header_->has(detail::nodeflag::wildcardChild); }  // "*.<owner>" is a node

  // The RRset of a type and the RRSIGs that cover it; empty where the node has no such type. A node has an RRset of
  // type RRSIG for each type that is signed: find those by iteration.
  ZoneRRset rrset(Type type) const;
  bool has(Type type) const { return header_->find(type) != nullptr; }

  // The RRSIGs that cover a type, also where the node has no such type; count 0 where there are none.
  RRset rrsig(Type covered) const;

  // The RRsets of the node, ordered by type. The RRSIGs that cover one come directly after it, as an RRset of their
  // own.
  Iterator begin() const;
  Iterator end() const;
  std::size_t rrsetCount() const { return header_->entryCount; }

  const detail::NodeHeader* header() const { return header_; }

 private:
  const detail::NodeHeader* header_ = nullptr;
};

class ZoneNode::Iterator {
 public:
  using value_type = RRset;
  using difference_type = std::ptrdiff_t;

  Iterator() = default;
  Iterator(const detail::NodeHeader* node, const detail::RRsetEntry* entry) : node_(node), entry_(entry) {}

  RRset operator*() const { return node_->read(entry_); }
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
  const detail::NodeHeader* node_ = nullptr;
  const detail::RRsetEntry* entry_ = nullptr;
};

// An RRset of a node with its signatures. `Zone::target` finds the nodes of the names that its records lead to.
struct ZoneRRset {
  ZoneRRset() = default;
  ZoneRRset(const detail::NodeHeader* node, const detail::RRsetEntry* entry)
      : data(node->read(entry)), node_(node), links_(node->links(entry)) {
    if (const auto* covering = node->signatures(entry)) rrsig = node->read(covering);
  }

  RRset data;   // count 0: the node has no such type
  RRset rrsig;  // count 0: not signed

  explicit operator bool() const { return data.count != 0; }

  // Whether records of this type name a host or service whose addresses belong in the additional section, and any such
  // name lies in the zone: NS, MX, SRV, NAPTR, SVCB, HTTPS and the like.
  bool hasTargets() const { return links_ != nullptr; }

 private:
  friend class Zone;

  const detail::NodeHeader* node_ = nullptr;
  const std::int32_t* links_ = nullptr;  // one for each record
};

inline ZoneRRset ZoneNode::rrset(Type type) const {
  const auto* const entry = header_->find(type);
  return entry != nullptr ? ZoneRRset(header_, entry) : ZoneRRset();
}

inline RRset ZoneNode::rrsig(Type covered) const {
  for (const auto *entry = header_->entries(), *end = header_->entriesEnd(); entry != end; ++entry)
    if (entry->type == static_cast<std::uint16_t>(Type::RRSIG) &&
        header_->coveredType(entry) == static_cast<std::uint16_t>(covered))
      return header_->read(entry);
  return {};
}

inline ZoneNode::Iterator ZoneNode::begin() const {
  return {header_, header_->entries()};
}
inline ZoneNode::Iterator ZoneNode::end() const {
  return {header_, header_->entriesEnd()};
}

}  // namespace taut
