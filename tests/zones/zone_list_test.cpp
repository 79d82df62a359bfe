#include "taut/zones/zone_list.hpp"

#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include "support/temporary_file.hpp"
#include "taut/dns/name.hpp"

namespace zone_list_test {

using namespace taut;

TEST_CASE("A list of zones has an origin and a file on each line, and paths lead from where it lies") {
  const TemporaryFile list("# all of them\nexample.\tdb.example\n\nexample.net\t/zones/db.net\n");
  const auto sources = readZoneList(list.path());
  REQUIRE(sources.size() == 2);
  CHECK(*sources[0].origin == Name("example."));
  CHECK(sources[0].path == list.path().substr(0, list.path().rfind('/') + 1) + "db.example");
  CHECK(*sources[1].origin == Name("example.net."));
  CHECK(sources[1].path == "/zones/db.net");
}

TEST_CASE("Each line of a list that names no zone, or one again, is told with its file and number") {
  for (const char* line : {"example.", "example.\t", "a..b\tfile", "example. file"}) {
    const TemporaryFile list("# first\n" + std::string(line) + "\n");
    const std::string message = list.path() + ":2:1: not a zone: expected ORIGIN, a tab, and the path of a master file";
    CHECK_THROWS_WITH_AS(readZoneList(list.path()), message.c_str(), std::runtime_error);
  }
  const std::string list = "a. b\tfile\nexample.\tone\nEXAMPLE\ttwo\n";
  const TemporaryFile file(list);
  CHECK_THROWS_WITH_AS(readZoneList(file.path()),
                       (file.path() + ":1:1: not a zone: expected ORIGIN, a tab, and the path of a master file\n" +
                        file.path() + ":3:1: zone EXAMPLE. is there already, from line 2; expected it once")
                           .c_str(),
                       std::runtime_error);
  CHECK_THROWS_WITH_AS(readZoneList("/nowhere/list"), "/nowhere/list: No such file or directory", std::runtime_error);
}

}  // namespace zone_list_test
