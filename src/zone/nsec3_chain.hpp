// Which NSEC3 chain of a zone is used, and what belongs to it (RFC 5155 sections 3, 4 and 7.2).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/nsec3.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/zone/zone_node.hpp"

namespace taut::detail {

// The parameters of an NSEC3PARAM record that names a chain which taut can compute: SHA-1, no flags.
std::optional<Nsec3Parameters> readNsec3Param(ByteSpan rdata);

// The parameters of the chain that answers use: the first in canonical order that can be computed, which has the fewest
// iterations. Every chain that an apex names is complete, so any of them serves.
std::optional<Nsec3Parameters> chosenNsec3Parameters(const RRset& nsec3Params);

// Whether a node of NSEC3 records is in the chain.
bool isInChain(ZoneNode node, NameView origin, const Nsec3Parameters& parameters);

// Compares the label of an NSEC3 owner with that of a hash, which is in lower case.
std::strong_ordering compareLabels(NameView owner, std::string_view label);

// The owners with a record of the chain, in the order of their hashes.
struct Nsec3Chain {
  std::vector<std::uint32_t> owners;    // units
  std::vector<std::uint32_t> prefixes;  // the first 32 bits of their hashes
};

// `owners` are those of all NSEC3 records, in canonical order. That is the order of their hashes too: base32hex keeps
// the order of octets. `first` is the first node of the image, the apex.
Nsec3Chain nsec3ChainOf(ZoneNode first, std::span<const std::uint32_t> owners, const Nsec3Parameters& parameters);

}  // namespace taut::detail
