// A zone as it is served (RFC 1034 section 4.2): immutable, compact, made by `ZoneBuilder`.
//
// All nodes lie in one block in canonical order (RFC 4034 section 6.1). A hash index over the full names finds an
// existing name with one cache line of index and then the node itself. The NSEC3 owners are kept apart, in the order of
// their hashes. Handles and views into a zone live as long as the zone. Any number of threads may call its members.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "taut/dns/name.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/nsec3.hpp"
#include "taut/zone/zone_image.hpp"
#include "taut/zone/zone_node.hpp"

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
  using NodeRange = detail::NodeRange;

  // Stands for a zone that is to be served but could not be loaded, or is not loaded yet. It has no data: only
  // `isLoaded`, `origin` and `rrClass` may be asked of it.
  static std::shared_ptr<const Zone> notLoaded(NameView origin, Class rrClass = Class::IN);

  // The apex of `image` has an SOA record. The image of a zone that is not loaded is an apex without records.
  explicit Zone(detail::ZoneImage image);
  Zone(const Zone&) = delete;
  Zone& operator=(const Zone&) = delete;

  bool isLoaded() const { return image_.layout().nodeCount != 0; }

  NameView origin() const { return origin_; }
  Class rrClass() const { return rrClass_; }
  ZoneNode apex() const { return image_.apex(); }

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
  bool hasNsec() const { return image_.layout().nsecCount != 0; }
  bool hasNsec3() const { return image_.layout().nsec3Count != 0; }
  const Nsec3Parameters& nsec3Parameters() const { return nsec3Parameters_; }

  // `name` lies within the origin. `hash` is `name.hash()`, for a caller that has it already.
  ZoneLookup find(NameView name) const { return find(name, name.hash()); }
  ZoneLookup find(NameView name, std::uint64_t hash) const;

  // The node of exactly this name, or none.
  ZoneNode node(NameView name) const { return node(name, name.hash()); }
  ZoneNode node(NameView name, std::uint64_t hash) const { return image_.node(name, hash); }

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
  NodeRange nodes() const { return image_.nodes(); }
  NodeRange nsec3Nodes() const { return image_.nsec3Owners(); }

  std::size_t nodeCount() const { return image_.layout().nodeCount; }
  std::size_t recordCount() const { return static_cast<std::size_t>(image_.layout().recordCount); }
  std::size_t memoryUse() const { return sizeof *this + image_.memoryUse(); }  // octets

  const detail::ZoneImage& image() const { return image_; }

 private:
  ZoneNode closestEncloser(NameView name) const;
  Nsec3Match nsec3At(detail::Nsec3Place place) const;

  detail::ZoneImage image_;
  NameView origin_;  // in the apex node
  Nsec3Parameters nsec3Parameters_;
  std::uint32_t negativeTtl_ = 0;
  std::uint32_t serial_ = 0;
  Class rrClass_ = Class::IN;
  bool signed_ = false;
};

}  // namespace taut
