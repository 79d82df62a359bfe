// Kinds of names. They differ in who may compress them and in their canonical form.
#include "parser.hpp"
#include "printer.hpp"
#include "walk.hpp"

namespace taut::rdata::kind {

bool PlainName::walk(RdataWalk& walk) {
  return walk.passPlainName();
}
bool PlainName::parse(RdataParser& parser) {
  return parser.name();
}
bool PlainName::print(RdataPrinter& printer) {
  return printer.name();
}

bool DowncasedName::walk(RdataWalk& walk) {
  return walk.passDowncasedName();
}

bool DecompressibleName::walk(RdataWalk& walk) {
  return walk.passDecompressibleName();
}

void PlainNames::encode(const Value& value, ByteWriter& out) {
  for (const Name& name : value) out.bytes(name.wire());
}
void PlainNames::decode(ByteSpan octets, Value& value) {
  value.clear();
  while (!octets.empty()) {
    const auto name = NameView::fromWire(octets);
    if (!name) return;
    value.emplace_back(*name);
    octets = octets.subspan(name->size());
  }
}
bool PlainNames::walk(RdataWalk& walk) {
  while (walk.remaining() > 0)
    if (!walk.passPlainName()) return false;
  return true;
}
bool PlainNames::parse(RdataParser& parser) {
  while (parser.more())
    if (!parser.name()) return false;
  return true;
}
bool PlainNames::print(RdataPrinter& printer) {
  while (printer.reader().remaining() > 0)
    if (!printer.name()) return false;
  return true;
}

}  // namespace taut::rdata::kind
