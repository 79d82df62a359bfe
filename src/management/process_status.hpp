// What the kernel says of this process (proc(5)).
#pragma once

#include <cstdint>

namespace taut {

struct ProcessStatus {
  std::uint64_t residentBytes = 0;
  std::uint64_t virtualBytes = 0;
  std::uint64_t openDescriptors = 0;
  std::uint64_t maxDescriptors = 0;
  double cpuSeconds = 0;  // of all threads, in user and system mode
  double startTime = 0;   // seconds since the epoch
};

// What cannot be read is 0. Looks at every descriptor, so it is not for what happens often.
ProcessStatus processStatus();

}  // namespace taut
