// The value of the SVCB parameter dohpath (RFC 9461 section 5).
#pragma once

#include <string_view>

namespace taut {

// Whether the octets are UTF-8 and a URI template (RFC 6570 section 2) that is relative to the origin and has the
// variable "dns". Any character may stand outside of expressions.
bool isDohPath(std::string_view value);

}  // namespace taut
