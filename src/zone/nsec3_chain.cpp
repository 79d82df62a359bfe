#include "nsec3_chain.hpp"

#include <algorithm>

namespace taut::detail {

namespace {

// Whether an NSEC3 record (RFC 5155 section 3.2) was made with the parameters.
bool isMadeWith(ByteSpan nsec3, const Nsec3Parameters& parameters) {
  const ByteSpan salt = parameters.salt;
  return nsec3.size() > 5 + salt.size() && nsec3[0] == parameters.algorithm &&
         loadU16(nsec3.data() + 2) == parameters.iterations && nsec3[4] == salt.size() &&
         std::equal(salt.begin(), salt.end(), nsec3.begin() + 5);
}

}  // namespace

std::optional<Nsec3Parameters> readNsec3Param(ByteSpan rdata) {
  if (rdata.size() < 5 || rdata[0] != 1 || rdata[1] != 0) return std::nullopt;
  return Nsec3Parameters{rdata[0], loadU16(rdata.data() + 2), rdata.subspan(5)};
}

std::optional<Nsec3Parameters> chosenNsec3Parameters(const RRset& nsec3Params) {
  for (const ByteSpan rdata : nsec3Params)
    if (const auto parameters = readNsec3Param(rdata)) return parameters;
  return std::nullopt;
}

std::strong_ordering compareLabels(NameView owner, std::string_view label) {
  const std::string_view first = owner.firstLabel();
  for (std::size_t i = 0; i < label.size(); ++i) {
    const std::uint8_t octet = foldCase(static_cast<std::uint8_t>(first[i]));
    const auto wanted = static_cast<std::uint8_t>(label[i]);
    if (octet != wanted) return octet <=> wanted;
  }
  return std::strong_ordering::equal;
}

bool isInChain(ZoneNode node, NameView origin, const Nsec3Parameters& parameters) {
  if (node.labelCount() != origin.labelCount() + 1 || !nsec3HashFromLabel(node.owner().firstLabel())) return false;
  const RRset records = node.rrset(Type::NSEC3).data;
  return std::any_of(records.begin(), records.end(), [&](ByteSpan rdata) { return isMadeWith(rdata, parameters); });
}

Nsec3Chain nsec3ChainOf(ZoneNode first, std::span<const std::uint32_t> owners, const Nsec3Parameters& parameters) {
  Nsec3Chain chain;
  chain.owners.reserve(owners.size());
  chain.prefixes.reserve(owners.size());
  for (const std::uint32_t units : owners) {
    const ZoneNode node(first.header()->at(units));
    if (!isInChain(node, first.owner(), parameters)) continue;
    chain.owners.push_back(units);
    chain.prefixes.push_back(loadU32(nsec3HashFromLabel(node.owner().firstLabel())->data()));
  }
  return chain;
}

}  // namespace taut::detail
