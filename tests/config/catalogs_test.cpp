// Zones that are catalogs, and members of catalogs.
#include <string>

#include <doctest/doctest.h>

#include "config/configuration_file.hpp"
#include "config/member_zone.hpp"

namespace catalogs_test {

using namespace taut;
using namespace taut::config;

namespace {

const std::string produced = "[[zone]]\nname = \"catz\"\ncatalog = \"produce\"\n";

std::string consumed(const std::string& lines) {
  return "[[zone]]\nname = \"catz\"\nprimaries = [\"192.0.2.1\"]\ncatalog = \"consume\"\n" + lines;
}

}  // namespace

TEST_CASE("a catalog that is made is kept in the state directory, and is no master file") {
  const ConfigurationFile file;
  const auto loaded =
      file.load("[server]\nstate-directory = \"state\"\n[[zone]]\nname = \"Catz.Example\"\ncatalog = \"produce\"\n");
  REQUIRE(loaded);
  const ZoneSettings& zone = loaded->zones[0];
  CHECK(zone.catalog == CatalogRole::produce);
  CHECK(zone.path == file.path("state/catz.example.catalog"));
  CHECK(!zone.isSecondary());
  CHECK(zone.isWritten());
  CHECK(zone.source().isSecondary);
  const auto without = file.load(produced);
  REQUIRE(without);
  CHECK(without->zones[0].path == "");
  CHECK(!without->zones[0].isWritten());
}

TEST_CASE("a zone is a member by itself, by its template and by the defaults, and a catalog is none by these") {
  const ConfigurationFile file;
  const auto loaded = file.load("[zone-defaults]\ncatalog-zone = \"catz\"\ncatalog-group = \"all\"\n" + produced +
                                "[template.t]\ncatalog-group = \"some\"\n[[zone]]\nname = \"a\"\n"
                                "[[zone]]\nname = \"b\"\ntemplate = \"t\"\n"
                                "[[zone]]\nname = \"c\"\ncatalog-zone = \"other\"\ncatalog-group = \"own\"\n"
                                "[[zone]]\nname = \"other\"\ncatalog = \"produce\"\n");
  REQUIRE(loaded);
  CHECK(!loaded->zones[0].membership);
  CHECK(loaded->zones[1].membership->catalog == Name("catz"));
  CHECK(loaded->zones[1].membership->group == "all");
  CHECK(loaded->zones[2].membership->group == "some");
  CHECK(loaded->zones[3].membership->catalog == Name("other"));
  CHECK(loaded->zones[3].membership->group == "own");
  CHECK(!loaded->zones[4].membership);
}

TEST_CASE("what makes no sense of a catalog is a mistake, with its place") {
  const ConfigurationFile file;
  CHECK(file.mistakes(consumed("members = [\"custmers\"]\n") + "[template.customers]\n") ==
        "taut.toml:5:12: there is no [template.custmers]; did you mean customers?\n");
  CHECK(file.mistakes("[[zone]]\nname = \"a\"\nmembers = [\"t\"]\n[template.t]\n") ==
        "taut.toml:3:11: needs catalog = \"consume\", without which the zone has no members\n");
  CHECK(file.mistakes("[[zone]]\nname = \"a\"\nprimaries = [\"192.0.2.1\"]\ncatalog = \"produce\"\n") ==
        "taut.toml:4:11: a secondary zone is what its primaries say; expected \"consume\", or no primaries\n");
  CHECK(file.mistakes(produced + "file = \"catz.zone\"\n") ==
        "taut.toml:4:8: does not go with catalog = \"produce\": such a catalog is kept in server.state-directory\n");
  CHECK(file.mistakes(produced + "[[zone]]\nname = \"a\"\ncatalog-zone = \"cats\"\n") ==
        "taut.toml:6:16: there is no [[zone]] cats with catalog = \"produce\"; did you mean catz?\n");
  CHECK(file.mistakes(consumed("") + "[template.t]\ncatalog-zone = \"catz\"\n") ==
        "taut.toml:6:16: there is no [[zone]] catz with catalog = \"produce\"\n");
  CHECK(file.mistakes("[[zone]]\nname = \"a\"\ncatalog-group = \"g\"\n") ==
        "taut.toml:3:17: needs catalog-zone, the name of the catalog that the zone is a member of\n");
  CHECK(file.mistakes(produced + "catalog-zone = \"catz\"\n") ==
        "taut.toml:4:16: a catalog is no member of a catalog\n");
  CHECK(file.mistakes("[[zone]]\nfile = \"a.zone\"\ncatalog = \"consume\"\n") ==
        "taut.toml:3:11: needs the zone's name; expected name = \"example.com\", say\n");
}

TEST_CASE("a template makes zones with all that it says, and the defaults do where there is none") {
  const ConfigurationFile file;
  const auto loaded = file.load(
      "[remote.ns1]\naddress = [\"192.0.2.1\"]\n[zone-defaults]\ndirectory = \"zones\"\n"
      "allow-transfer = [\"192.0.2.9\"]\n[template.t]\nprimaries = [\"ns1\"]\n"
      "file = \"in/{name}.db\"\nallow-notify = [\"192.0.2.8\"]\n[[zone]]\nname = \"own\"\n");
  REQUIRE(loaded);
  REQUIRE(loaded->templates.size() == 2);
  const auto plain = zoneOf(*loaded->templates.at(""), Name("A.Example"), nullptr);
  REQUIRE(plain);
  CHECK(plain->name == "a.example.");
  CHECK(plain->path == file.path("zones/a.example.zone"));
  CHECK(plain->allowTransfer->text == "[\"192.0.2.9\"]");
  CHECK(!plain->isSecondary());
  const auto made = zoneOf(*loaded->templates.at("t"), Name("b"), nullptr);
  REQUIRE(made);
  CHECK(made->path == file.path("zones/in/b.db"));
  CHECK(made->isSecondary());
  CHECK(made->allowNotify->text == "[\"192.0.2.8\"]");
  // The primaries of a catalog are those of members that have nothing else.
  CHECK(zoneOf(*loaded->templates.at(""), Name("c"), made->primaries)->isSecondary());
  CHECK(zoneOf(*loaded->templates.at(""), Name("c"), made->primaries)->path.empty());
}

}  // namespace catalogs_test
