#include "taut/base/unique_fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include <doctest/doctest.h>

namespace unique_fd_test {

using taut::UniqueFd;

namespace {

bool isOpen(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}
int openNull() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

}  // namespace

TEST_CASE("a descriptor is closed exactly when its owner goes") {
  int fd = -1;
  {
    const UniqueFd owner(openNull());
    fd = owner.get();
    CHECK(owner);
    CHECK(isOpen(fd));
  }
  CHECK_FALSE(isOpen(fd));
  CHECK_FALSE(UniqueFd());
}

TEST_CASE("a descriptor has one owner at a time") {
  UniqueFd first(openNull());
  const int fd = first.get();
  UniqueFd second(std::move(first));
  CHECK_FALSE(first);
  CHECK(second.get() == fd);
  UniqueFd third(openNull());
  const int other = third.get();
  third = std::move(second);
  CHECK_FALSE(isOpen(other));
  CHECK(third.get() == fd);
  CHECK(third.release() == fd);
  CHECK(isOpen(fd));
  const UniqueFd last(fd);
}

}  // namespace unique_fd_test
