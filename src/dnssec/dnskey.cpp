#include "taut/dnssec/dnskey.hpp"

#include <cstddef>

namespace taut {

std::optional<DnskeyView> DnskeyView::parse(ByteSpan rdata) {
  constexpr std::size_t leastSize = 5;
  if (rdata.size() < leastSize) return std::nullopt;
  return DnskeyView(rdata);
}

std::uint16_t DnskeyView::keyTag() const {
  // The tag of the oldest algorithm is taken from the modulus, which ends the key (RFC 4034 appendix B.1).
  if (algorithm() == DnssecAlgorithm::RSAMD5) return key().size() < 3 ? 0 : loadU16(&rdata_.last(3)[0]);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < rdata_.size(); ++i) sum += (i & 1) != 0 ? rdata_[i] : std::uint32_t{rdata_[i]} << 8;
  return static_cast<std::uint16_t>(sum + (sum >> 16));
}

}  // namespace taut
