#include "printer.hpp"

#include "encoding.hpp"
#include "presentation.hpp"
#include "taut/base/format.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/rdata_text.hpp"

namespace taut {

bool RdataPrinter::all(const RdataLayout& layout) {
  for (const FieldKind* const kind : layout)
    if (!kind->print(*this)) return false;
  return !rdata_.empty() || layout.kinds[0] == &fieldKind<rdata::kind::AddressPrefixes>;
}

bool RdataPrinter::text(ByteSpan octets) {
  printText(octets, beginWord());
  return true;
}

bool RdataPrinter::name() {
  const auto name = NameView::fromWire(rest());
  if (!name) return false;
  reader_.skip(name->size());
  return word(*name);
}

void printRdata(Type type, ByteSpan rdata, fmt::memory_buffer& out) {
  const std::size_t before = out.size();
  const RdataLayout* const layout = findLayout(type);
  if (layout && validRdata(type, rdata) && RdataPrinter(rdata, out).all(*layout)) return;
  out.resize(before);
  printGenericRdata(rdata, out);
}

void printGenericRdata(ByteSpan rdata, fmt::memory_buffer& out) {
  appendFormat(out, "\\# {}", rdata.size());
  if (rdata.empty()) return;
  out.push_back(' ');
  appendHex(rdata, out);
}

}  // namespace taut
