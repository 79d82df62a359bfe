// Random numbers that nobody can predict, from the kernel's generator: query IDs and source ports (RFC 5452 section
// 4), keys of hash tables whose keys come from the network.
//
// Each thread draws from a small buffer of its own, so that a number costs a system call only now and then.
#pragma once

#include <cstdint>

#include "taut/base/bytes.hpp"

namespace taut {

void fillRandom(MutableByteSpan bytes) noexcept;

std::uint16_t randomU16() noexcept;
std::uint64_t randomU64() noexcept;

}  // namespace taut
