// The hosts whose addresses belong in the additional section.
#include "taut/dns/rdata.hpp"
#include "walk.hpp"

namespace taut {

namespace {

std::optional<NameView> hostAt(ByteSpan rdata, std::size_t offset) {
  if (rdata.size() <= offset) return std::nullopt;
  const auto name = NameView::fromWire(rdata.subspan(offset));
  // A root target means that there is no such host (RFC 2782, RFC 7505).
  return name && !name->isRoot() ? name : std::nullopt;
}

// Flag "a" leads to addresses and "s" to SRV records (RFC 3404 section 4.3); other flags end elsewhere.
std::optional<NameView> naptrTarget(ByteSpan rdata) {
  RdataWalk walk(rdata);
  if (!walk.pass(4) || !walk.passCharacterString()) return std::nullopt;
  if (rdata[4] != 1 || (foldCase(rdata[5]) != 'a' && foldCase(rdata[5]) != 's')) return std::nullopt;
  if (!walk.passCharacterString() || !walk.passCharacterString()) return std::nullopt;
  return hostAt(rdata, walk.position());
}

std::optional<NameView> serviceTarget(ByteSpan rdata) {
  if (rdata.size() < 3) return std::nullopt;
  const bool serviceMode = loadU16(rdata.data()) != 0;
  const auto name = NameView::fromWire(rdata.subspan(2));
  return name && (serviceMode || !name->isRoot()) ? name : std::nullopt;
}

}  // namespace

std::optional<NameView> additionalName(Type type, ByteSpan rdata) {
  switch (type) {
    case Type::NS:
    case Type::MD:
    case Type::MF:
    case Type::MB:
      return hostAt(rdata, 0);
    case Type::MX:
    case Type::AFSDB:
    case Type::RT:
    case Type::KX:
      return hostAt(rdata, 2);
    case Type::SRV:
      return hostAt(rdata, 6);
    case Type::NAPTR:
      return naptrTarget(rdata);
    case Type::SVCB:
    case Type::HTTPS:
      return serviceTarget(rdata);
    default:
      return std::nullopt;
  }
}

}  // namespace taut
