// A process that shuts itself in, tries something, and says what came of it: what is shut in cannot run the next test.
#pragma once

#include <linux/landlock.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <exception>
#include <functional>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "sandbox/sandbox.hpp"

namespace taut::sandbox {

inline Policy policyFor(std::vector<AllowedPath> paths = {}) {
  Policy policy;
  policy.features = {Feature::runtime, Feature::files, Feature::sockets, Feature::ioUring, Feature::epoll};
  policy.paths = std::move(paths);
  return policy;
}

inline void shutIn(Sandbox& cage) {
  cage.restrictThread();
  cage.restrictProcess();
}

// The exit status of a child that runs the function, or the negated number of the signal that ended it.
inline int inChild(const std::function<int()>& function) {
  constexpr int threw = 200;
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);  // the tests' library would report it
    try {
      ::_exit(function());
    } catch (const std::exception&) {
      ::_exit(threw);
    }
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

// The same for a function that begins when the child has shut itself in.
inline int shutInChild(const Policy& policy, const std::function<int()>& function) {
  return inChild([&] {
    Sandbox cage(policy);
    shutIn(cage);
    return function();
  });
}

// 0 for a result that is none of an error, or else the error.
inline int errorOf(long result) {
  return result >= 0 ? 0 : errno;
}

inline bool hasLandlock() {
  return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

}  // namespace taut::sandbox
