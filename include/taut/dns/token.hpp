// One word of a master file (RFC 1035 section 5.1), as the zone scanner hands it to the readers of RDATA.
//
// `text` is the word as written, escapes unresolved and quotes taken off; it lives as long as the scanner's input.
#pragma once

#include <cstdint>
#include <string_view>

namespace taut {

struct Token {
  std::string_view text;
  std::uint32_t line = 0;    // from 1
  std::uint32_t column = 0;  // of the first character (of the opening quote where there is one), from 1
  bool quoted = false;
};

}  // namespace taut
