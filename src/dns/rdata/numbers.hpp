// What kinds of field that hold record types share.
#pragma once

#include "parser.hpp"
#include "taut/dns/type.hpp"

namespace taut {

// One word, a type's mnemonic.
bool parseType(RdataParser& parser, Type& type);

}  // namespace taut
