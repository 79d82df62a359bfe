// The words in which a record type states its RDATA: each struct of namespace taut::rdata has one list of fields, each
// field a kind and a member. From that one list come the reader and the writer of the wire form, the reader and the
// printer of the text form, decompression and the canonical form (RFC 4034 section 6.2).
//
// A kind fixes both forms of a field: its octets on the wire and its words in a master file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <tuple>

#include "taut/dns/type.hpp"

namespace taut {

enum class FieldKind : std::uint8_t {
  // Numbers, big endian; decimal in text.
  u8,
  u16,
  u32,
  u48,
  u64,
  // Numbers with a text form of their own.
  duration,         // u32 seconds, TTL units allowed (1h30m)
  time,             // u32 seconds since 1970 modulo 2^32, YYYYMMDDHHmmSS (RFC 4034 section 3.2)
  type,             // u16, a type mnemonic
  algorithm,        // u8, number or mnemonic of a DNSSEC algorithm
  certificateType,  // u16, number or mnemonic (RFC 4398 section 2.1)
  keyFlags,         // u16, number or mnemonics joined by | (RFC 2535 section 7.1)
  keyProtocol,      // u8, number or mnemonic (RFC 2535 section 7.1)
  digestType,       // u8, number or mnemonic (RFC 4034 appendix A.2)
  nsec3Algorithm,   // u8, number or mnemonic (RFC 5155 section 11)
  dsyncScheme,      // u8, number or mnemonic (RFC 9859 section 2.1)
  errorCode,        // u16, number or RCODE mnemonic (RFC 8945 section 3)
  gatewayType,      // u8, at most 3 (RFC 4025 section 2.3)
  relayType,        // u8 of the D bit and a type, two words (RFC 8777 section 4.3)
  // Fixed runs of octets.
  ipv4,
  ipv6,
  locator64,  // 8 octets as four groups of hexadecimal (RFC 6742 section 2.1)
  eui48,      // 6 octets as xx-xx-xx-xx-xx-xx (RFC 7043)
  eui64,
  location,  // all of LOC's RDATA (RFC 1876)
  // Names. A writer may compress the first; a reader must understand pointers in the first two (RFC 3597 section 4);
  // the first three are lower case in canonical form (RFC 4034 section 6.2 and RFC 6840 section 5.1).
  compressibleName,
  receivedName,
  foldedName,
  plainName,
  plainNames,  // to the end, none too
  // Text.
  characterString,          // RFC 1035 section 3.3
  optionalCharacterString,  // to the end: one or none
  characterStrings,         // to the end: one or more
  digitString,              // a character string of at least four digits (RFC 1183 section 3.1)
  tag,                      // a character string of letters and digits (RFC 8659 section 4.1)
  text,                     // to the end, octets without a length
  // Binary data.
  hex,             // to the end, at least one octet
  optionalHex,     // to the end
  base64,          // to the end, at least one octet
  optionalBase64,  // to the end
  dashBase64,      // to the end; "-" where empty (DOA)
  salt,            // behind a length octet; "-" where empty (RFC 5155 section 3.3)
  hash,            // behind a length octet; base32hex without padding (RFC 5155 section 3.3)
  sizedBase64,     // behind a 16-bit length; the length is a word too (TSIG, TKEY)
  // Structures.
  typeBitmap,          // RFC 4034 section 4.1.2, not empty
  optionalTypeBitmap,  // the same, may be empty (RFC 5155 section 3.2.1)
  nxtBitmap,           // RFC 2535 section 5.2
  gateway,             // by the octet at offset 1: nothing, an address or a name (RFC 4025 section 2.5)
  relay,               // the same, that octet's types beyond 3 opaque (RFC 8777 section 4.2.4)
  hostIdentity,        // lengths, algorithm, HIT and key (RFC 8005 section 5)
  addressPrefixes,     // RFC 3123 section 4
  services,            // protocol and port bitmap (RFC 1035 section 3.4.2)
  nsap,                // 0x and hexadecimal with dots (RFC 1706 section 5)
  atma,                // format octet and address (ATM Forum af-saa-0069)
  addressSuffix,       // prefix length, suffix and name (RFC 2874 section 3.1)
  svcParams,           // RFC 9460 section 2
  options,             // EDNS options (RFC 6891 section 6.1.2); no text form but the generic one
  opaque,              // to the end; no text form but the generic one (RFC 3597 section 5)
};

// One entry of a field list.
template <class Record, class Value>
struct Field {
  FieldKind kind;
  Value Record::*member;

  constexpr Field(FieldKind fieldKind, Value Record::*fieldMember) : kind(fieldKind), member(fieldMember) {}
};

// A type's field list without its members: the row by which RDATA is handled as octets.
struct RdataLayout {
  static constexpr std::size_t maxFields = 9;

  Type type{};
  std::uint8_t count = 0;
  std::array<FieldKind, maxFields> kinds{};

  constexpr const FieldKind* begin() const { return kinds.data(); }
  constexpr const FieldKind* end() const { return kinds.data() + count; }
};

template <class Record>
constexpr RdataLayout layoutOf() {
  RdataLayout layout;
  layout.type = Record::type;
  std::apply([&](auto... field) { ((layout.kinds[layout.count++] = field.kind), ...); }, Record::fields());
  return layout;
}

// Where each field of some RDATA ends, as offsets from its start.
using FieldEnds = std::array<std::uint16_t, RdataLayout::maxFields>;

}  // namespace taut
