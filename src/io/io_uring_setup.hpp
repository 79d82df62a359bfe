// How a ring is set up on old and new kernels, and what is said where it cannot be. Apart from io_uring_engine.cpp so
// that tests can stand in for the kernel.
#pragma once

#include <string>
#include <string_view>

#include <liburing.h>

#include "taut/io/engine.hpp"

namespace taut::detail {

// Sets up a ring; the result is 0 or a negated error number.
using SetupFunction = int (*)(unsigned entries, io_uring& ring, io_uring_params& params);

// Asks for all flags that we want. Where the kernel does not know them all (EINVAL), leaves out the newest and tries
// again. The ring is not enabled yet. Gives the result of the last try.
int setUpRing(io_uring& ring, const EngineOptions& options, SetupFunction setup);

// Before the ring is enabled: from then on the kernel refuses (EACCES) every operation, flag and registration that the
// engine has no use for. A filter of system calls does not see what comes through a ring. 0 or a negated error number.
int restrictRing(io_uring& ring);

// What is thrown where there is no ring, with one line for an operator. `sysctl` is the content of
// /proc/sys/kernel/io_uring_disabled, empty where there is no such file; `release` is the kernel's.
IoUnavailable explainUnavailable(int error, std::string_view sysctl, std::string_view release);

// The release of the running kernel.
std::string kernelRelease();

}  // namespace taut::detail
