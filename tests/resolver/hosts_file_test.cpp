#include "taut/resolver/hosts_file.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "resolver/hosts_support.hpp"
#include "resolver/warnings.hpp"
#include "support/temporary_file.hpp"
#include "taut/base/clock.hpp"

namespace hosts_file_test {

namespace {

using namespace std::chrono_literals;
using taut::HostsFile;
using taut::Name;

struct Fixture {
  taut::ManualClock clock;
  taut::TemporaryFile text{"192.0.2.1 www.example\n"};
  HostsFile file{text.path(), 77s, clock};

  std::string address() const {
    const auto host = file.table()->find(Name("www.example."));
    return host ? taut::test::textOf(host->a) : "-";
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a changed hosts file is read again within a second, and not looked at more often") {
  CHECK(address() == "192.0.2.1");
  text.write("192.0.2.3 www.example\n");
  clock.advance(999ms);
  CHECK_FALSE(file.refresh());
  CHECK(address() == "192.0.2.1");
  clock.advance(1ms);
  CHECK(file.refresh());
  CHECK(address() == "192.0.2.3");
  text.write("192.0.2.4 www.example\n");
  CHECK(file.reload());
  CHECK(address() == "192.0.2.4");
}

TEST_CASE_FIXTURE(Fixture, "a table is made anew where the file has changed or that is asked for, and then alone") {
  const auto table = file.table();
  clock.advance(1s);
  CHECK_FALSE(file.refresh());
  CHECK(file.table() == table);
  CHECK(file.reload());
  CHECK(file.table() != table);
}

TEST_CASE_FIXTURE(Fixture, "a hosts file that is gone or empty for a while leaves its names, with one warning") {
  const taut::test::Warnings warnings;
  text.remove();
  for (int i = 0; i < 3; ++i) {
    clock.advance(1s);
    CHECK_FALSE(file.refresh());
  }
  text.write("");
  clock.advance(1s);
  CHECK_FALSE(file.refresh());
  CHECK(address() == "192.0.2.1");
  CHECK(warnings.lines().size() == 1);
  text.write("# nothing\n");
  clock.advance(1s);
  CHECK(file.refresh());
  CHECK(address() == "-");
  CHECK(warnings.lines().size() == 1);
}

TEST_CASE("a hosts file that cannot be read at the start has no names, which is logged") {
  const taut::test::Warnings warnings;
  const HostsFile file("/");
  CHECK(file.table()->size() == 0);
  CHECK(warnings.lines() == std::vector<std::string>{"cannot read /: Is a directory"});
}

TEST_CASE("lines of a hosts file that are not understood are logged with their numbers") {
  const taut::TemporaryFile text("192.0.2.1 www\n192.0.2 www\n");
  const taut::test::Warnings warnings;
  const HostsFile file(text.path());
  const std::string expected = ":2: not understood, or not all of it: expected an address and names";
  CHECK(warnings.lines() == std::vector<std::string>{text.path() + expected});
}

TEST_CASE("the TTL of a hosts file is an hour unless another is given") {
  const taut::TemporaryFile text("192.0.2.1 www\n");
  CHECK(HostsFile(text.path()).table()->find(Name("www."))->a.ttl == 3600);
  CHECK(HostsFile(text.path(), 77s).table()->find(Name("www."))->a.ttl == 77);
}

}  // namespace hosts_file_test
