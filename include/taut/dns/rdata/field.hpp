// The field list of a record type: each struct of namespace taut::rdata has one, and each of its fields names a kind
// and a member. From that one list come the reader and the writer of the wire form, the parser and the printer of the
// text form, decompression and the canonical form (RFC 4034 section 6.2).
//
// A kind is a struct of namespace taut::rdata::kind that holds all there is to know about one form of field:
//
//   Value                          the C++ type of the member
//   encode(value, writer)          the member to the wire, uncompressed
//   decode(octets, value)          all octets of the field, which were walked, to the member
//   bool walk(RdataWalk&)          checks the octets and passes them, following pointers in names where they may be
//   bool parse(RdataParser&)       words of a master file to the wire
//   bool print(RdataPrinter&)      octets, which were walked, to words; false where no text tells them
//   hasCase, isCompressible        of names, true where they apply; other kinds have none
//
// Kinds that differ in a part alone derive from each other. Those that several types use are in
// taut/dns/rdata/kind.hpp, those of one type beside it; the functions of a kind are together in one file of
// src/dns/rdata/.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "taut/dns/type.hpp"

namespace taut {

class RdataWalk;
class RdataParser;
class RdataPrinter;

// A kind as the functions on octets and on text see it.
struct FieldKind {
  bool (*walk)(RdataWalk&);
  bool (*parse)(RdataParser&);
  bool (*print)(RdataPrinter&);
  bool hasCase;  // holds names that are lower case in canonical form (RFC 4034 section 6.2, RFC 6840 section 5.1)
  bool isCompressible;  // a name that a writer may compress (RFC 3597 section 4)
};

template <class Kind>
inline constexpr FieldKind fieldKind = {&Kind::walk, &Kind::parse, &Kind::print, requires {requires Kind::hasCase;
}  // namespace taut
, requires {
  requires Kind::isCompressible;
}
}
;

namespace rdata {

// One entry of a field list: a kind, and the member that it describes.
template <class FieldsKind, auto fieldsMember>
struct Field {
  using Kind = FieldsKind;
  static constexpr auto member = fieldsMember;
};

template <class... Field>
struct FieldList {};

}  // namespace rdata

// A type's field list without its members: the row by which RDATA is handled as octets.
struct RdataLayout {
  static constexpr std::size_t maxFields = 9;

  Type type{};
  std::uint8_t count = 0;
  std::array<const FieldKind*, maxFields> kinds{};

  constexpr const FieldKind* const* begin() const { return kinds.data(); }
  constexpr const FieldKind* const* end() const { return kinds.data() + count; }
};

template <class... Field>
constexpr RdataLayout makeLayout(Type type, rdata::FieldList<Field...>) {
  return {type, static_cast<std::uint8_t>(sizeof...(Field)), {&fieldKind<typename Field::Kind>...}};
}

template <class Record>
constexpr RdataLayout layoutOf() {
  return makeLayout(Record::type, Record::fields());
}

// Where each field of some RDATA ends, as offsets from its start.
using FieldEnds = std::array<std::uint16_t, RdataLayout::maxFields>;

}  // namespace taut
