#include "daemon/member_zones.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "config/load.hpp"
#include "daemon/produced_catalogs.hpp"
#include "support/temporary_folder.hpp"
#include "taut/zone/zone_file.hpp"

namespace member_zones_test {

using namespace taut;

namespace {

using Texts = std::vector<std::string>;

std::shared_ptr<const Zone> zone(const char* name, std::string_view records) {
  const ZoneLoad loaded = parseZone(
      fmt::format("$ORIGIN {}.\n$TTL 0\n@ SOA invalid. invalid. 1 3600 600 86400 0\n@ NS invalid.\n{}", name, records),
      Name(name));
  REQUIRE_MESSAGE(loaded.ok(), loaded.firstError());
  return loaded.zone;
}
std::shared_ptr<const Zone> catalog(std::string_view members, const char* name = "catz") {
  return zone(name, fmt::format("version TXT 2\n{}", members));
}

class Fixture : public TemporaryFolder {
 public:
  config::Configuration configuration(const std::string& text) const {
    std::ofstream(path("taut.toml")) << fmt::format("[server]\nstate-directory = \"{}\"\n", path("state")) << text;
    auto loaded = config::load({path("taut.toml"), config::Environment(config::Environment::Variables()), {}});
    for (const auto& mistake : loaded ? config::Mistakes() : loaded.error()) MESSAGE(mistake.toText());
    REQUIRE(loaded);
    return std::move(loaded).value();
  }
};

ZoneSet setOf(std::vector<std::shared_ptr<const Zone>> zones) {
  return ZoneSet(zones);
}

// Each as "name file", in their order.
Texts textsOf(std::span<const config::ZoneSettings> zones, const std::string& folder) {
  Texts texts;
  for (const config::ZoneSettings& zone : zones) {
    std::string path = zone.path;
    if (path.starts_with(folder)) path.erase(0, folder.size());
    texts.push_back(fmt::format("{}{}{}", zone.name, zone.isSecondary() ? " secondary " : " ", path));
  }
  return texts;
}

const std::string consumer =
    "[remote.ns1]\naddress = [\"192.0.2.1\"]\n[remote.ns2]\naddress = [\"192.0.2.2\"]\n"
    "[template.files]\nfile = \"{name}.zone\"\ndirectory = \"m\"\n"
    "[template.others]\nprimaries = [\"ns2\"]\n"
    "[template.kept]\nprimaries = [\"ns2\"]\nfile = \"kept/{name}\"\n"
    "[[zone]]\nname = \"catz\"\nprimaries = [\"ns1\"]\ncatalog = \"consume\"\n";

}  // namespace

TEST_CASE("a template that has another serial or journal changes its members") {
  const Fixture folder;
  const std::string before = consumer + "members = [\"files\"]\n";
  MemberZones members("");
  const ZoneSet set = setOf({catalog("1.zones PTR one.example.\n")});
  const auto first = folder.configuration(before);
  CHECK(members.look(first, set));
  CHECK(members.update(first, set).hasChanged);
  for (const std::string line : {"serial = \"date\"\n", "journal = \"1M\"\n", "journal = 0\n"}) {
    CAPTURE(line);
    auto text = before;
    text.insert(text.find("[template.others]"), line);
    const auto changed = folder.configuration(text);
    CHECK(members.update(changed, set).hasChanged);
    CHECK_FALSE(members.update(changed, set).hasChanged);
  }
}

TEST_CASE("members have the primaries of the catalog where nothing says where they are from") {
  const Fixture folder;
  const auto configuration = folder.configuration(consumer);
  MemberZones members("");
  const ZoneSet set = setOf({catalog("1.zones PTR One.Example.\n")});
  CHECK(members.look(configuration, set));
  CHECK(members.update(configuration, set).hasChanged);
  REQUIRE(textsOf(members.zones(), folder.path("")) == Texts{"one.example. secondary "});
  CHECK(members.zones()[0].primaries == configuration.zones[0].primaries);
  CHECK(!members.look(configuration, set));
  CHECK(!members.update(configuration, set).hasChanged);
}

TEST_CASE("the first group that names a template of the catalog says what a member has, or else the first template") {
  const Fixture folder;
  const auto configuration = folder.configuration(consumer + "members = [\"others\", \"files\", \"kept\"]\n");
  MemberZones members("");
  const ZoneSet set =
      setOf({catalog("1.zones PTR a.\n2.zones PTR b.\ngroup.2.zones TXT files\n"
                     "3.zones PTR C.\ngroup.3.zones TXT kept\ngroup.3.zones TXT unknown\n"
                     "4.zones PTR d.\ngroup.4.zones TXT customers\n")});
  members.look(configuration, set);
  members.update(configuration, set);
  CHECK(textsOf(members.zones(), folder.path("")) ==
        Texts{"a. secondary ", "b. m/b.zone", "c. secondary kept/c", "d. secondary "});
}

TEST_CASE("a member whose name makes no name of a file is left out, and the others are there") {
  const Fixture folder;
  const auto configuration = folder.configuration(consumer + "members = [\"files\"]\n");
  MemberZones members("");
  const std::string label(60, 'x');
  const ZoneSet set = setOf({catalog(
      fmt::format("1.zones PTR \\.\\./\\.\\./etc.\n2.zones PTR a\\/b.\n3.zones PTR {0}.{0}.{0}.{0}.\n4.zones PTR .\n"
                  "5.zones PTR ok.\n",
                  label))});
  members.look(configuration, set);
  members.update(configuration, set);
  CHECK(textsOf(members.zones(), folder.path("")) == Texts{"ok. m/ok.zone"});
}

TEST_CASE("a version that is broken or has too many members leaves the members as they were, and so does expiry") {
  const Fixture folder;
  const auto configuration = folder.configuration("[limits]\ncatalog-members = 2\n" + consumer);
  MemberZones members("");
  const auto look = [&](std::shared_ptr<const Zone> version) {
    const ZoneSet set = setOf({std::move(version)});
    const bool isNew = members.look(configuration, set);
    if (isNew) members.update(configuration, set);
    return isNew;
  };
  CHECK(look(catalog("1.zones PTR a.\n2.zones PTR b.\n")));
  const auto two = textsOf(members.zones(), "");
  CHECK(two.size() == 2);
  CHECK(!look(zone("catz", "version TXT 3\n1.zones PTR a.\n")));
  CHECK(!look(catalog("1.zones PTR a.\n2.zones PTR b.\n3.zones PTR c.\n")));
  CHECK(!look(Zone::notLoaded(Name("catz"))));
  CHECK(!look(nullptr));
  CHECK(textsOf(members.zones(), "") == two);
  CHECK(look(catalog("")));
  CHECK(members.zones().empty());
}

TEST_CASE("the members of the last good version are there after a restart, until another good version comes") {
  const Fixture folder;
  std::filesystem::create_directory(folder.path("state"));
  const auto configuration = folder.configuration(consumer);
  const auto broken = zone("catz", "version TXT 3\n1.zones PTR x.\n");
  std::unique_ptr<MemberZones> members;
  const auto restart = [&] { members = std::make_unique<MemberZones>(folder.path("state")); };
  const auto namesAfter = [&](std::shared_ptr<const Zone> version) {
    const ZoneSet set = setOf({std::move(version)});
    if (members->look(configuration, set)) members->update(configuration, set);
    return textsOf(members->zones(), "");
  };
  const Texts two{"a. secondary ", "b. secondary "};
  const Texts one{"c. secondary "};
  restart();
  CHECK(namesAfter(broken).empty());
  CHECK(namesAfter(catalog("1.zones PTR a.\n2.zones PTR b.\n")) == two);
  CHECK(namesAfter(broken) == two);
  for (int i = 0; i < 2; ++i) {
    restart();
    CHECK(namesAfter(broken) == two);
  }
  restart();
  CHECK(namesAfter(Zone::notLoaded(Name("catz"))) == two);
  CHECK(namesAfter(catalog("1.zones PTR c.\n")) == one);
  restart();
  CHECK(namesAfter(broken).empty());

  SUBCASE("of one that has expired too") {
    CHECK(namesAfter(catalog("1.zones PTR c.\n")) == one);
    CHECK(namesAfter(Zone::notLoaded(Name("catz"))) == one);
    restart();
    CHECK(namesAfter(Zone::notLoaded(Name("catz"))) == one);
  }
  SUBCASE("a damaged file is left alone, and there are no members") {
    namesAfter(catalog("1.zones PTR c.\n"));
    namesAfter(broken);
    for (const auto& entry : std::filesystem::directory_iterator(folder.path("state")))
      std::filesystem::resize_file(entry.path(), 100);
    restart();
    CHECK(namesAfter(broken).empty());
  }
  SUBCASE("a catalog that is not consumed any more leaves no file") {
    namesAfter(catalog("1.zones PTR c.\n"));
    namesAfter(broken);
    const auto other = folder.configuration("[[zone]]\nname = \"other\"\n");
    members->update(other, setOf({}));
    CHECK(std::filesystem::is_empty(folder.path("state")));
  }
}

TEST_CASE("who asks is told of each catalog, its members and the mistake of a version that was not taken") {
  const Fixture folder;
  const auto configuration = folder.configuration(consumer);
  MemberZones members("");
  const auto look = [&](std::shared_ptr<const Zone> version) {
    const ZoneSet set = setOf({std::move(version)});
    if (members.look(configuration, set)) members.update(configuration, set);
    CatalogStatuses statuses;
    members.describe(statuses);
    return statuses;
  };
  const auto good = look(catalog("1.zones PTR a.\n2.zones PTR b.\n"));
  const CatalogStatus* const status = good.find(Name("catz"));
  REQUIRE(status);
  CHECK(!status->isProduced);
  CHECK(status->version->members().size() == 2);
  CHECK(status->mistake.empty());
  CHECK(!good.find(Name("a")));
  REQUIRE(good.memberships.count(Name("a")) == 1);
  CHECK(good.memberships.find(Name("a"))->second == Name("catz").view());
  CHECK(good.memberships.count(Name("c")) == 0);

  const auto broken = look(zone("catz", "version TXT 3\n1.zones PTR c.\n"));
  CHECK(broken.find(Name("catz"))->version->members().size() == 2);
  CHECK(broken.find(Name("catz"))->mistake.starts_with("version 1: "));
  CHECK(broken.memberships.count(Name("a")) == 1);
}

TEST_CASE("zones of the configuration, of lists and those that were added stay what they are") {
  const Fixture folder;
  std::filesystem::create_directory(folder.path("state"));
  const auto configuration = folder.configuration("[[zone]]\nname = \"own\"\n" + consumer);
  MemberZones members(folder.path("state"));
  const ZoneSet set = setOf({catalog("1.zones PTR own.\n2.zones PTR listed.\n3.zones PTR added.\n4.zones PTR free.\n"),
                             zone("own", ""), zone("listed", "")});
  CHECK(members.add({"added.", "files", ""}, configuration, set) == "");
  members.look(configuration, set);
  members.update(configuration, set);
  CHECK(textsOf(members.zones(), folder.path("")) == Texts{"added. m/added.zone", "free. secondary "});
}

TEST_CASE("a zone that begins anew is left out by one update, and there again by the next") {
  const Fixture folder;
  const auto configuration = folder.configuration(consumer + "members = [\"kept\"]\n");
  MemberZones members("");
  ZoneSet set = setOf({catalog("1.zones PTR a.\n2.zones PTR b.\n")});
  members.look(configuration, set);
  members.update(configuration, set);
  // What is served is not gone before the loader has taken it out.
  const ZoneSet next = setOf({catalog("1.zones PTR a.\nnew.zones PTR b.\n"), zone("a", ""), zone("b", "")});
  members.look(configuration, next);
  const auto update = members.update(configuration, next);
  CHECK(textsOf(update.reset, folder.path("")) == Texts{"b. secondary kept/b"});
  CHECK(update.gone.empty());
  CHECK(textsOf(members.zones(), folder.path("")) == Texts{"a. secondary kept/a"});
  const auto again = members.update(configuration, next);
  CHECK(again.hasChanged);
  CHECK(again.reset.empty());
  CHECK(textsOf(members.zones(), folder.path("")) == Texts{"a. secondary kept/a", "b. secondary kept/b"});
}

TEST_CASE("a zone that the configuration takes over is not gone, and one that it gives up can become a member") {
  const Fixture folder;
  const auto without = folder.configuration(consumer);
  const auto with = folder.configuration("[[zone]]\nname = \"a\"\n" + consumer);
  MemberZones members("");
  const ZoneSet set = setOf({catalog("1.zones PTR a.\n")});
  members.look(without, set);
  members.update(without, set);
  const ZoneSet served = setOf({catalog("1.zones PTR a.\n"), zone("a", "")});
  auto update = members.update(with, served);
  CHECK(update.hasChanged);
  CHECK(update.gone.empty());
  CHECK(members.zones().empty());
  CHECK(members.update(without, served).hasChanged);
  CHECK(members.zones().size() == 1);
  update = members.update(folder.configuration("[[zone]]\nname = \"b\"\n"), served);
  CHECK(textsOf(update.gone, "") == Texts{"a. secondary "});
}

TEST_CASE("zones that were added are there again after a restart, and not those that were removed") {
  const Fixture folder;
  std::filesystem::create_directory(folder.path("state"));
  const auto configuration = folder.configuration(
      "[template.files]\nfile = \"{name}.db\"\n[[zone]]\nname = \"catz\"\ncatalog = \"produce\"\n"
      "[[zone]]\nname = \"own\"\n");
  const ZoneSet set = setOf({});
  {
    MemberZones members(folder.path("state"));
    CHECK(members.add({"one.", "", "catz"}, configuration, set) == "");
    CHECK(members.add({"two.", "files", ""}, configuration, set) == "");
    CHECK(members.add({"three.", "files", ""}, configuration, set) == "");
    CHECK(members.remove(Name("THREE"), configuration) == "");
    CHECK(members.update(configuration, set).hasChanged);
  }
  MemberZones members(folder.path("state"));
  CHECK(members.update(configuration, set).hasChanged);
  CHECK(textsOf(members.zones(), folder.path("")) == Texts{"one. one.zone", "two. two.db"});
  CHECK(members.zones()[0].membership->catalog == Name("catz"));
  CHECK(!members.zones()[1].membership);
}

TEST_CASE("what cannot be added or removed says why, and nothing has changed") {
  const Fixture folder;
  const auto configuration =
      folder.configuration("[[zone]]\nname = \"catz\"\ncatalog = \"produce\"\n[[zone]]\nname = \"own\"\n");
  const ZoneSet set = setOf({zone("listed", "")});
  MemberZones nowhere("");
  CHECK(nowhere.add({"a.", "", ""}, configuration, set) ==
        "server.state-directory is not given: where zones that are added would be kept");
  MemberZones missing(folder.path("state"));
  CHECK(missing.add({"a.", "", ""}, configuration, set) ==
        folder.path("state/zones.added") + " cannot be written: No such file or directory");
  std::filesystem::create_directory(folder.path("state"));
  MemberZones members(folder.path("state"));
  CHECK(members.add({"OWN.", "", ""}, configuration, set).ends_with("taut.toml:7:8"));
  CHECK(members.add({"listed.", "", ""}, configuration, set) == "zone listed. is there already");
  CHECK(members.add({"a.", "none", ""}, configuration, set) == "there is no [template.none]");
  CHECK(members.add({"a.", "", "own"}, configuration, set) == "there is no [[zone]] own with catalog = \"produce\"");
  CHECK(members.add({"a/b.", "", ""}, configuration, set) == "'a/b.' makes no name of a file");
  CHECK(members.add({"a.", "", ""}, configuration, set) == "");
  CHECK(members.add({"A.", "", ""}, configuration, set) == "zone A. is there already");
  CHECK(members.remove(Name("own"), configuration).starts_with("zone own. was not added by tautctl: "));
  CHECK(members.remove(Name("b"), configuration) == "there is no zone b. that was added by tautctl");
  members.update(configuration, set);
  CHECK(members.zones().size() == 1);
}

TEST_CASE("a file of added zones that is not understood ends the start, with its line") {
  const Fixture folder;
  for (const auto& [text, reason] :
       {std::pair("# zones\none.\t\t\ntwo.\n", ":3: expected the name of a zone, a template and a catalog"),
        std::pair("a..b\t\t\n", ":1: expected the name of a zone"),
        std::pair("one.\t\t\nONE.\tt\t\n", ":2: zone ONE. is there already")}) {
    std::ofstream(folder.path("zones.added")) << text;
    std::string error;
    try {
      const MemberZones members(folder.path(""));
    } catch (const std::runtime_error& thrown) {
      error = thrown.what();
    }
    CHECK_MESSAGE(error.find(reason) != error.npos, error);
  }
}

TEST_CASE("a template that is there no more leaves its added zones out, and they are kept") {
  const Fixture folder;
  std::filesystem::create_directory(folder.path("state"));
  const ZoneSet set = setOf({});
  MemberZones members(folder.path("state"));
  const auto with = folder.configuration("[template.t]\n[[zone]]\nname = \"own\"\n");
  const auto without = folder.configuration("[[zone]]\nname = \"own\"\n");
  CHECK(members.add({"a.", "t", ""}, with, set) == "");
  members.update(with, set);
  CHECK(members.zones().size() == 1);
  members.update(without, set);
  CHECK(members.zones().empty());
  members.update(with, set);
  CHECK(members.zones().size() == 1);
}

TEST_CASE("a catalog that is made has the zones that name it, goes on from its last version, and makes differences") {
  const Fixture folder;
  const auto configuration = folder.configuration(
      "[template.t]\ncatalog-zone = \"catz\"\ncatalog-group = \"g\"\n[[zone]]\nname = \"catz\"\ncatalog = \"produce\"\n"
      "[[zone]]\nname = \"a\"\ncatalog-zone = \"CATZ\"\n[[zone]]\nname = \"b\"\ntemplate = \"t\"\n[[zone]]\nname = "
      "\"c\"\n");
  const ZoneSet none = setOf({Zone::notLoaded(Name("catz"))});
  ProducedCatalogs catalogs;
  auto made = catalogs.update(configuration, {}, none, 1000);
  REQUIRE(made.size() == 1);
  CHECK(made[0].zone->serial() == 1000);
  const auto first = made[0].zone;
  auto read = Catalog::read(first);
  REQUIRE(read);
  REQUIRE(read->members().size() == 2);
  CHECK(read->members()[0].groups.empty());
  CHECK(read->members()[1].groups == std::vector<std::string_view>{"g"});
  CHECK(catalogs.update(configuration, {}, none, 2000).empty());

  std::vector<config::ZoneSettings> members{configuration.templates.find("t")->second->zone};
  members[0].name = "d.";
  // After a restart it goes on from what was kept.
  ProducedCatalogs restarted;
  made = restarted.update(configuration, members, setOf({first}), 2000);
  REQUIRE(made.size() == 1);
  CHECK(made[0].zone->serial() == 1001);
  REQUIRE(made[0].differences.size() == 1);
  read = Catalog::read(made[0].zone);
  REQUIRE(read);
  CHECK(read->members().size() == 3);
  REQUIRE(read->find(Name("d")));

  made = restarted.update(configuration, {}, none, 3000);
  REQUIRE(made.size() == 1);
  CHECK(made[0].zone->serial() == 1002);
  CHECK(Catalog::read(made[0].zone)->members().size() == 2);
}

TEST_CASE("a catalog whose kept version is none is made anew with a later serial") {
  const Fixture folder;
  const auto configuration = folder.configuration("[[zone]]\nname = \"catz\"\ncatalog = \"produce\"\n");
  ProducedCatalogs catalogs;
  const auto made = catalogs.update(configuration, {}, setOf({zone("catz", "version TXT 9\n")}), 1000);
  REQUIRE(made.size() == 1);
  CHECK(made[0].zone->serial() == 2);
  CHECK(Catalog::read(made[0].zone).ok());
}

}  // namespace member_zones_test
