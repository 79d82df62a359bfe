// How much memory there is.
#pragma once

#include <cstdint>

namespace taut {

// Octets: that of the machine, or what the process's control groups leave it where that is less.
std::uint64_t memorySize();

}  // namespace taut
