// RDATA in messages of other servers. What a zone of our own would not be given may stand in it: a digest whose length
// is not that of its algorithm does no harm to who passes it on, and without it clients would have no answer at all.
#pragma once

#include <cstddef>

#include "taut/base/bytes.hpp"
#include "taut/dns/type.hpp"

namespace taut {

// As decompressRdata(), but for the contents of the fields: it is the layout alone that counts.
bool expandRdata(Type type, ByteSpan message, std::size_t offset, std::size_t length, ByteWriter& out);

}  // namespace taut
