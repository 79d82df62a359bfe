// A zone as it is served (RFC 1034 section 4.2): immutable, compact, made by `ZoneBuilder`.
//
// All nodes lie in one block in canonical order (RFC 4034 section 6.1). A hash index over the full names finds an
// existing name with one cache line of index and then the node itself; the NSEC3 owners are kept apart, in the order of
// their hashes. Handles and views into a zone live as long as it does. Every member may be called by any number of
// threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/nsec3.hpp"
#include "taut/zone/zone_node.hpp"

namespace taut {

namespace detail {
class Block;
}

// What a zone knows of a name: steps 3a to 3c of RFC 1034 section 4.3.2, worked out by one descent.
struct ZoneLookup {
  ZoneNode node;      // of exactly this name; may be an empty non-terminal, a cut, or occluded
  ZoneNode encloser;  // the closest encloser (RFC 4592 section 3.3.1): `node`, or the nearest ancestor that exists
  ZoneNode cut;       // the topmost delegation at or above the name; set: refer, unless DS is asked for and cut == node
  ZoneNode dname;     // the topmost DNAME strictly above the name; never set together with `cut`
  ZoneNode wildcard;  // "*.<encloser>", when the name does not exist and neither `cut` nor `dname` is set
};

// The NSEC3 record that speaks for a name's hash.
struct Nsec3Match {
  ZoneNode node;       // has the NSEC3 RRset; none when the zone has no chain
  bool exact = false;  // the hash matches the owner; else it lies between the owner and the next hash

  explicit operator bool() const { return static_cast<bool>(node); }
};

class Zone {
 public:
  class NodeRange;

  // Stands for a zone that is to be served but could not be loaded, or not yet. It has no data: `isLoaded`, `origin`
  // and `rrClass` are all that may be asked of it.
  static std::shared_ptr<const Zone> notLoaded(NameView origin, Class rrClass = Class::IN);

  ~Zone();
  Zone(const Zone&) = delete;
  Zone& operator=(const Zone&) = delete;

  bool isLoaded() const { return buckets_ != nullptr; }

  NameView origin() const { return origin_; }
  Class rrClass() const { return rrClass_; }
  ZoneNode apex() const { return ZoneNode(nodeAt(0)); }

  // The SOA at the apex, and the same for a negative answer: both TTLs at most the SOA's MINIMUM (RFC 2308 section 3).
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

  // How the zone denies existence; an NSEC3 chain counts where an NSEC3PARAM at the apex names it.
  bool hasNsec() const { return nsecCount_ != 0; }
  bool hasNsec3() const { return nsec3Count_ != 0; }
  const Nsec3Parameters& nsec3Parameters() const { return nsec3Parameters_; }

  // `name` lies within the origin. `hash` is `name.hash()`, where the caller has it already.
  ZoneLookup find(NameView name) const { return find(name, name.hash()); }
  ZoneLookup find(NameView name, std::uint64_t hash) const;

  // The node of exactly this name, or none.
  ZoneNode node(NameView name) const { return node(name, name.hash()); }
  ZoneNode node(NameView name, std::uint64_t hash) const;

  // A lookup waits for memory three times: for this object, for a line of the index, and for the node. These ask for
  // each without waiting; the hash is that of the name. See ZoneSet::LookAhead.
  void prefetch() const {
    __builtin_prefetch(this);
    __builtin_prefetch(reinterpret_cast<const std::uint8_t*>(this) + cacheLine_);
  }
  void prefetch(std::uint64_t hash) const {
    __builtin_prefetch(buckets_ + bucketOf(hash));
    __builtin_prefetch(origin_.data());  // each question is compared with it
  }
  void prefetchNode(std::uint64_t hash) const;

  // The node whose NSEC matches or covers a name within the origin (RFC 4034 section 4.1.1); none in a zone without.
  ZoneNode nsecCovering(NameView name) const;

  // For a name that exists (nothing is hashed), for the wildcard at an existing name, for any name, and for a hash.
  Nsec3Match nsec3(ZoneNode node) const;
  Nsec3Match nsec3Wildcard(ZoneNode encloser) const;
  Nsec3Match nsec3(NameView name) const;
  Nsec3Match nsec3(const Nsec3Hash& hash) const;

  // Every node in canonical order, occluded ones and empty non-terminals included; NSEC3 owners are in the second.
  NodeRange nodes() const;
  NodeRange nsec3Nodes() const;

  std::size_t nodeCount() const { return nodeCount_; }
  std::size_t recordCount() const { return recordCount_; }
  std::size_t memoryUse() const;  // octets, this object included

 private:
  friend class ZoneAssembler;

  static constexpr std::size_t cacheLine_ = 64;

  // One cache line of the index. Entries fill it from the front; a full bucket continues in the next one.
  struct alignas(cacheLine_) Bucket {
    static constexpr std::size_t capacity = 12;
    std::uint8_t tags[capacity];  // 0: no entry
    std::uint8_t unused[4];
    std::uint32_t nodes[capacity];  // units from `nodes_`
  };

  struct Matches;

  Zone();

  ZoneNode closestEncloser(NameView name) const;
  std::size_t findNsec3(const Nsec3Hash& hash, bool& exact) const;
  Nsec3Match nsec3At(std::uint32_t link) const;

  static std::uint8_t tagOf(std::uint64_t hash) {
    const auto tag = static_cast<std::uint8_t>(hash);
    return tag != 0 ? tag : 1;
  }
  std::size_t bucketOf(std::uint64_t hash) const { return static_cast<std::size_t>((hash >> 32) * bucketCount_ >> 32); }

  const detail::NodeHeader* nodeAt(std::uint32_t units) const {
    return reinterpret_cast<const detail::NodeHeader*>(nodes_ + std::size_t{units} * detail::nodeUnit);
  }

  const Bucket* buckets_ = nullptr;
  const std::uint8_t* nodes_ = nullptr;
  const std::uint32_t* order_ = nullptr;  // all nodes, in canonical order
  const std::uint32_t* nsec3Owners_ = nullptr;
  const std::uint32_t* nsec3Chain_ = nullptr;     // the owners of the chain that is used
  const std::uint32_t* nsec3Prefixes_ = nullptr;  // and the first 32 bits of their hashes
  const std::uint32_t* nsecChain_ = nullptr;      // the nodes that have an NSEC
  std::uint64_t bucketCount_ = 0;
  std::unique_ptr<const detail::Block> block_;  // holds all of the above
  NameView origin_;                             // in the apex node
  Nsec3Parameters nsec3Parameters_;
  std::size_t recordCount_ = 0;
  std::uint32_t nodeCount_ = 0;
  std::uint32_t nsec3OwnerCount_ = 0;
  std::uint32_t nsec3Count_ = 0;
  std::uint32_t nsecCount_ = 0;
  std::uint32_t negativeTtl_ = 0;
  std::uint32_t serial_ = 0;
  Class rrClass_ = Class::IN;
  bool signed_ = false;
};

class Zone::NodeRange {
 public:
  class Iterator {
   public:
    using value_type = ZoneNode;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    Iterator(const Zone* zone, const std::uint32_t* at) : zone_(zone), at_(at) {}

    ZoneNode operator*() const { return ZoneNode(zone_->nodeAt(*at_)); }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++at_;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

   private:
    const Zone* zone_ = nullptr;
    const std::uint32_t* at_ = nullptr;
  };

  NodeRange(const Zone* zone, const std::uint32_t* first, std::size_t count)
      : zone_(zone), first_(first), count_(count) {}

  Iterator begin() const { return {zone_, first_}; }
  Iterator end() const { return {zone_, first_ + count_}; }
  std::size_t size() const { return count_; }
  ZoneNode operator[](std::size_t index) const { return ZoneNode(zone_->nodeAt(first_[index])); }

 private:
  const Zone* zone_;
  const std::uint32_t* first_;
  std::size_t count_;
};

inline Zone::NodeRange Zone::nodes() const {
  return {this, order_, nodeCount_};
}
inline Zone::NodeRange Zone::nsec3Nodes() const {
  return {this, nsec3Owners_, nsec3OwnerCount_};
}

}  // namespace taut
