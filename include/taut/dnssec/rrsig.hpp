// A signature over an RRset as its RRSIG record has it (RFC 4034 section 3.1).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "taut/base/bytes.hpp"
#include "taut/base/clock.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"
#include "taut/dnssec/algorithm.hpp"

namespace taut {

// As the times of a signature are: seconds since 1970 modulo 2^32 (RFC 4034 section 3.1.5).
inline std::uint32_t signatureTime(WallTime time) {
  return static_cast<std::uint32_t>(std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count());
}

// Borrows the RDATA, whose names are uncompressed: valid as long as that is.
class RrsigView {
 public:
  // Nothing where the signer's name is none, or no octet of a signature follows it.
  static std::optional<RrsigView> parse(ByteSpan rdata);

  Type typeCovered() const { return static_cast<Type>(loadU16(rdata_.data())); }
  DnssecAlgorithm algorithm() const { return static_cast<DnssecAlgorithm>(rdata_[2]); }
  std::uint8_t labels() const { return rdata_[3]; }  // of the owner that was signed, without the root and a wildcard
  std::uint32_t originalTtl() const { return loadU32(&rdata_[4]); }  // seconds
  std::uint32_t expiration() const { return loadU32(&rdata_[8]); }   // a signatureTime
  std::uint32_t inception() const { return loadU32(&rdata_[12]); }   // likewise
  std::uint16_t keyTag() const { return loadU16(&rdata_[16]); }
  NameView signer() const { return signer_; }
  ByteSpan signature() const { return rdata_.subspan(fixedSize + signer_.size()); }
  ByteSpan fixedFields() const { return rdata_.first(fixedSize); }  // all before the signer's name

 private:
  static constexpr std::size_t fixedSize = 18;

  RrsigView(ByteSpan rdata, NameView signer) : rdata_(rdata), signer_(signer) {}

  ByteSpan rdata_;
  NameView signer_;
};

}  // namespace taut
