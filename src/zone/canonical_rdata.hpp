// The order of RRsets at an owner, and of RDATA within an RRset (RFC 4034 section 6.3), with names lower-cased as
// section 6.2 says.
#pragma once

#include <compare>
#include <cstdint>

#include "taut/base/bytes.hpp"
#include "taut/dns/type.hpp"

namespace taut::detail {

// The place of a record's RRset among those of its owner: by type, and the RRSIGs directly after what they cover.
std::uint32_t setOrder(Type type, ByteSpan rdata);

std::strong_ordering compareRdata(Type type, ByteSpan left, ByteSpan right);

}  // namespace taut::detail
