// Who may update which zones.
#include <string>

#include <doctest/doctest.h>

#include "config/configuration_file.hpp"

namespace updates_test {

using namespace taut;
using namespace taut::config;

namespace {

const std::string start =
    "server.state-directory = \"state\"\n[tsig.admin]\nsecret = \"AQID\"\n[tsig.dhcp]\nsecret = \"AQID\"\n";
const std::string zone = "[[zone]]\nname = \"example.com\"\n";

}  // namespace

TEST_CASE("updates are allowed by networks and keys, and by names of [acl] for some names and types alone") {
  const ConfigurationFile file;
  const auto loaded = file.load(start +
                                "[acl]\nadmins = { tsig = [\"admin\"] }\n"
                                "leases = { tsig = [\"dhcp\"], networks = [\"192.0.2.0/24\"], update-names = "
                                "[\"*.dyn.example.com\", \"self\"], update-types = [\"a\", \"AAAA\"] }\n" +
                                zone + "allow-update = [\"leases\", \"admins\", \"2001:db8::1\"]\n");
  REQUIRE(loaded);
  const ZoneSettings& settings = loaded->zones[0];
  REQUIRE(settings.isUpdated());
  CHECK(settings.source().takesUpdates);
  CHECK(settings.allowUpdate->text == "[\"leases\", \"admins\", \"2001:db8::1\"]");
  const auto& rules = settings.allowUpdate->policy.rules();
  REQUIRE(rules.size() == 2);
  CHECK(rules[0].names ==
        std::vector{*UpdateNames::parse("*.dyn.example.com"), UpdateNames{UpdateNames::Kind::key, Name()}});
  CHECK(rules[0].types == std::vector{Type::A, Type::AAAA});
  CHECK(rules[1].names.empty());
  CHECK(rules[1].types.empty());
}

TEST_CASE("allow-update of a template goes before that of zone-defaults, and an empty list allows nobody") {
  const ConfigurationFile file;
  const auto loaded = file.load(start +
                                "[zone-defaults]\nallow-update = [\"192.0.2.1\"]\n"
                                "[template.quiet]\nallow-update = []\n" +
                                zone + "[[zone]]\nname = \"example.org\"\ntemplate = \"quiet\"\n");
  REQUIRE(loaded);
  CHECK(loaded->zones[0].isUpdated());
  CHECK(!loaded->zones[1].isUpdated());
}

TEST_CASE("a zone that is updated needs a folder for what is kept, and a secondary zone none") {
  const ConfigurationFile file;
  CHECK(file.mistakes(zone + "allow-update = [\"192.0.2.1\"]\n") ==
        "taut.toml:3:16: needs server.state-directory, where updates are kept\n");
  const auto loaded = file.load(zone + "primaries = [\"192.0.2.2\"]\nallow-update = [\"192.0.2.1\"]\n");
  REQUIRE(loaded);
  CHECK(!loaded->zones[0].isUpdated());
  CHECK(loaded->zones[0].allowUpdate);
}

TEST_CASE("names and types that do not exist are mistakes, and so are limits where nothing is updated") {
  const ConfigurationFile file;
  CHECK(
      file.mistakes(start + "[acl.x]\nnetworks = [\"192.0.2.1\"]\nupdate-names = [\"a..b\"]\n" + zone) ==
      "taut.toml:8:17: 'a..b' is no name; expected one such as \"host.example.com\", \"*.example.com\" for those below "
      "it, or \"self\" for that of the key\n");
  CHECK(file.mistakes(start + "[acl.x]\nnetworks = [\"192.0.2.1\"]\nupdate-types = [\"ANY\"]\n" + zone) ==
        "taut.toml:8:17: 'ANY' is no type of records; expected one such as \"AAAA\"\n");
  CHECK(file.mistakes(start + "[acl.x]\nupdate-types = [\"A\"]\n" + zone) ==
        "taut.toml:6:6: an access list without anyone; expected networks, tsig or both\n");
  CHECK(file.mistakes(start + "[acl.x]\nnetworks = [\"192.0.2.1\"]\nupdate-types = []\n" + zone) ==
        "taut.toml:8:16: an empty list; expected at least one, or none of it for no limit\n");
  CHECK(file.mistakes(start + "[acl.x]\nnetworks = [\"192.0.2.1\"]\nupdate-types = [\"A\"]\n" + zone +
                      "allow-transfer = [\"x\"]\n") ==
        "taut.toml:11:19: 'x' says what may be updated; expected a name without update-names and update-types here\n");
}

}  // namespace updates_test
