// What the kernel refuses a ring that the engine has set up, and what it does not. No filter of system calls sees it.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

#include <doctest/doctest.h>
#include <liburing.h>

#include "io/io_uring_setup.hpp"

namespace io_uring_restrictions_test {

TEST_SUITE_BEGIN("io_uring");

namespace {

int setUpByKernel(unsigned entries, io_uring& ring, io_uring_params& params) {
  return io_uring_queue_init_params(entries, &ring, &params);
}

// A ring as the engine has it, with the kernel's answers to single entries.
class RestrictedRing {
 public:
  RestrictedRing() {
    REQUIRE(taut::detail::setUpRing(ring_, {}, &setUpByKernel) == 0);
    REQUIRE(taut::detail::restrictRing(ring_) == 0);
    REQUIRE(io_uring_register(fd(), IORING_REGISTER_ENABLE_RINGS, nullptr, 0) == 0);
  }
  RestrictedRing(const RestrictedRing&) = delete;
  RestrictedRing& operator=(const RestrictedRing&) = delete;
  ~RestrictedRing() { io_uring_queue_exit(&ring_); }

  unsigned fd() const { return static_cast<unsigned>(ring_.ring_fd); }

  int submit(const std::function<void(io_uring_sqe&)>& prepare) {
    prepare(*io_uring_get_sqe(&ring_));
    REQUIRE(io_uring_submit_and_wait(&ring_, 1) >= 0);
    io_uring_cqe* completion = nullptr;
    REQUIRE(io_uring_peek_cqe(&ring_, &completion) == 0);
    const int result = completion->res;
    io_uring_cqe_seen(&ring_, completion);
    return result;
  }

 private:
  io_uring ring_{};
};

}  // namespace

TEST_CASE("a ring opens no file, makes no socket and starts nothing else that the server does not use") {
  RestrictedRing ring;
  char octet = 0;
  CHECK(ring.submit([](io_uring_sqe& sqe) { io_uring_prep_nop(&sqe); }) == 0);
  CHECK(ring.submit([](io_uring_sqe& sqe) { io_uring_prep_openat(&sqe, AT_FDCWD, "/dev/null", O_RDONLY, 0); }) ==
        -EACCES);
  CHECK(ring.submit([](io_uring_sqe& sqe) { io_uring_prep_socket(&sqe, AF_UNIX, SOCK_DGRAM, 0, 0); }) == -EACCES);
  CHECK(ring.submit([](io_uring_sqe& sqe) { io_uring_prep_unlink(&sqe, "/nowhere/file", 0); }) == -EACCES);
  CHECK(ring.submit([&](io_uring_sqe& sqe) { io_uring_prep_read(&sqe, STDIN_FILENO, &octet, 1, 0); }) == -EACCES);
  CHECK(ring.submit([&](io_uring_sqe& sqe) { io_uring_prep_write(&sqe, STDERR_FILENO, &octet, 0, 0); }) == -EACCES);
}

TEST_CASE("a ring takes neither files of its own nor flags that the server does not use") {
  RestrictedRing ring;
  const int file = STDERR_FILENO;
  CHECK(io_uring_register(ring.fd(), IORING_REGISTER_FILES, &file, 1) == -EACCES);
  CHECK(io_uring_register(ring.fd(), IORING_REGISTER_PERSONALITY, nullptr, 0) == -EACCES);
  CHECK(ring.submit([](io_uring_sqe& sqe) {
    io_uring_prep_nop(&sqe);
    sqe.flags |= IOSQE_FIXED_FILE;
  }) == -EACCES);
}

TEST_CASE("the restrictions of a ring stay as they are") {
  RestrictedRing ring;
  io_uring_restriction openAt{};
  openAt.opcode = IORING_RESTRICTION_SQE_OP;
  openAt.sqe_op = IORING_OP_OPENAT;
  CHECK(io_uring_register(ring.fd(), IORING_REGISTER_RESTRICTIONS, &openAt, 1) < 0);
  CHECK(ring.submit([](io_uring_sqe& sqe) { io_uring_prep_openat(&sqe, AT_FDCWD, "/dev/null", O_RDONLY, 0); }) ==
        -EACCES);
}

TEST_SUITE_END();

}  // namespace io_uring_restrictions_test
