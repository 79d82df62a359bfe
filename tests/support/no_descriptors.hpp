// Takes all descriptors that the process may have, and gives them back.
#pragma once

#include <fcntl.h>

#include "resource_limit.hpp"
#include "taut/base/unique_fd.hpp"

namespace taut {

class NoDescriptors {
 private:
  static rlim_t lowestFree() { return static_cast<rlim_t>(UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)).get()); }

  ResourceLimit limit_{RLIMIT_NOFILE, lowestFree()};
};

}  // namespace taut
