// The octets that a signature over an RRset is made of (RFC 4034 section 3.1.8.1).
#pragma once

#include <cstdint>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dnssec/rrsig.hpp"

namespace taut::detail {

// The RDATA of an RRset in canonical form and order, each once (RFC 4034 sections 6.2 and 6.3). Made once for all
// signatures over the RRset. `owner` of the RRset lives as long as this.
class CanonicalRRset {
 public:
  explicit CanonicalRRset(const RRset& set);
  CanonicalRRset(const CanonicalRRset&) = delete;
  CanonicalRRset& operator=(const CanonicalRRset&) = delete;

  // Fields of the RRSIG without the signature, then the records with the owner that was signed and the original TTL.
  std::vector<std::uint8_t> signedOctets(const RrsigView& signature) const;

 private:
  NameView owner_;
  Type type_;
  Class class_;
  std::vector<std::uint8_t> octets_;
  std::vector<ByteSpan> records_;  // in octets_
};

// Whether the RRset is so small that it is verified.
bool isVerifiable(const RRset& set);

// Of the owner that a signature counts: without the root and without the label of a wildcard (RFC 4034 section 3.1.3).
std::size_t signedLabels(NameView owner);

}  // namespace taut::detail
