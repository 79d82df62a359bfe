// A public key of a zone as its DNSKEY record has it (RFC 4034 section 2).
#pragma once

#include <cstdint>
#include <optional>

#include "taut/base/bytes.hpp"
#include "taut/dnssec/algorithm.hpp"

namespace taut {

// Borrows the RDATA: valid as long as that is.
class DnskeyView {
 public:
  // Nothing where the RDATA has no octet of a key.
  static std::optional<DnskeyView> parse(ByteSpan rdata);

  std::uint16_t flags() const { return loadU16(rdata_.data()); }
  std::uint8_t protocol() const { return rdata_[2]; }
  DnssecAlgorithm algorithm() const { return static_cast<DnssecAlgorithm>(rdata_[3]); }
  ByteSpan key() const { return rdata_.subspan(4); }
  ByteSpan rdata() const { return rdata_; }

  // Whether signatures over a zone may be verified with it: the Zone Key flag, and protocol 3 (RFC 4034 section 2.1).
  bool isZoneKey() const { return (flags() & 0x0100) != 0 && protocol() == 3; }
  bool isSecureEntryPoint() const { return (flags() & 0x0001) != 0; }  // a hint (RFC 3757)
  bool isRevoked() const { return (flags() & 0x0080) != 0; }           // RFC 5011 section 2.1

  // RFC 4034 appendix B. Many keys may have the same tag.
  std::uint16_t keyTag() const;

 private:
  explicit DnskeyView(ByteSpan rdata) : rdata_(rdata) {}

  ByteSpan rdata_;
};

}  // namespace taut
