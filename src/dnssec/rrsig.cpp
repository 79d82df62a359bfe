#include "taut/dnssec/rrsig.hpp"

namespace taut {

std::optional<RrsigView> RrsigView::parse(ByteSpan rdata) {
  if (rdata.size() < fixedSize) return std::nullopt;
  const std::optional<NameView> signer = NameView::fromWire(rdata.subspan(fixedSize));
  if (!signer || rdata.size() <= fixedSize + signer->size()) return std::nullopt;
  return RrsigView(rdata, *signer);
}

}  // namespace taut
