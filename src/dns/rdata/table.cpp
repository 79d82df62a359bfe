// The rows of all record types with a layout, made from the field lists of their structs.

#include <array>
#include <cstddef>
#include <cstdint>

#include "taut/dns/compression.hpp"
#include "taut/dns/rdata.hpp"

namespace taut {

namespace {

using namespace rdata;

template <class... Record>
struct RecordList {};

using Records = RecordList<A, NS, MD, MF, CNAME, SOA, MB, MG, MR, NULL_, WKS, PTR, HINFO, MINFO, MX, TXT, RP, AFSDB,
                           X25, ISDN, RT, NSAP, NSAP_PTR, SIG, KEY, PX, GPOS, AAAA, LOC, NXT, EID, NIMLOC, SRV, ATMA,
                           NAPTR, KX, CERT, A6, DNAME, SINK, OPT, APL, DS, SSHFP, IPSECKEY, RRSIG, NSEC, DNSKEY, DHCID,
                           NSEC3, NSEC3PARAM, TLSA, SMIMEA, HIP, NINFO, RKEY, TALINK, CDS, CDNSKEY, OPENPGPKEY, CSYNC,
                           ZONEMD, SVCB, HTTPS, DSYNC, HHIT, BRID, SPF, UINFO, UID, GID, UNSPEC, NID, L32, L64, LP,
                           EUI48, EUI64, TKEY, TSIG, URI, CAA, AVC, DOA, AMTRELAY, RESINFO, WALLET, CLA, IPN, TA, DLV>;

template <class... Record>
constexpr std::array<RdataLayout, sizeof...(Record)> makeRows(RecordList<Record...>) {
  return {layoutOf<Record>()...};
}

constexpr auto rows = makeRows(Records{});

// Low types index a table; the few higher ones are searched for.
constexpr std::size_t indexSize = 512;

constexpr auto rowIndex = [] {
  std::array<std::uint8_t, indexSize> index{};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto value = static_cast<std::uint16_t>(rows[i].type);
    if (value < indexSize) index[value] = static_cast<std::uint8_t>(i + 1);
  }
  return index;
}();

// Octets of a field of fixed size, for the kinds that precede compressible names.
constexpr std::uint8_t prefixSize(const FieldKind* field) {
  return field == &fieldKind<kind::U8>    ? 1
         : field == &fieldKind<kind::U16> ? 2
         : field == &fieldKind<kind::U32> ? 4
                                          : 0;
}

constexpr CompressibleNames derivedNames(const RdataLayout& layout) {
  CompressibleNames names;
  for (const FieldKind* const kind : layout) {
    if (kind->isCompressible)
      ++names.count;
    else if (names.count == 0)
      names.prefix = static_cast<std::uint8_t>(names.prefix + prefixSize(kind));
  }
  return names.count == 0 ? CompressibleNames{} : names;
}

constexpr bool compressionAgrees() {
  for (const RdataLayout& row : rows)
    if (derivedNames(row) != compressibleNames(row.type)) return false;
  return true;
}
static_assert(compressionAgrees(), "compressibleNames() and the field lists must tell the same");

}  // namespace

const RdataLayout* findLayout(Type type) {
  const auto value = static_cast<std::uint16_t>(type);
  if (value < indexSize) return rowIndex[value] == 0 ? nullptr : &rows[rowIndex[value] - 1u];
  for (const RdataLayout& row : rows)
    if (row.type == type) return &row;
  return nullptr;
}

}  // namespace taut
