// The order of RDATA within an RRset (RFC 4034 section 6.3), with names lower-cased as section 6.2 says.
#pragma once

#include <compare>

#include "taut/base/bytes.hpp"
#include "taut/dns/type.hpp"

namespace taut::detail {

std::strong_ordering compareRdata(Type type, ByteSpan left, ByteSpan right);

}  // namespace taut::detail
