// What a server decides about a message before it looks at what is asked.
#pragma once

#include <cstdint>

namespace taut {

enum class Admission : std::uint8_t {
  allow,
  refuse,  // REFUSED
  drop,    // no reply
};

}  // namespace taut
