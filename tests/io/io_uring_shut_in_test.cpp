// What a ring does for a process that has shut itself in.
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <functional>

#include <doctest/doctest.h>
#include <liburing.h>

#include "io/io_uring_setup.hpp"
#include "sandbox/sandbox.hpp"

namespace io_uring_shut_in_test {

TEST_SUITE_BEGIN("io_uring");

namespace {

using taut::sandbox::Feature;

int setUpByKernel(unsigned entries, io_uring& ring, io_uring_params& params) {
  return io_uring_queue_init_params(entries, &ring, &params);
}

int submit(io_uring& ring, const std::function<void(io_uring_sqe&)>& prepare) {
  prepare(*io_uring_get_sqe(&ring));
  io_uring_cqe* completion = nullptr;
  if (io_uring_submit_and_wait(&ring, 1) < 0 || io_uring_peek_cqe(&ring, &completion) != 0) return 0;
  const int result = completion->res;
  io_uring_cqe_seen(&ring, completion);
  return result;
}

// Whether the function holds in a child with a ring of before, restricted or not, that has shut itself in.
bool holdsShutIn(bool restricted, const std::function<bool(io_uring&)>& function) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      io_uring ring{};
      if (taut::detail::setUpRing(ring, {}, &setUpByKernel) != 0) ::_exit(2);
      if (restricted && taut::detail::restrictRing(ring) != 0) ::_exit(2);
      io_uring_register(static_cast<unsigned>(ring.ring_fd), IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
      taut::sandbox::Policy policy;
      policy.features = {Feature::runtime, Feature::files, Feature::sockets, Feature::ioUring};
      taut::sandbox::Sandbox sandbox(policy);
      sandbox.restrictThread();
      sandbox.restrictProcess();
      ::_exit(function(ring) ? 0 : 1);
    } catch (const std::exception&) {
      ::_exit(3);
    }
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int openByRing(io_uring& ring, const char* path) {
  return submit(ring, [path](io_uring_sqe& sqe) { io_uring_prep_openat(&sqe, AT_FDCWD, path, O_RDONLY, 0); });
}

bool hasLandlock() {
  return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

}  // namespace

TEST_CASE("a ring of before the sandbox opens no file outside, though no restriction keeps it" *
          doctest::skip(!hasLandlock())) {
  CHECK(holdsShutIn(false, [](io_uring& ring) { return openByRing(ring, "/usr/bin/env") == -EACCES; }));
  CHECK(holdsShutIn(false, [](io_uring& ring) { return openByRing(ring, "/dev/null") >= 0; }));
}

TEST_CASE("the server's ring opens no file and makes no socket, not even one that a call may") {
  CHECK(holdsShutIn(true, [](io_uring& ring) { return openByRing(ring, "/dev/null") == -EACCES; }));
  for (const int family : {AF_INET, AF_UNIX, AF_PACKET})
    CHECK(holdsShutIn(true, [family](io_uring& ring) {
      return submit(ring, [family](io_uring_sqe& sqe) { io_uring_prep_socket(&sqe, family, SOCK_DGRAM, 0, 0); }) ==
             -EACCES;
    }));
  CHECK(holdsShutIn(
      true, [](io_uring& ring) { return submit(ring, [](io_uring_sqe& sqe) { io_uring_prep_nop(&sqe); }) == 0; }));
}

TEST_SUITE_END();

}  // namespace io_uring_shut_in_test
