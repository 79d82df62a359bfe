#include "taut/dns/rdata.hpp"

#include <algorithm>

#include "semantics.hpp"
#include "taut/dns/received_rdata.hpp"
#include "walk.hpp"

namespace taut {

bool rdata::detail::splitFields(const RdataLayout& layout, ByteSpan rdata, FieldEnds& ends) {
  if (rdata.size() > maxRdataSize) return false;
  RdataWalk walk(rdata);
  for (std::size_t i = 0; i < layout.count; ++i) {
    if (!layout.kinds[i]->walk(walk)) return false;
    ends[i] = static_cast<std::uint16_t>(walk.position());
  }
  return walk.position() == rdata.size() && !checkSemantics(layout.type, rdata);
}

bool validRdata(Type type, ByteSpan rdata) {
  if (rdata.size() > maxRdataSize) return false;
  const RdataLayout* const layout = findLayout(type);
  return !layout || (RdataWalk(rdata).all(*layout) && !checkSemantics(type, rdata));
}

bool expandRdata(Type type, ByteSpan message, std::size_t offset, std::size_t length, ByteWriter& out) {
  if (offset > message.size() || message.size() - offset < length || length > maxRdataSize) return false;
  const RdataLayout* const layout = findLayout(type);
  if (!layout) {
    out.bytes(message.subspan(offset, length));
    return out.ok();
  }
  const std::size_t start = out.size();
  RdataWalk walk(message, offset, length, out);
  if (!walk.all(*layout) || !out.ok()) return false;
  return out.size() - start <= maxRdataSize;
}

bool decompressRdata(Type type, ByteSpan message, std::size_t offset, std::size_t length, ByteWriter& out) {
  const std::size_t start = out.size();
  return expandRdata(type, message, offset, length, out) && !checkSemantics(type, out.written().subspan(start));
}

void canonicaliseRdata(Type type, MutableByteSpan rdata) {
  const RdataLayout* const layout = findLayout(type);
  if (!layout) return;
  if (std::ranges::none_of(*layout, &FieldKind::hasCase)) return;
  RdataWalk walk(rdata);
  if (!walk.all(*layout)) return;
  for (std::size_t i = 0; i < walk.downcasedCount(); ++i) {
    const MutableByteSpan name = rdata.subspan(walk.downcased(i).offset, walk.downcased(i).size);
    std::ranges::transform(name, name.begin(), foldCase);
  }
}

}  // namespace taut
