#include "taut/zone/zone_image.hpp"

#include <algorithm>
#include <bit>
#include <string_view>
#include <utility>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "nsec3_chain.hpp"
#include "spread_search.hpp"
#include "taut/base/bytes.hpp"
#include "zone_block.hpp"

namespace taut::detail {

namespace {

constexpr std::size_t cacheLine = 64;

// The entries of a bucket, a bit for each: those with this tag, and those that are empty.
struct Matches {
  Matches(const IndexBucket& bucket, std::uint8_t tag) {
#if defined(__SSE2__)
    const __m128i tags = _mm_load_si128(reinterpret_cast<const __m128i*>(bucket.tags));
    const auto equal = [tags](std::uint8_t to) {
      const __m128i same = _mm_cmpeq_epi8(tags, _mm_set1_epi8(static_cast<char>(to)));
      return static_cast<unsigned>(_mm_movemask_epi8(same)) & ((1U << IndexBucket::capacity) - 1);
    };
    tagged = equal(tag);
    empty = equal(0);
#else
    for (unsigned slot = 0; slot < IndexBucket::capacity; ++slot) {
      tagged |= static_cast<unsigned>(bucket.tags[slot] == tag) << slot;
      empty |= static_cast<unsigned>(bucket.tags[slot] == 0) << slot;
    }
#endif
  }

  unsigned tagged = 0;
  unsigned empty = 0;
};

}  // namespace

ZoneImage::ZoneImage(std::shared_ptr<ZoneBlock> block, const ZoneLayout& layout)
    : bucketCount_(layout.bucketCount()), layout_(layout), block_(std::move(block)) {
  const std::uint8_t* const octets = block_->data();
  nodes_ = reinterpret_cast<const NodeHeader*>(octets);
  buckets_ = reinterpret_cast<const IndexBucket*>(octets + layout.indexAt());
  lists_ = reinterpret_cast<const std::uint32_t*>(octets + layout.listsAt());
  nsec3Chain_ = lists_ + layout.nodeCount + layout.nsec3OwnerCount;
  nsecChain_ = nsec3Chain_ + 2 * std::size_t{layout.nsec3Count};
}

std::size_t ZoneImage::memoryUse() const {
  return sizeof *block_ + block_->size();
}

ZoneNode ZoneImage::node(NameView name, std::uint64_t hash) const {
  const std::uint8_t tag = IndexBucket::tagOf(hash);
  for (std::size_t at = bucketOf(hash);; at = at + 1 == bucketCount_ ? 0 : at + 1) {
    const Matches matches(buckets_[at], tag);
    for (unsigned left = matches.tagged; left != 0; left &= left - 1) {
      const ZoneNode found = nodeAt(buckets_[at].nodes[std::countr_zero(left)]);
      if (found.owner() == name) return found;
    }
    if (matches.empty != 0) return {};
  }
}

void ZoneImage::prefetchNode(std::uint64_t hash) const {
  const IndexBucket& bucket = buckets_[bucketOf(hash)];
  for (unsigned left = Matches(bucket, IndexBucket::tagOf(hash)).tagged; left != 0; left &= left - 1) {
    const std::uint8_t* const node = nodes_->at(bucket.nodes[std::countr_zero(left)])->octets();
    __builtin_prefetch(node);
    __builtin_prefetch(node + cacheLine);
  }
}

Nsec3Place ZoneImage::findNsec3(const Nsec3Hash& hash) const {
  const std::span<const std::uint32_t> prefixes(nsec3Chain_ + layout_.nsec3Count, layout_.nsec3Count);
  const IndexRange alike = equalRangeOfSpread(prefixes, loadU32(hash.data()));
  std::size_t next = alike.end;  // the first owner after the hash
  bool exact = false;
  if (alike.begin != alike.end) {
    const auto label = nsec3Label(hash);
    const std::string_view wanted(label.data(), label.size());
    const auto isNotAfter = [&](std::uint32_t units) { return compareLabels(nodeAt(units).owner(), wanted) <= 0; };
    const auto* const first = nsec3Chain_ + alike.begin;
    const auto* const found = std::partition_point(first, nsec3Chain_ + alike.end, isNotAfter);
    next = static_cast<std::size_t>(found - nsec3Chain_);
    exact = found != first && compareLabels(nodeAt(found[-1]).owner(), wanted) == 0;
  }
  return {next == 0 ? layout_.nsec3Count - 1 : next - 1, exact};
}

}  // namespace taut::detail
