#include "taut/io/engine_choice.hpp"

#include <cerrno>
#include <string>
#include <string_view>

#include "io_uring_engine.hpp"
#include "taut/io/engine.hpp"

namespace taut {

namespace {

// ENOSYS and EINVAL: the kernel has no io_uring, or one that is too old. EPERM and EACCES: a policy forbids it.
bool isDeclined(int error) noexcept {
  return error == EPERM || error == EACCES || error == ENOSYS || error == EINVAL;
}

}  // namespace

std::string_view nameOf(EngineKind kind) noexcept {
  switch (kind) {
    case EngineKind::automatic:
      return "auto";
    case EngineKind::ioUring:
      return "io_uring";
    case EngineKind::epoll:
      return "epoll";
  }
  return {};
}

std::string EngineChoice::text() const {
  const std::string name(nameOf(kind));
  return whyNotIoUring.empty() ? name : name + ", as " + whyNotIoUring;
}

EngineChoice chooseEngine(EngineKind wanted) {
  if (wanted != EngineKind::automatic) return {wanted, {}};
  EngineOptions smallest;
  smallest.submissionEntries = 1;
  smallest.completionEntries = 2;
  try {
    const IoUringEngine tried(smallest);
    return {EngineKind::ioUring, {}};
  } catch (const IoUnavailable& unavailable) {
    if (!isDeclined(unavailable.error())) throw;
    return {EngineKind::epoll, unavailable.reason()};
  }
}

const EngineChoice& automaticEngine() {
  static const EngineChoice choice = chooseEngine(EngineKind::automatic);
  return choice;
}

}  // namespace taut
