#include "io_uring_setup.hpp"

#include <sys/utsname.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace taut::detail {

namespace {

constexpr std::uint8_t usedOperations[] = {IORING_OP_NOP,     IORING_OP_SEND,     IORING_OP_SENDMSG,
                                           IORING_OP_RECV,    IORING_OP_RECVMSG,  IORING_OP_ACCEPT,
                                           IORING_OP_CONNECT, IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL};
constexpr std::uint8_t usedRegistrations[] = {IORING_REGISTER_ENABLE_RINGS, IORING_REGISTER_RING_FDS,
                                              IORING_UNREGISTER_RING_FDS, IORING_REGISTER_PBUF_RING,
                                              IORING_UNREGISTER_PBUF_RING};
constexpr std::uint8_t usedFlags = IOSQE_BUFFER_SELECT;

}  // namespace

int setUpRing(io_uring& ring, const EngineOptions& options, SetupFunction setup) {
  // DEFER_TASKRUN came with Linux 6.1 and needs SINGLE_ISSUER of 6.0; SUBMIT_ALL is of 5.18, CQSIZE of 5.5.
  static constexpr std::array<unsigned, 4> niceToHave{IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_SINGLE_ISSUER,
                                                      IORING_SETUP_SUBMIT_ALL, IORING_SETUP_CQSIZE};
  // Disabled at first, because the kernel remembers the thread that enables the ring as the only one to submit.
  unsigned flags = IORING_SETUP_R_DISABLED | IORING_SETUP_CLAMP;
  for (const unsigned flag : niceToHave) flags |= flag;
  auto attempt = [&] {
    io_uring_params params{};
    params.flags = flags;
    params.cq_entries = options.completionEntries;
    return setup(options.submissionEntries, ring, params);
  };
  int result = attempt();
  for (const unsigned flag : niceToHave) {
    if (result != -EINVAL) break;
    flags &= ~flag;
    result = attempt();
  }
  return result;
}

// By the register call itself: liburing 2.3 declares io_uring_register_restrictions but does not export it.
int restrictRing(io_uring& ring) {
  std::array<io_uring_restriction, std::size(usedOperations) + std::size(usedRegistrations) + 1> restrictions{};
  auto* next = restrictions.data();
  for (const std::uint8_t operation : usedOperations) {
    next->opcode = IORING_RESTRICTION_SQE_OP;
    next++->sqe_op = operation;
  }
  for (const std::uint8_t registration : usedRegistrations) {
    next->opcode = IORING_RESTRICTION_REGISTER_OP;
    next++->register_op = registration;
  }
  next->opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
  next->sqe_flags = usedFlags;
  return io_uring_register(static_cast<unsigned>(ring.ring_fd), IORING_REGISTER_RESTRICTIONS, restrictions.data(),
                           static_cast<unsigned>(restrictions.size()));
}

IoUnavailable explainUnavailable(int error, std::string_view sysctl, std::string_view release) {
  const std::string reason = std::generic_category().message(error);
  const auto unavailable = [error](std::string why, const std::string& advice) {
    return IoUnavailable(error, std::move(why), advice);
  };
  switch (error) {
    case EPERM:
    case EACCES:
      if (!sysctl.empty() && sysctl.front() != '0')
        return unavailable(fmt::format("io_uring is switched off (kernel.io_uring_disabled is {})", sysctl.front()),
                           ": run `sysctl kernel.io_uring_disabled=0` as root, or choose the engine epoll");
      return unavailable(fmt::format("io_uring is forbidden here ({})", reason),
                         ", as seccomp profiles of containers do: have the profile allow io_uring_setup, "
                         "io_uring_enter and io_uring_register, or choose the engine epoll");
    case ENOSYS:
      return unavailable(fmt::format("this system has no io_uring (Linux {}: {})", release, reason),
                         ": use Linux 6.0 or later, built with it and with no seccomp profile that hides it, or "
                         "choose the engine epoll");
    case EINVAL:
      return unavailable(fmt::format("the io_uring of Linux {} is too old", release),
                         ": use Linux 6.0 or later, or choose the engine epoll");
    case ENOMEM:
      return unavailable(fmt::format("no memory for io_uring ({})", reason),
                         ": raise the limit on locked memory (`ulimit -l`)");
    case EMFILE:
    case ENFILE:
      return unavailable(fmt::format("no descriptor left for io_uring ({})", reason),
                         ": raise the limit on open files (`ulimit -n`)");
    default:
      return unavailable(fmt::format("io_uring cannot be set up on Linux {}: {}", release, reason), "");
  }
}

std::string kernelRelease() {
  utsname names{};
  return ::uname(&names) == 0 ? std::string(names.release) : std::string("(unknown)");
}

}  // namespace taut::detail
