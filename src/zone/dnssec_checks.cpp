// Whether the keys that an apex publishes for its parent fit those that it signs with (RFC 7344, RFC 8078).
#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <string_view>

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

Algorithms algorithmsOf(const RRset& set, std::size_t at) {
  Algorithms algorithms;
  for (const ByteSpan rdata : set)
    if (rdata.size() > at) algorithms.set(rdata[at]);
  return algorithms;
}

// Checks CDS or CDNSKEY records. `at` is the offset of the algorithm, `deleting` the record that removes all keys.
void checkForParent(const ZoneCheck& check, const CheckedNode& apex, Type type, std::size_t at, ByteSpan deleting) {
  const CheckedSet* const found = apex.find(type);
  if (found == nullptr) return;
  const RRset set = found->rrset();
  const auto refuse = [&](std::string_view problem) {
    check.error(found->firstRead(), fmt::format("{} {}: {}", apex.owner(), toString(type), problem));
  };
  const auto isDeleting = [&](ByteSpan rdata) { return std::ranges::equal(rdata, deleting); };
  if (std::any_of(set.begin(), set.end(), isDeleting)) {
    if (set.count > 1) refuse("the record that takes all keys away has others beside it (RFC 8078 section 4)");
    return;
  }
  const CheckedSet* const keys = apex.find(Type::DNSKEY);
  const Algorithms signing = keys != nullptr ? algorithmsOf(keys->rrset(), algorithmAt) : Algorithms();
  const Algorithms lost = algorithmsOf(set, at) & ~signing;
  for (std::size_t algorithm = 0; algorithm < lost.size(); ++algorithm)
    if (lost[algorithm])
      return refuse(fmt::format("algorithm {} is that of no DNSKEY here (RFC 7344 section 4.1)", algorithm));
}

}  // namespace

void checkKeysForParent(const ZoneCheck& check, const CheckedNode& apex) {
  checkForParent(check, apex, Type::CDS, cdsAlgorithmAt, deletingCds);
  checkForParent(check, apex, Type::CDNSKEY, algorithmAt, deletingCdnskey);
}

}  // namespace taut::detail
