// Zones that come from other servers, and those of which others are told.
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "config/configuration_file.hpp"

namespace secondaries_test {

using namespace taut;
using namespace taut::config;

namespace {

const std::string key = "[tsig.transfer-key]\nsecret = \"bm90aGluZyB0byBzZWUgaGVyZQ==\"\n";
const std::string ns1 = "[remote.ns1]\naddress = [\"192.0.2.1\", \"[2001:db8::1]:5353\"]\nkey = \"transfer-key\"\n";

std::string zone(const std::string& lines) {
  return "[[zone]]\nname = \"example.com\"\n" + lines;
}

}  // namespace

TEST_CASE("a zone with primaries is a secondary one, of servers by name and by address") {
  const ConfigurationFile file;
  const auto loaded = file.load(key + ns1 + zone("primaries = [\"ns1\", \"192.0.2.7:54\"]\n"));
  REQUIRE(loaded);
  const ZoneSettings& secondary = loaded->zones[0];
  REQUIRE(secondary.isSecondary());
  CHECK(secondary.source().isSecondary);
  CHECK(secondary.path.empty());
  CHECK(secondary.primaries->text == "[\"ns1\", \"192.0.2.7:54\"]");
  const auto& remotes = secondary.primaries->remotes;
  REQUIRE(remotes.size() == 2);
  CHECK(remotes[0]->addresses == std::vector{*Address::parse("192.0.2.1:53"), *Address::parse("[2001:db8::1]:5353")});
  CHECK(remotes[0]->key == Name("transfer-key"));
  CHECK(remotes[1]->addresses == std::vector{*Address::parse("192.0.2.7:54")});
  CHECK(!remotes[1]->key);
}

TEST_CASE("a secondary zone has a file where one is said, and a primary one always") {
  const ConfigurationFile file;
  auto loaded = file.load(zone("primaries = [\"192.0.2.1\"]\nfile = \"x\"\n"));
  REQUIRE(loaded);
  CHECK(loaded->zones[0].path == file.path("x"));
  loaded = file.load("zone-defaults.file = \"{name}.zone\"\n" + zone("primaries = [\"192.0.2.1\"]\n"));
  REQUIRE(loaded);
  CHECK(loaded->zones[0].path == file.path("example.com.zone"));
  loaded = file.load("zone-defaults.primaries = [\"192.0.2.1\"]\n" + zone("primaries = []\n"));
  REQUIRE(loaded);
  CHECK(!loaded->zones[0].isSecondary());
  CHECK(loaded->zones[0].path == file.path("example.com.zone"));
}

TEST_CASE("a zone's serial is made as it says, or its template, or the defaults") {
  const ConfigurationFile file;
  const auto loaded = file.load("zone-defaults.serial = \"date\"\n[template.counted]\nserial = \"increment\"\n" +
                                zone("serial = \"unixtime\"\n") +
                                "[[zone]]\nname = \"counted.example\"\ntemplate = \"counted\"\n"
                                "[[zone]]\nname = \"dated.example\"\n"
                                "[[zone]]\nname = \"kept.example\"\nserial = \"keep\"\n");
  REQUIRE(loaded);
  std::vector<SerialPolicy> policies;
  for (const ZoneSettings& each : loaded->zones) policies.push_back(each.source().serialPolicy);
  CHECK(policies ==
        std::vector{SerialPolicy::unixtime, SerialPolicy::increment, SerialPolicy::date, SerialPolicy::keep});
  const auto absent = file.load(zone(""));
  REQUIRE(absent);
  CHECK(absent->zones[0].serial == SerialPolicy::keep);
}

TEST_CASE("a zone's own value counts before its template's, and that before the defaults") {
  const ConfigurationFile file;
  const auto loaded = file.load(
      "[zone-defaults]\ndirectory = \"/d\"\nprimaries = [\"192.0.2.1\"]\nnotify = [\"192.0.2.2\"]\n"
      "allow-transfer = [\"loopback\"]\nallow-notify = [\"private\"]\n"
      "[template.of-others]\ndirectory = \"/t\"\nfile = \"{name}.db\"\nprimaries = [\"192.0.2.3\"]\n"
      "[[zone]]\nname = \"a\"\n[[zone]]\nname = \"b\"\ntemplate = \"of-others\"\n"
      "[[zone]]\nname = \"c\"\ntemplate = \"of-others\"\nprimaries = [\"192.0.2.4\"]\nnotify = []\nfile = \"own\"\n");
  REQUIRE(loaded);
  const auto& zones = loaded->zones;
  CHECK(zones[0].path.empty());
  CHECK(zones[0].primaries->text == "[\"192.0.2.1\"]");
  CHECK(zones[0].allowTransfer->text == "[\"loopback\"]");
  CHECK(zones[0].allowNotify->text == "[\"private\"]");
  CHECK(zones[1].path == "/t/b.db");
  CHECK(zones[1].primaries->text == "[\"192.0.2.3\"]");
  CHECK(zones[1].notify == zones[0].notify);
  CHECK(zones[2].path == "/t/own");
  CHECK(zones[2].primaries->text == "[\"192.0.2.4\"]");
  CHECK(!zones[2].notify);
}

TEST_CASE("what the defaults say of transfers holds for zones of views, except primaries") {
  const ConfigurationFile file;
  const auto loaded = file.load(
      "[zone-defaults]\nprimaries = [\"192.0.2.1\"]\nallow-transfer = [\"loopback\"]\n"
      "[[view]]\nname = \"inside\"\nmatch = [\"private\"]\n[[view.zone]]\nname = \"example.com\"\n");
  REQUIRE(loaded);
  const ZoneSettings& ofView = loaded->views[0].zones[0];
  CHECK(!ofView.isSecondary());
  CHECK(ofView.path == file.path("example.com.zone"));
  CHECK(ofView.allowTransfer->text == "[\"loopback\"]");
  CHECK(file.mistakes("[[view]]\nname = \"inside\"\nmatch = [\"private\"]\n[[view.zone]]\nname = \"example.com\"\n"
                      "primaries = [\"192.0.2.1\"]\n")
            .starts_with("taut.toml:6:1: 'primaries' is not known in [[view.zone]]; expected one of name, file"));
}

TEST_CASE("a server without an address, or with a name or a key that cannot be, is a mistake with its place") {
  const ConfigurationFile file;
  CHECK(file.mistakes("[remote.ns1]\n" + zone("")) ==
        "taut.toml:1:9: a server without an address; expected address = [\"192.0.2.1\"], say\n");
  CHECK(file.mistakes("[remote.ns1]\naddress = []\n" + zone("")) ==
        "taut.toml:2:11: a server without an address; expected address = [\"192.0.2.1\"], say\n");
  CHECK(file.mistakes("[remote.ns1]\naddress = [\"ns1\"]\n" + zone("")) ==
        "taut.toml:2:12: 'ns1' is not an address; expected one such as 192.0.2.1 or 2001:db8::1\n");
  CHECK(file.mistakes("[remote.\"192.0.2.1\"]\naddress = [\"192.0.2.1\"]\n" + zone("")) ==
        "taut.toml:1:9: '192.0.2.1' is an address; expected a name, such as [remote.ns1]\n");
  CHECK(file.mistakes("[remote.ns1]\naddress = [\"192.0.2.1\"]\nkey = \"other\"\n" + key + zone("")) ==
        "taut.toml:3:7: 'other' is no name of a key; expected that of a [tsig.NAME]\n");
}

TEST_CASE("what is no server in a list of them is a mistake with its place") {
  const ConfigurationFile file;
  CHECK(file.mistakes(key + ns1 + zone("primaries = [\"ns2\"]\n")) ==
        "taut.toml:8:14: 'ns2' is neither an address nor the name of a [remote.NAME]; did you mean ns1?\n");
  CHECK(file.mistakes(zone("notify = [\"elsewhere\"]\n")) ==
        "taut.toml:3:11: 'elsewhere' is neither an address nor the name of a [remote.NAME]\n");
  CHECK(file.mistakes(zone("notify = [\"192.0.2\"]\n")) ==
        "taut.toml:3:11: '192.0.2' is not an address; expected one such as 192.0.2.1 or 2001:db8::1\n");
  CHECK(file.mistakes(zone("notify = [\"fe80::1\"]\n"))
            .starts_with("taut.toml:3:11: 'fe80::1' may be on each interface"));
  std::string many;
  for (int i = 0; i < 33; ++i) many += (many.empty() ? "\"192.0.2." : ", \"192.0.2.") + std::to_string(i) + "\"";
  CHECK(file.mistakes(zone("primaries = [" + many + "]\n")) == "taut.toml:3:14: 33 servers; expected 32 at most\n");
}

TEST_CASE("what a secondary zone needs and does not have is a mistake with its place") {
  const ConfigurationFile file;
  CHECK(file.mistakes(zone("allow-notify = [\"loopback\"]\n")) ==
        "taut.toml:3:16: needs primaries, without which nobody has to tell of a new version\n");
  CHECK(file.mistakes("[[zone]]\nfile = \"a\"\nprimaries = [\"192.0.2.1\"]\n") ==
        "taut.toml:3:13: needs the zone's name; expected name = \"example.com\", say\n");
  CHECK(file.mistakes("[[zone]]\nfile = \"a\"\nnotify = [\"192.0.2.1\"]\n") ==
        "taut.toml:3:10: needs the zone's name; expected name = \"example.com\", say\n");
  CHECK(file.mistakes(zone("file = \"a\"\nprimaries = [\"192.0.2.1\"]\n[[zone]]\nname = \"b\"\nfile = \"a\"\n")) ==
        "taut.toml:6:8: a is the file of another zone (taut.toml:2:8) already; expected one for this secondary zone "
        "alone\n");
}

TEST_CASE("a template that is not there, or whose file is one for all, is a mistake with its place") {
  const ConfigurationFile file;
  CHECK(file.mistakes("[template.others]\nnotify = []\n" + zone("template = \"other\"\n")) ==
        "taut.toml:5:12: there is no [template.other]; did you mean others?\n");
  CHECK(file.mistakes("[template.others]\nfile = \"one\"\n" + zone("template = \"others\"\n")) ==
        "taut.toml:2:8: without {name}, all zones have one file; expected \"{name}.zone\", say\n");
}

}  // namespace secondaries_test
