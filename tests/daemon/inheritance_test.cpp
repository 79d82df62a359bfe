#include "daemon/inheritance.hpp"

#include <unistd.h>

#include <cstdlib>
#include <string>

#include <doctest/doctest.h>

namespace inheritance_test {

using taut::Inheritance;
using taut::takeInheritance;

namespace {

Inheritance takeFrom(const std::string& process, const std::string& count) {
  ::setenv("LISTEN_PID", process.c_str(), 1);
  ::setenv("LISTEN_FDS", count.c_str(), 1);
  ::setenv("LISTEN_FDNAMES", "a:b", 1);
  return takeInheritance();
}

}  // namespace

TEST_CASE("the variables of given sockets are gone when they have been read, whatever they say") {
  const std::string here = std::to_string(::getpid());
  for (const std::string& process : {here, std::string("1"), std::string("x"), std::string()}) {
    const std::string count = process == here ? "0" : "3";  // 3 is a descriptor of the test's own
    const Inheritance inheritance = takeFrom(process, count);
    CHECK(inheritance.sockets->size() == 0);
    CHECK_FALSE(inheritance.isActivated);
    CHECK_FALSE(inheritance.predecessor);
    for (const char* const name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) CHECK(std::getenv(name) == nullptr);
  }
  for (const char* const count : {"", "x", "-1", "99999999999"}) CHECK(takeFrom(here, count).sockets->size() == 0);
}

}  // namespace inheritance_test
