// What a row of the sandbox's table says: the system calls and paths that one feature of the server needs once it
// serves.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "sandbox.hpp"

namespace taut::sandbox {

// The argument, from 0, has this value in the bits of the mask. Without a bit in the mask it holds always.
struct Condition {
  std::uint8_t argument = 0;
  std::uint32_t mask = 0;
  std::uint32_t value = 0;
};

// In place of a value: the number of this process.
inline constexpr std::uint32_t ownProcess = 0xffffffff;

struct Call {
  const char* name;  // one that the architecture does not have is left out
  // Both hold, or the call fails with EACCES. Several rows for a call allow what any of them does.
  std::array<Condition, 2> conditions{};
};

struct Path {
  const char* path;  // one that is not there is left out
  Access access = Access::read;
};

struct Row {
  Feature feature;
  std::span<const Call> calls;
  std::span<const Path> paths;
};

std::span<const Row> rows();

// Calls that fail as they do on kernels without them (ENOSYS), so that what calls them does as it did there: a filter
// cannot look at their arguments, which lie in memory.
std::span<const char* const> hiddenCalls();

}  // namespace taut::sandbox
