// How far apart the octets are at which a test cuts or changes a file, one after the other. TSan makes each much
// dearer, and looks for races, which do not depend on the octet.
#pragma once

#include <cstddef>

namespace taut::test {

#if defined(__SANITIZE_THREAD__)
inline constexpr std::size_t octetStep = 13;
#else
inline constexpr std::size_t octetStep = 1;
#endif

}  // namespace taut::test
