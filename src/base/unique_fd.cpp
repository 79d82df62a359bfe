#include "taut/base/unique_fd.hpp"

#include <unistd.h>

#include <utility>

namespace taut {

void UniqueFd::reset(int fd) noexcept {
  const int old = std::exchange(fd_, fd);
  // Not repeated on EINTR: on Linux the descriptor is gone by then.
  if (old >= 0) ::close(old);
}

}  // namespace taut
