#include "walk.hpp"

namespace taut {

bool RdataWalk::all(const RdataLayout& layout) {
  for (const FieldKind* const kind : layout)
    if (!kind->walk(*this)) return false;
  return remaining() == 0;
}

bool RdataWalk::passSized(std::size_t lengthSize, std::size_t minimum) {
  if (remaining() < lengthSize) return false;
  const std::size_t length = lengthSize == 1 ? peek() : loadU16(&octets_[at_]);
  return length >= minimum && pass(lengthSize + length);
}

bool RdataWalk::passPlainName() {
  const auto name = NameView::fromWire(rest());
  return name && pass(name->size());
}

bool RdataWalk::passDowncasedName() {
  const auto name = NameView::fromWire(rest());
  if (!name) return false;
  if (downcasedCount_ < maxDowncasedNames) downcased_[downcasedCount_++] = {position(), name->size()};
  return pass(name->size());
}

bool RdataWalk::passDecompressibleName() {
  if (!out_) return passDowncasedName();
  ByteReader reader(octets_, at_);
  Name name;
  if (!Name::read(octets_, reader, name) || reader.position() > end_) return false;
  out_->bytes(name.wire());
  at_ = reader.position();
  return true;
}

}  // namespace taut
