// A version of a zone as it is served (RFC 1034 section 4.2): immutable, compact, made by `ZoneBuilder`, and from
// another version by `updateZone`.
//
// All nodes lie in one block in canonical order (RFC 4034 section 6.1). A hash index over the full names finds an
// existing name with one cache line of index and then the node itself. The NSEC3 owners are kept apart, in the order of
// their hashes. What a later version has in place of these nodes lies behind them in the same block, and is found by
// its `ZoneDelta`. Handles and views into a version live as long as the version. Any number of threads may call its
// members, also while another one makes the next version.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/nsec3.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/zone_delta.hpp"
#include "taut/zone/zone_image.hpp"
#include "taut/zone/zone_node.hpp"
#include "taut/zone/zone_node_range.hpp"

namespace taut {

// What a zone knows of a name: steps 3a to 3c of RFC 1034 section 4.3.2, found by one descent.
struct ZoneLookup {
  ZoneNode node;      // of exactly this name; may be an empty non-terminal, a cut, or occluded
  ZoneNode encloser;  // the closest encloser (RFC 4592 section 3.3.1): `node`, or the nearest ancestor that exists
  ZoneNode cut;       // the topmost delegation at or above the name; set: refer, unless DS is asked for and cut == node
  ZoneNode dname;     // the topmost DNAME strictly above the name; never set together with `cut`
  ZoneNode wildcard;  // "*.<encloser>", when the name does not exist and neither `cut` nor `dname` is set
};

// The NSEC3 record that matches or covers a name's hash.
struct Nsec3Match {
  ZoneNode node;       // has the NSEC3 RRset; none when the zone has no chain
  bool exact = false;  // the hash matches the owner; else it lies between the owner and the next hash

  explicit operator bool() const { return static_cast<bool>(node); }
};

class Zone {
 public:
  using NodeRange = ZoneNodeRange;

  // Stands for a zone that is to be served but could not be loaded, or is not loaded yet. It has no data: only
  // `isLoaded`, `origin` and `rrClass` may be asked of it.
  static std::shared_ptr<const Zone> notLoaded(NameView origin, Class rrClass = Class::IN);

  // The apex of `image` has an SOA record. The image of a zone that is not loaded is an apex without records.
  // `delta` is what the version has that the image has not; null for the first version.
  explicit Zone(detail::ZoneImage image, std::shared_ptr<const detail::ZoneDelta> delta = nullptr);
  Zone(const Zone&) = delete;
  Zone& operator=(const Zone&) = delete;

  bool isLoaded() const { return image_.layout().nodeCount != 0; }

  NameView origin() const { return origin_; }
  Class rrClass() const { return rrClass_; }
  ZoneNode apex() const { return ZoneNode(apex_); }

  // The SOA at the apex; negativeSoa() is the one for a negative answer, whose TTLs are at most the SOA's MINIMUM (RFC
  // 2308 section 3).
  ZoneRRset soa() const { return apex().rrset(Type::SOA); }
  ZoneRRset negativeSoa() const {
    ZoneRRset set = soa();
    set.data.ttl = negativeTtl_;
    set.rrsig.ttl = negativeTtl_;
    return set;
  }
  std::uint32_t negativeTtl() const { return negativeTtl_; }
  std::uint32_t serial() const { return serial_; }

  // Whether the zone has signatures: RRSIGs over its SOA.
  bool isSigned() const { return signed_; }

  // How the zone denies existence. An NSEC3 chain counts where an NSEC3PARAM at the apex names it.
  bool hasNsec() const { return counts_.nsecs != 0; }
  bool hasNsec3() const { return image_.layout().nsec3Count != 0; }
  const Nsec3Parameters& nsec3Parameters() const { return nsec3Parameters_; }

  // `name` lies within the origin. `hash` is `name.hash()`, for a caller that has it already.
  ZoneLookup find(NameView name) const { return find(name, name.hash()); }
  ZoneLookup find(NameView name, std::uint64_t hash) const;

  // The node of exactly this name, or none.
  ZoneNode node(NameView name) const { return node(name, name.hash()); }
  ZoneNode node(NameView name, std::uint64_t hash) const {
    const ZoneNode found = image_.node(name, hash);
    if (delta_ != nullptr) [[unlikely]]
      return nodeOfVersion(found, name, hash);
    return found;
  }

  // The node one label up; none for the apex.
  ZoneNode parent(ZoneNode node) const {
    return node.header()->parent != 0 ? current(node.header()->parentPlace()) : ZoneNode();
  }

  // The node of the name that the `record`-th record of the RRset leads to, whose RDATA this is (`additionalName` in
  // dns/rdata.hpp gives that name); none where the zone has no such node. It may be occluded (glue), or a wildcard that
  // the name matches: the owner of such addresses in a reply is the record's name, not the node's. No cut or DNAME lies
  // between the two.
  ZoneNode target(const ZoneRRset& set, std::size_t record, ByteSpan rdata) const {
    if (set.links_ == nullptr) return {};
    if (delta_ != nullptr) [[unlikely]]
      return targetOfVersion(set, record, rdata);
    const std::int32_t units = set.links_[record];
    return units <= detail::missing ? ZoneNode() : ZoneNode(set.node_->at(units));
  }

  // A look-up waits for memory three times: for this object, for a line of the index, and for the node. These prefetch
  // each, without waiting. The hash is that of the name. See ZoneSet::LookAhead.
  void prefetch() const {
    constexpr std::size_t cacheLine = 64;
    __builtin_prefetch(this);
    __builtin_prefetch(reinterpret_cast<const std::uint8_t*>(this) + cacheLine);
  }
  void prefetch(std::uint64_t hash) const {
    image_.prefetchIndex(hash);
    __builtin_prefetch(origin_.data());  // each question is compared with it
  }
  void prefetchNode(std::uint64_t hash) const { image_.prefetchNode(hash); }

  // The node whose NSEC matches or covers a name within the origin (RFC 4034 section 4.1.1); none in a zone without.
  ZoneNode nsecCovering(NameView name) const;

  // For a name that exists (nothing is hashed), for the wildcard at such a name, for any name, and for a hash.
  Nsec3Match nsec3(ZoneNode node) const;
  Nsec3Match nsec3Wildcard(ZoneNode encloser) const;
  Nsec3Match nsec3(NameView name) const;
  Nsec3Match nsec3(const Nsec3Hash& hash) const;

  // nodes(): every node in canonical order, occluded ones and empty non-terminals included. nsec3Nodes(): the NSEC3
  // owners.
  NodeRange nodes() const {
    return {image_.first(), image_.nodes().units(), counts_.nodes, delta_.get(), &detail::DeltaLevel::names};
  }
  NodeRange nsec3Nodes() const {
    const auto owners = image_.nsec3Owners().units();
    return {image_.first(), owners, counts_.nsec3Owners, delta_.get(), &detail::DeltaLevel::nsec3Owners};
  }

  std::size_t nodeCount() const { return counts_.nodes; }
  std::size_t recordCount() const { return static_cast<std::size_t>(counts_.records); }
  // Octets. Versions share most of them: what each has of the block counts for all.
  std::size_t memoryUse() const;

  // For who makes the next version.
  const detail::ZoneImage& image() const { return image_; }
  const detail::ZoneDelta* delta() const { return delta_.get(); }
  const detail::ZoneCounts& counts() const { return counts_; }
  // The place that a name has for good, also where this version has no node there; null where it never had one. And
  // that of an owner of NSEC3 records.
  const detail::NodeHeader* place(NameView name, std::uint64_t hash) const;
  const detail::NodeHeader* nsec3Place(NameView owner) const;
  // The place that a record leads to which names a host of the zone; null where it leads to none.
  const detail::NodeHeader* targetPlace(NameView name) const;
  // The node of a place in this version.
  ZoneNode current(const detail::NodeHeader* place) const {
    return ZoneNode(delta_ == nullptr ? place : delta_->current(place));
  }
  // Whether this version has an owner of its NSEC3 chain, or of an NSEC, at a place.
  bool hasNsec3At(const detail::NodeHeader* place) const;
  bool hasNsecAt(const detail::NodeHeader* place) const;

 private:
  ZoneNode nodeOfVersion(ZoneNode found, NameView name, std::uint64_t hash) const;
  ZoneNode targetOfVersion(const ZoneRRset& set, std::size_t record, ByteSpan rdata) const;
  ZoneLookup findInVersion(ZoneNode found, NameView name) const;
  ZoneNode closestEncloser(NameView name) const;
  Nsec3Match nsec3At(detail::Nsec3Place place, NameView name) const;
  ZoneNode nsecOfVersion(NameView name) const;
  Nsec3Match nsec3OfVersion(const Nsec3Hash& hash) const;

  // What a look-up needs lies in the first two cache lines: see `prefetch`.
  detail::ZoneImage image_;
  const detail::NodeHeader* apex_;
  NameView origin_;  // in the first apex node
  std::shared_ptr<const detail::ZoneDelta> delta_;
  detail::ZoneCounts counts_;
  Nsec3Parameters nsec3Parameters_;
  std::uint32_t negativeTtl_ = 0;
  std::uint32_t serial_ = 0;
  Class rrClass_ = Class::IN;
  bool signed_ = false;
};

}  // namespace taut
