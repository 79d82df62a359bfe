#include "taut/base/shut_in.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "taut/base/unique_fd.hpp"

namespace taut {

namespace {

std::atomic<bool> shutIn{false};

}  // namespace

void noteShutIn() noexcept {
  shutIn.store(true, std::memory_order_relaxed);
}

bool isShutIn() noexcept {
  return shutIn.load(std::memory_order_relaxed);
}

// Landlock is asked when a file is opened, and not when its permissions are.
bool isShutOut(const std::string& path) {
  if (!isShutIn()) return false;
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  return !file && errno == EACCES && ::eaccess(path.c_str(), R_OK) == 0;
}

}  // namespace taut
