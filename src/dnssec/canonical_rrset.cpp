#include "canonical_rrset.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "taut/dns/name.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dnssec/signature.hpp"

namespace taut::detail {

namespace {

std::size_t octetsOf(const RRset& set) {
  std::size_t size = 0;
  for (const ByteSpan rdata : set) size += rdata.size();
  return size;
}

bool comesBefore(ByteSpan left, ByteSpan right) {
  return std::ranges::lexicographical_compare(left, right);
}

}  // namespace

CanonicalRRset::CanonicalRRset(const RRset& set) : owner_(set.owner), type_(set.type), class_(set.rrClass) {
  octets_.resize(octetsOf(set));
  records_.reserve(set.count);
  std::size_t at = 0;
  for (const ByteSpan rdata : set) {
    const MutableByteSpan copy = MutableByteSpan(octets_).subspan(at, rdata.size());
    std::ranges::copy(rdata, copy.begin());
    canonicaliseRdata(type_, copy);
    records_.push_back(copy);
    at += rdata.size();
  }
  std::ranges::sort(records_, comesBefore);
  const auto same = std::ranges::unique(records_, [](ByteSpan a, ByteSpan b) { return std::ranges::equal(a, b); });
  records_.erase(same.begin(), same.end());
}

std::vector<std::uint8_t> CanonicalRRset::signedOctets(const RrsigView& signature) const {
  constexpr std::size_t fixedSize = 10;  // type, class, TTL, size of the RDATA
  Name owner = Name(owner_).toLower();
  if (signature.labels() < signedLabels(owner)) {
    // A wildcard is never longer than a name that it stands for.
    owner = *Name::join("*", Name(owner.suffix(signature.labels())));
  }
  const Name signer = Name(signature.signer()).toLower();
  std::vector<std::uint8_t> out(signature.fixedFields().size() + signer.size() + octets_.size() +
                                records_.size() * (owner.size() + fixedSize));
  ByteWriter writer{MutableByteSpan(out)};
  writer.bytes(signature.fixedFields());
  writer.bytes(signer.wire());
  for (const ByteSpan rdata : records_) {
    writer.bytes(owner.wire());
    writer.u16(static_cast<std::uint16_t>(type_));
    writer.u16(static_cast<std::uint16_t>(class_));
    writer.u32(signature.originalTtl());
    writer.u16(static_cast<std::uint16_t>(rdata.size()));
    writer.bytes(rdata);
  }
  out.resize(writer.size());
  return out;
}

bool isVerifiable(const RRset& set) {
  return set.count != 0 && set.count <= maxVerifiedRecords && octetsOf(set) <= maxVerifiedOctets;
}

std::size_t signedLabels(NameView owner) {
  return owner.labelCount() - (owner.isWildcard() ? 1 : 0);
}

}  // namespace taut::detail
