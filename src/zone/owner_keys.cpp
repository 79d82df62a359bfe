#include "owner_keys.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "parallel.hpp"

namespace taut::detail {

namespace {

// Labels from the right, lower-cased, a zero before each. Zeroes and ones within labels are written as two octets.
std::size_t writeKey(NameView name, std::size_t originSize, std::uint8_t* key) {
  std::array<std::uint8_t, maxLabelCount> offsets;
  std::size_t labels = 0;
  for (std::size_t at = 0; at + originSize < name.size(); at += name.data()[at] + 1u)
    offsets[labels++] = static_cast<std::uint8_t>(at);
  std::uint8_t* out = key;
  while (labels > 0) {
    const std::uint8_t* label = name.data() + offsets[--labels];
    for (const std::uint8_t* end = label + 1 + *label; ++label != end;) {
      const std::uint8_t octet = foldCase(*label);
      if (octet <= 1) {
        *out++ = 1;
        *out++ = static_cast<std::uint8_t>(octet + 1);
      } else {
        *out++ = octet;
      }
    }
    *out++ = 0;
  }
  return static_cast<std::size_t>(out - key);
}

std::uint64_t prefixOf(const std::uint8_t* key, std::size_t size) {
  std::uint64_t prefix = 0;
  std::memcpy(&prefix, key, std::min<std::size_t>(size, 8));
  return __builtin_bswap64(prefix);
}

void warnOutside(const RecordLog& log, const OwnerRun& run, NameView origin, DiagnosticList& diagnostics) {
  const LoggedRecord* record = run.first();
  for (std::uint32_t i = 0; i < run.count; ++i, record = record->next())
    diagnostics.warning(fmt::format("{} {}: outside the zone {}, left out", run.name().toString(),
                                    toString(static_cast<Type>(record->type)), origin.toString()),
                        {log.file(run.file), record->line});
}

OwnerKeys makeKeys(const RecordLog& log, NameView origin, DiagnosticList& diagnostics) {
  OwnerKeys keys;
  keys.sorted.reserve(log.runCount());
  for (const OwnerRun* run = log.firstRun(); run != nullptr; run = log.nextRun(*run)) {
    const NameView owner = run->name();
    if (!owner.isWithin(origin)) {
      warnOutside(log, *run, origin, diagnostics);
      continue;
    }
    std::array<std::uint8_t, 2 * maxNameSize> key;
    const std::size_t size = writeKey(owner, origin.size(), key.data());
    std::uint8_t* const stored = keys.octets.allocate(std::max<std::size_t>(size, 1));
    std::memcpy(stored, key.data(), size);
    keys.sorted.push_back({prefixOf(stored, size), stored, log.placeOf(*run), static_cast<std::uint16_t>(size)});
  }
  return keys;
}

// Most files are in order, except for a few records at their start: such a file is a few sorted runs, which are merged.
template <class Keys>
void sortMostlySorted(Keys& keys, unsigned threads) {
  constexpr std::size_t maxRuns = 8;
  std::vector<typename Keys::iterator> ends;  // of the sorted runs
  auto end = keys.begin();
  while (end != keys.end() && ends.size() <= maxRuns) {
    end = std::is_sorted_until(end, keys.end());
    ends.push_back(end);
  }
  if (ends.size() > maxRuns) return sortInParts(threads, keys.begin(), keys.end(), std::less<OwnerKey>());
  for (std::size_t i = 1; i < ends.size(); ++i) std::inplace_merge(keys.begin(), ends[i - 1], ends[i]);
}

}  // namespace

bool operator<(const OwnerKey& a, const OwnerKey& b) {
  if (a.prefix != b.prefix) return a.prefix < b.prefix;
  const int order = std::memcmp(a.octets, b.octets, std::min(a.size, b.size));
  if (order != 0) return order < 0;
  return a.size != b.size ? a.size < b.size : a.run < b.run;
}

OwnerKeys sortOwners(const RecordLog& log, NameView origin, unsigned threads, DiagnosticList& diagnostics) {
  OwnerKeys keys = makeKeys(log, origin, diagnostics);
  sortMostlySorted(keys.sorted, threads);
  return keys;
}

ZoneLayout layoutBound(const RecordLog& log, const OwnerKeys& keys) {
  std::size_t nodes = 0;
  std::size_t octets = log.rdataSize() + log.recordCount() * 24;  // an entry, a length, a link and its padding
  const OwnerKey* before = nullptr;
  for (const OwnerKey& one : keys.sorted) {
    // Each label of the key from the first that differs from the name before makes a node. One more node is for a place
    // in the NSEC3 chain.
    std::size_t same = 0;
    if (before != nullptr) {
      const std::uint8_t* const end = one.octets + std::min(one.size, before->size);
      same = static_cast<std::size_t>(std::mismatch(one.octets, end, before->octets).first - one.octets);
    }
    if (before == nullptr || same < one.size || one.size != before->size) {
      const auto added = 1 + static_cast<std::size_t>(std::count(one.octets + same, one.octets + one.size, 0));
      nodes += added;
      octets += added * (log.run(one.run).ownerSize + 32u);
    }
    before = &one;
  }
  constexpr std::size_t maxUnits = std::numeric_limits<std::uint32_t>::max();
  ZoneLayout bound;
  bound.nodeUnits = static_cast<std::uint32_t>(std::min(octets / nodeUnit + 1, maxUnits));
  bound.nodeCount = static_cast<std::uint32_t>(std::min(nodes, maxUnits));
  bound.nsec3OwnerCount = bound.nsec3Count = bound.nsecCount = bound.nodeCount;
  return bound;
}

}  // namespace taut::detail
