// What the types of an NSEC or NSEC3 record say (RFC 6840 sections 4.1 to 4.4).
#pragma once

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"

namespace taut::detail {

// A record of the parent at a cut: it tells of the delegation and its DS alone, and of nothing below.
bool isParentSide(ByteSpan types);

// Names below the record's owner are not the zone's, or are not looked for (RFC 6672 section 5.3.4.1).
bool endsAuthority(ByteSpan types);

// Whether the record at `owner` proves that it has neither the type nor a CNAME. Of DS only what is not the child's
// record does, of all else only what is not the parent's.
bool lacksType(ByteSpan types, NameView owner, Type type);

}  // namespace taut::detail
