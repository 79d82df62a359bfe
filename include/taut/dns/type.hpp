// The registries of the DNS: types and classes (RFC 6895 and the IANA registry), opcodes, RCODEs, and the flag bits of
// the header (RFC 1035 section 4.1.1, RFC 4035 section 3).
//
// Enumerators are spelt as the registry spells them; a dash becomes an underscore. Any 16-bit value is a valid Type or
// Class; values without a mnemonic print and parse as TYPE123 and CLASS123 (RFC 3597 section 5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/core.h>

namespace taut {

// X(name, value) for each type with a mnemonic that an enumerator can spell.
// Formatted by hand: each run of clang-format would indent each line further than the one before.
// clang-format off
#define TAUT_TYPES(X)                                                                                                \
  X(A, 1) X(NS, 2) X(MD, 3) X(MF, 4) X(CNAME, 5) X(SOA, 6) X(MB, 7) X(MG, 8) X(MR, 9) X(NULL_, 10) X(WKS, 11)        \
  X(PTR, 12) X(HINFO, 13) X(MINFO, 14) X(MX, 15) X(TXT, 16) X(RP, 17) X(AFSDB, 18) X(X25, 19) X(ISDN, 20) X(RT, 21)  \
  X(NSAP, 22) X(NSAP_PTR, 23) X(SIG, 24) X(KEY, 25) X(PX, 26) X(GPOS, 27) X(AAAA, 28) X(LOC, 29) X(NXT, 30)          \
  X(EID, 31) X(NIMLOC, 32) X(SRV, 33) X(ATMA, 34) X(NAPTR, 35) X(KX, 36) X(CERT, 37) X(A6, 38) X(DNAME, 39)          \
  X(SINK, 40) X(OPT, 41) X(APL, 42) X(DS, 43) X(SSHFP, 44) X(IPSECKEY, 45) X(RRSIG, 46) X(NSEC, 47) X(DNSKEY, 48)    \
  X(DHCID, 49) X(NSEC3, 50) X(NSEC3PARAM, 51) X(TLSA, 52) X(SMIMEA, 53) X(HIP, 55) X(NINFO, 56) X(RKEY, 57)          \
  X(TALINK, 58) X(CDS, 59) X(CDNSKEY, 60) X(OPENPGPKEY, 61) X(CSYNC, 62) X(ZONEMD, 63) X(SVCB, 64) X(HTTPS, 65)      \
  X(DSYNC, 66) X(HHIT, 67) X(BRID, 68) X(SPF, 99) X(UINFO, 100) X(UID, 101) X(GID, 102) X(UNSPEC, 103) X(NID, 104)   \
  X(L32, 105) X(L64, 106) X(LP, 107) X(EUI48, 108) X(EUI64, 109) X(NXNAME, 128) X(TKEY, 249) X(TSIG, 250)            \
  X(IXFR, 251) X(AXFR, 252) X(MAILB, 253) X(MAILA, 254) X(ANY, 255) X(URI, 256) X(CAA, 257) X(AVC, 258) X(DOA, 259)  \
  X(AMTRELAY, 260) X(RESINFO, 261) X(WALLET, 262) X(CLA, 263) X(IPN, 264) X(TA, 32768) X(DLV, 32769)
// clang-format on

enum class Type : std::uint16_t {
#define TAUT_TYPE_ENUMERATOR(name, value) name = value,
  TAUT_TYPES(TAUT_TYPE_ENUMERATOR)
#undef TAUT_TYPE_ENUMERATOR
};

enum class Class : std::uint16_t { IN = 1, CS = 2, CH = 3, HS = 4, NONE = 254, ANY = 255 };

enum class Opcode : std::uint8_t { QUERY = 0, IQUERY = 1, STATUS = 2, NOTIFY = 4, UPDATE = 5, DSO = 6 };

// RCODEs, those beyond 15 carried by EDNS (RFC 6891 section 6.1.3).
enum class Rcode : std::uint16_t {
  NOERROR = 0,
  FORMERR = 1,
  SERVFAIL = 2,
  NXDOMAIN = 3,
  NOTIMP = 4,
  REFUSED = 5,
  YXDOMAIN = 6,
  YXRRSET = 7,
  NXRRSET = 8,
  NOTAUTH = 9,
  NOTZONE = 10,
  DSOTYPENI = 11,
  BADVERS = 16,
  BADKEY = 17,
  BADTIME = 18,
  BADMODE = 19,
  BADNAME = 20,
  BADALG = 21,
  BADTRUNC = 22,
  BADCOOKIE = 23,
};

// Bits of the header's second 16-bit word.
namespace flag {
inline constexpr std::uint16_t QR = 0x8000;
inline constexpr std::uint16_t AA = 0x0400;
inline constexpr std::uint16_t TC = 0x0200;
inline constexpr std::uint16_t RD = 0x0100;
inline constexpr std::uint16_t RA = 0x0080;
inline constexpr std::uint16_t AD = 0x0020;
inline constexpr std::uint16_t CD = 0x0010;
inline constexpr std::uint16_t opcodeMask = 0x7800;
inline constexpr std::uint16_t rcodeMask = 0x000f;
}  // namespace flag

// The sections of a message after the question (RFC 1035 section 4.1).
enum class Section : std::uint8_t { answer, authority, additional };

// Types that ask rather than store (RFC 6895 section 3.1): 128 to 255 and OPT.
constexpr bool isMetaType(Type type) {
  const auto value = static_cast<std::uint16_t>(type);
  return (value >= 128 && value <= 255) || type == Type::OPT;
}

std::string toString(Type type);      // "AAAA", "TYPE65280"
std::string toString(Class rrClass);  // "IN", "CLASS7"
std::string toString(Opcode opcode);  // "QUERY", "OPCODE9"
std::string toString(Rcode rcode);    // "NXDOMAIN", "RCODE99"

// Case does not matter; TYPE123 and CLASS123 are understood. Nothing for an unknown mnemonic.
std::optional<Type> typeFromText(std::string_view text);
std::optional<Class> classFromText(std::string_view text);

}  // namespace taut

// Each prints what toString() tells.
#define TAUT_REGISTRY_FORMATTER(Registry)                                                           \
  template <>                                                                                       \
  struct fmt::formatter<taut::Registry> {                                                           \
    constexpr auto parse(fmt::format_parse_context& context) { return context.begin(); }            \
    fmt::format_context::iterator format(taut::Registry value, fmt::format_context& context) const; \
  };
TAUT_REGISTRY_FORMATTER(Type)
TAUT_REGISTRY_FORMATTER(Class)
TAUT_REGISTRY_FORMATTER(Opcode)
TAUT_REGISTRY_FORMATTER(Rcode)
#undef TAUT_REGISTRY_FORMATTER
