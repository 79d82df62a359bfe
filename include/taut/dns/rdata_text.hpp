// RDATA as people read it. Apart from rdata.hpp, because fmt's buffers take longer to compile than all of RDATA.
#pragma once

#include <fmt/format.h>

#include "taut/base/bytes.hpp"
#include "taut/dns/type.hpp"

namespace taut {

// Appends the presentation form, on one line; parseRdata() reads it back to the same octets. The generic form is
// printed where the octets do not fit the layout, or where the type's own form cannot express them.
void printRdata(Type type, ByteSpan rdata, fmt::memory_buffer& out);

// Appends `\# LENGTH HEX` (RFC 3597 section 5).
void printGenericRdata(ByteSpan rdata, fmt::memory_buffer& out);

}  // namespace taut
