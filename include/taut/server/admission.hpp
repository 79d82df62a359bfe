// The decision of a server about a message before its question is looked at.
#pragma once

#include <cstdint>

namespace taut {

enum class Admission : std::uint8_t {
  allow,
  refuse,  // REFUSED
  drop,    // no reply
};

}  // namespace taut
