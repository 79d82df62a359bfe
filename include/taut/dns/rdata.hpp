// RDATA: the octets of one record after its RDLENGTH, as structs for programs that make or read records, and as octets
// for servers that store and send them.
//
//   Answer answer;
//   answer.add(name, 5min, rdata::MX(10, Name("mail.example.")));
//   if (const auto mx = rdata::read<rdata::MX>(rrset.front())) use(mx->exchange);
//
// The structs (namespace taut::rdata, one for each type) are declared in taut/dns/rdata/*.hpp; this header brings all
// of them. They own what they hold and none is an aggregate, so that they may be temporaries in a coroutine.
//
// The functions on octets take RDATA in wire form without compression unless they say otherwise. They never throw,
// and RDATA that does not fit its type's layout is refused, not trusted. Types without a layout here (RFC 3597) are
// opaque: any octets fit.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rdata/address.hpp"
#include "taut/dns/rdata/field.hpp"
#include "taut/dns/rdata/host.hpp"
#include "taut/dns/rdata/kind.hpp"
#include "taut/dns/rdata/meta.hpp"
#include "taut/dns/rdata/network.hpp"
#include "taut/dns/rdata/pointer.hpp"
#include "taut/dns/rdata/security.hpp"
#include "taut/dns/rdata/service.hpp"
#include "taut/dns/rdata/text.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dns/token.hpp"
#include "taut/dns/type.hpp"

namespace taut {

// What is wrong with the text of a record's RDATA.
struct TextError {
  std::size_t token = 0;  // index of the word at fault; the number of words where one is missing
  std::string message;    // what is wrong and what was expected
};

// Master-file text of one record's RDATA to wire form: `tokens` are the words after the type, without parentheses.
// Relative names are completed by `origin`. The generic form `\# LENGTH HEX` (RFC 3597 section 5) is understood for
// every type and checked against the layout of those that have one. What was written to `out` is void after an error.
std::optional<TextError> parseRdata(Type type, Class rrClass, std::span<const Token> tokens, NameView origin,
                                    ByteWriter& out);

// The `length` octets at `offset` of a received message, written without compression. False where they do not fit the
// layout exactly, where a name is compressed that may not be (RFC 3597 section 4), or where `out` is full.
bool decompressRdata(Type type, ByteSpan message, std::size_t offset, std::size_t length, ByteWriter& out);

// Whether uncompressed RDATA fits the layout of its type.
bool validRdata(Type type, ByteSpan rdata);

// Lower-cases the names that have one canonical case (RFC 4034 section 6.2, RFC 6840 section 5.1); RDATA that does not
// fit its layout is left alone.
void canonicaliseRdata(Type type, MutableByteSpan rdata);

// The name whose addresses belong in the additional section (RFC 1034 section 4.3.2 step 6, RFC 2782, RFC 3403 section
// 4.1, RFC 9460 section 4.1 and others). The root is returned only for SVCB and HTTPS in ServiceMode, where the target
// "." stands for the record's owner. It points into `rdata`.
std::optional<NameView> additionalName(Type type, ByteSpan rdata);

// The row of a type, or null for a type without one.
const RdataLayout* findLayout(Type type);

namespace rdata {

namespace detail {

// Checks RDATA against a layout and tells where its fields end.
bool splitFields(const RdataLayout& layout, ByteSpan rdata, FieldEnds& ends);

template <class R, class... Field>
void encodeFields(const R& rdata, FieldList<Field...>, ByteWriter& out) {
  (Field::Kind::encode(rdata.*Field::member, out), ...);
}

template <class R, class... Field>
void decodeFields(ByteSpan octets, const FieldEnds& ends, FieldList<Field...>, R& rdata) {
  std::size_t start = 0;
  std::size_t index = 0;
  const auto next = [&] {
    const std::size_t end = ends[index++];
    const ByteSpan field = octets.subspan(start, end - start);
    start = end;
    return field;
  };
  (Field::Kind::decode(next(), rdata.*Field::member), ...);
}

}  // namespace detail

// Uncompressed wire form. A value that has no wire form (a string of over 255 octets, say) fails the writer.
template <class R>
void write(const R& rdata, ByteWriter& out) {
  detail::encodeFields(rdata, R::fields(), out);
}

// The record held by uncompressed RDATA; nothing where it does not fit the layout.
template <class R>
std::optional<R> read(ByteSpan bytes) {
  static constexpr RdataLayout layout = layoutOf<R>();
  FieldEnds ends{};
  if (!detail::splitFields(layout, bytes, ends)) return std::nullopt;
  std::optional<R> record(std::in_place);
  detail::decodeFields(bytes, ends, R::fields(), *record);
  return record;
}

}  // namespace rdata

}  // namespace taut
