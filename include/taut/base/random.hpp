// Unpredictable random numbers from the kernel's generator: query IDs and source ports (RFC 5452 section 4), and keys
// of hash tables whose keys come from the network.
//
// Each thread draws from a small buffer of its own, so that few numbers cost a system call.
#pragma once

#include <cstdint>

#include "taut/base/bytes.hpp"

namespace taut {

void fillRandom(MutableByteSpan bytes) noexcept;

std::uint16_t randomU16() noexcept;
std::uint64_t randomU64() noexcept;

}  // namespace taut
