// Whether the keys that an apex publishes for its parent fit those that it signs with (RFC 7344, RFC 8078).
#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "checked_node.hpp"

namespace taut::detail {

namespace {

using Algorithms = std::bitset<256>;

constexpr std::size_t algorithmAt = 3;     // in CDNSKEY and DNSKEY, after flags and protocol (RFC 4034 section 2.1)
constexpr std::size_t cdsAlgorithmAt = 2;  // after the key tag (RFC 4034 section 5.1)

// RDATA that asks the parent to remove all keys (RFC 8078 section 4).
constexpr std::array<std::uint8_t, 5> deletingCds{0, 0, 0, 0, 0};
constexpr std::array<std::uint8_t, 5> deletingCdnskey{0, 0, 3, 0, 0};

Algorithms algorithmsOf(std::span<const ByteSpan> records, std::size_t at) {
  Algorithms algorithms;
  for (const ByteSpan rdata : records)
    if (rdata.size() > at) algorithms.set(rdata[at]);
  return algorithms;
}

std::vector<ByteSpan> recordsOf(const CheckedSet* set) {
  if (set == nullptr) return {};
  const RRset records = set->rrset();
  return {records.begin(), records.end()};
}

}  // namespace

std::string problemOfKeysForParent(Type type, std::span<const ByteSpan> records, std::span<const ByteSpan> keys) {
  const bool isCds = type == Type::CDS;
  const ByteSpan deleting = isCds ? ByteSpan(deletingCds) : ByteSpan(deletingCdnskey);
  if (std::ranges::any_of(records, [&](ByteSpan rdata) { return std::ranges::equal(rdata, deleting); }))
    return records.size() > 1 ? "the record that takes all keys away has others beside it (RFC 8078 section 4)" : "";
  const Algorithms lost =
      algorithmsOf(records, isCds ? cdsAlgorithmAt : algorithmAt) & ~algorithmsOf(keys, algorithmAt);
  for (std::size_t algorithm = 0; algorithm < lost.size(); ++algorithm)
    if (lost[algorithm]) return fmt::format("algorithm {} is that of no DNSKEY here (RFC 7344 section 4.1)", algorithm);
  return {};
}

void checkKeysForParent(const ZoneCheck& check, const CheckedNode& apex) {
  const std::vector<ByteSpan> keys = recordsOf(apex.find(Type::DNSKEY));
  for (const Type type : {Type::CDS, Type::CDNSKEY}) {
    const CheckedSet* const found = apex.find(type);
    const std::string problem = problemOfKeysForParent(type, recordsOf(found), keys);
    if (!problem.empty())
      check.error(found->firstRead(), fmt::format("{} {}: {}", apex.owner(), toString(type), problem));
  }
}

}  // namespace taut::detail
