#include "taut/zone/zone.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "arena.hpp"

namespace taut {

namespace {

// "*.<parent>" on the stack. A name of 254 octets or more has no room for such a child, and the zone has none.
class WildcardName {
 public:
  explicit WildcardName(NameView parent) : size_(parent.size() + 2) {
    octets_[0] = 1;
    octets_[1] = '*';
    std::memcpy(octets_.data() + 2, parent.data(), parent.size());
  }

  NameView view() const { return NameView::trusted(octets_.data(), size_); }

 private:
  std::size_t size_;
  std::array<std::uint8_t, maxNameSize + 2> octets_;
};

}  // namespace

Zone::Zone() = default;
Zone::~Zone() = default;

std::shared_ptr<const Zone> Zone::notLoaded(NameView origin, Class rrClass) {
  const std::shared_ptr<Zone> zone(new Zone);
  detail::Block block(origin.size());
  std::memcpy(block.data(), origin.data(), origin.size());
  zone->origin_ = NameView::trusted(block.data(), origin.size());
  zone->rrClass_ = rrClass;
  zone->block_ = std::make_unique<const detail::Block>(std::move(block));
  return zone;
}

// The places of a bucket, a bit for each: those with this tag, and those without an entry.
struct Zone::Matches {
  Matches(const Bucket& bucket, std::uint8_t tag) {
#if defined(__SSE2__)
    const __m128i tags = _mm_load_si128(reinterpret_cast<const __m128i*>(bucket.tags));
    const auto equal = [tags](std::uint8_t to) {
      const __m128i same = _mm_cmpeq_epi8(tags, _mm_set1_epi8(static_cast<char>(to)));
      return static_cast<unsigned>(_mm_movemask_epi8(same)) & ((1U << Bucket::capacity) - 1);
    };
    tagged = equal(tag);
    empty = equal(0);
#else
    for (unsigned slot = 0; slot < Bucket::capacity; ++slot) {
      tagged |= static_cast<unsigned>(bucket.tags[slot] == tag) << slot;
      empty |= static_cast<unsigned>(bucket.tags[slot] == 0) << slot;
    }
#endif
  }

  unsigned tagged = 0;
  unsigned empty = 0;
};

ZoneNode Zone::node(NameView name, std::uint64_t hash) const {
  const std::uint8_t tag = tagOf(hash);
  for (std::size_t at = bucketOf(hash);; at = at + 1 == bucketCount_ ? 0 : at + 1) {
    const Matches matches(buckets_[at], tag);
    for (unsigned left = matches.tagged; left != 0; left &= left - 1) {
      const ZoneNode found(nodeAt(buckets_[at].nodes[std::countr_zero(left)]));
      if (found.owner() == name) return found;
    }
    if (matches.empty != 0) return {};
  }
}

void Zone::prefetchNode(std::uint64_t hash) const {
  const Bucket& bucket = buckets_[bucketOf(hash)];
  for (unsigned left = Matches(bucket, tagOf(hash)).tagged; left != 0; left &= left - 1) {
    const auto* node = reinterpret_cast<const std::uint8_t*>(nodeAt(bucket.nodes[std::countr_zero(left)]));
    __builtin_prefetch(node);
    __builtin_prefetch(node + cacheLine_);
  }
}

// Every ancestor of a node is a node, so that the depth of the closest encloser can be found by bisection: a name of
// 127 labels costs seven probes.
ZoneNode Zone::closestEncloser(NameView name) const {
  std::array<std::uint8_t, maxLabelCount + 1> offsets;  // of the ancestors between the name and the origin
  std::size_t count = 0;
  const std::size_t originAt = name.size() - origin_.size();
  for (std::size_t at = name.data()[0] + 1u; at < originAt; at += name.data()[at] + 1u)
    offsets[count++] = static_cast<std::uint8_t>(at);
  ZoneNode encloser = apex();
  std::size_t nearest = 0;  // the first ancestor that may exist
  while (nearest < count) {
    const std::size_t middle = nearest + (count - nearest - 1) / 2;
    const NameView ancestor = NameView::trusted(name.data() + offsets[middle], name.size() - offsets[middle]);
    if (const ZoneNode found = node(ancestor)) {
      encloser = found;
      count = middle;
    } else {
      nearest = middle + 1;
    }
  }
  return encloser;
}

ZoneLookup Zone::find(NameView name, std::uint64_t hash) const {
  ZoneLookup result;
  result.node = node(name, hash);
  result.encloser = result.node ? result.node : closestEncloser(name);

  ZoneNode top = result.encloser;
  while (top.isOccluded()) top = top.parent();
  if (top.isCut()) {
    result.cut = top;
  } else if (top.hasDname() && top != result.node) {
    result.dname = top;
  } else if (!result.node && top.hasWildcardChild()) {
    result.wildcard = node(WildcardName(top.owner()).view());
  }
  return result;
}

ZoneNode Zone::nsecCovering(NameView name) const {
  if (nsecCount_ == 0) return {};
  const auto* const end = nsecChain_ + nsecCount_;
  const auto* const after = std::upper_bound(nsecChain_, end, name, [this](NameView wanted, std::uint32_t units) {
    return wanted < ZoneNode(nodeAt(units)).owner();
  });
  return ZoneNode(nodeAt(after == nsecChain_ ? end[-1] : after[-1]));
}

// The place in the chain of the last owner that is not behind the hash; the chain is a ring. Hashes spread evenly, so
// the first guess is near.
std::size_t Zone::findNsec3(const Nsec3Hash& hash, bool& exact) const {
  const std::uint32_t prefix = loadU32(hash.data());
  const auto label = nsec3Label(hash);
  const auto isBehind = [&](std::size_t place) {  // whether that owner is behind the hash
    if (nsec3Prefixes_[place] != prefix) return nsec3Prefixes_[place] > prefix;
    const std::string_view owner = ZoneNode(nodeAt(nsec3Chain_[place])).owner().firstLabel();
    for (std::size_t i = 0; i < label.size(); ++i) {
      const std::uint8_t octet = foldCase(static_cast<std::uint8_t>(owner[i]));
      if (octet != static_cast<std::uint8_t>(label[i])) return octet > static_cast<std::uint8_t>(label[i]);
    }
    exact = true;
    return false;
  };
  exact = false;
  auto guess = static_cast<std::size_t>(std::uint64_t{prefix} * nsec3Count_ >> 32);
  std::size_t low = 0;             // owners before it are not behind the hash
  std::size_t high = nsec3Count_;  // owners from it on are
  for (std::size_t step = 8; low < high; step *= 2) {
    if (isBehind(guess)) {
      high = guess;
      guess = guess - low > step ? guess - step : low;
    } else {
      low = guess + 1;
      guess = high - guess > step ? guess + step : high - 1;
    }
    if (step > 64) guess = low + (high - low) / 2;
    if (low < high) guess = std::clamp(guess, low, high - 1);
  }
  return low == 0 ? nsec3Count_ - 1 : low - 1;
}

Nsec3Match Zone::nsec3At(std::uint32_t link) const {
  return {ZoneNode(nodeAt(nsec3Chain_[link >> 1])), (link & 1) != 0};
}

Nsec3Match Zone::nsec3(ZoneNode node) const {
  const auto* links = node.nsec3Links();
  if (nsec3Count_ == 0) return {};
  return links != nullptr ? nsec3At(links->self) : nsec3(node.owner());
}

Nsec3Match Zone::nsec3Wildcard(ZoneNode encloser) const {
  const auto* links = encloser.nsec3Links();
  if (nsec3Count_ == 0) return {};
  if (links != nullptr) return nsec3At(links->wildcard);
  const auto wildcard = Name::join("*", encloser.owner());
  return wildcard ? nsec3(wildcard->view()) : Nsec3Match{};
}

Nsec3Match Zone::nsec3(NameView name) const {
  if (nsec3Count_ == 0) return {};
  return nsec3(nsec3Hash(name, nsec3Parameters_));
}

Nsec3Match Zone::nsec3(const Nsec3Hash& hash) const {
  if (nsec3Count_ == 0) return {};
  bool exact = false;
  const std::size_t place = findNsec3(hash, exact);
  return {ZoneNode(nodeAt(nsec3Chain_[place])), exact};
}

std::size_t Zone::memoryUse() const {
  return sizeof *this + sizeof *block_ + block_->size();
}

}  // namespace taut
