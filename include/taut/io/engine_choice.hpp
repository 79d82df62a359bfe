// Which engine carries out the operations of a process: io_uring, or epoll where io_uring cannot be had. The kernel may
// lack it, and the profile of a container may forbid it.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace taut {

enum class EngineKind : std::uint8_t {
  automatic,  // io_uring where it can be set up
  ioUring,
  epoll,
};

// The name of an engine, as the configuration has it.
std::string_view nameOf(EngineKind kind) noexcept;

// An engine cannot be set up. what() is one line: the reason, and what to do about it.
class IoUnavailable : public std::runtime_error {
 public:
  IoUnavailable(int error, std::string reason, const std::string& advice)
      : std::runtime_error(reason + advice), error_(error), reason_(std::move(reason)) {}

  // The error number.
  int error() const noexcept { return error_; }
  // The reason alone.
  const std::string& reason() const noexcept { return reason_; }

 private:
  int error_;
  std::string reason_;
};

struct EngineChoice {
  EngineKind kind = EngineKind::ioUring;
  std::string whyNotIoUring;  // empty where io_uring serves or was not tried

  // For people: which, and why.
  std::string text() const;
};

// Finds out what `wanted` comes to, by trying. io_uring gives way where the kernel or a policy declines it. Where
// descriptors or memory have run out it does not: the next try would choose otherwise. Throws IoUnavailable then.
EngineChoice chooseEngine(EngineKind wanted);

// What `automatic` has come to in this process: all that ask get the same. Throws IoUnavailable.
const EngineChoice& automaticEngine();

}  // namespace taut
