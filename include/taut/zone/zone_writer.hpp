// Writes zones and records as master-file text (RFC 1035 section 5), one record a line, all names absolute.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include <fmt/format.h>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/zone.hpp"

namespace taut {

enum class RdataForm : std::uint8_t {
  presentation,  // the type's own form
  generic,       // `\# LENGTH HEX` for every type (RFC 3597 section 5)
};

// "OWNER TTL CLASS TYPE RDATA" and a line end.
void writeRecord(NameView owner, std::uint32_t ttl, Class rrClass, Type type, ByteSpan rdata, fmt::memory_buffer& out,
                 RdataForm form = RdataForm::presentation);

// Records of an RRset.
void writeRRset(const RRset& set, fmt::memory_buffer& out, RdataForm form = RdataForm::presentation);

// The whole zone: the SOA, then all else in canonical order (RFC 4034 section 6). `flush` is called with pieces of the
// text, so that the whole text is never in memory. What is written loads to an identical zone.
void writeZone(const Zone& zone, const std::function<void(std::string_view)>& flush,
               RdataForm form = RdataForm::presentation);

}  // namespace taut
