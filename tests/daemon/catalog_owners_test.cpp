#include "daemon/catalog_owners.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "taut/zone/zone_file.hpp"

namespace catalog_owners_test {

using namespace taut;

namespace {

using Texts = std::vector<std::string>;

std::shared_ptr<const Catalog> catalog(const char* name, std::string_view records) {
  const std::string text =
      fmt::format("$ORIGIN {}.\n$TTL 0\n@ SOA invalid. invalid. 1 3600 600 86400 0\n@ NS invalid.\nversion TXT 2\n{}",
                  name, records);
  const ZoneLoad loaded = parseZone(text, Name(name));
  REQUIRE_MESSAGE(loaded.ok(), loaded.firstError());
  auto read = Catalog::read(loaded.zone);
  REQUIRE_MESSAGE(read.ok(), read.error());
  return std::make_shared<const Catalog>(std::move(read).value());
}

Texts textsOf(const std::vector<Name>& names) {
  Texts texts;
  for (const Name& name : names) texts.push_back(name.toString());
  std::ranges::sort(texts);
  return texts;
}

bool isNowhere(NameView) {
  return false;
}

class Owners {
 public:
  CatalogOwners::Changes replace(std::vector<std::shared_ptr<const Catalog>> catalogs) {
    return owners.replace(std::move(catalogs), isNowhere);
  }
  // The catalog and the label of a member; empty where no catalog has it.
  std::string of(const char* name) const {
    const auto found = owners.zones().find(Name(name));
    if (found == owners.zones().end()) return {};
    return fmt::format("{} {}", found->second.catalog->name(), found->second.member->unique());
  }

  CatalogOwners owners;
};

}  // namespace

TEST_CASE("members come and go with the versions of their catalog, and nothing is told of those that stay") {
  Owners owners;
  auto changes = owners.replace({catalog("a", "1.zones PTR one.\n2.zones PTR two.\n")});
  CHECK(changes.added == 2);
  CHECK(changes.removed.empty());
  changes = owners.replace({catalog("a", "2.zones PTR two.\n3.zones PTR three.\n")});
  CHECK(changes.added == 1);
  CHECK(textsOf(changes.removed) == Texts{"one."});
  CHECK(changes.reset.empty());
  CHECK(changes.conflictCount == 0);
  CHECK(owners.of("two") == "a. 2");
  changes = owners.replace({});
  CHECK(textsOf(changes.removed) == Texts{"three.", "two."});
}

TEST_CASE("a member under another label begins anew, and not under the same one in another case") {
  Owners owners;
  owners.replace({catalog("a", "x.zones PTR one.\ny.zones PTR two.\n")});
  const auto changes = owners.replace({catalog("a", "X.zones PTR one.\nz.zones PTR two.\n")});
  CHECK(textsOf(changes.reset) == Texts{"two."});
  CHECK(changes.added == 0);
  CHECK(changes.removed.empty());
}

TEST_CASE("a zone stays with the catalog that has it, whichever catalog names it too and in whatever order") {
  const auto a = catalog("a", "1.zones PTR one.\n");
  const auto b = catalog("b", "2.zones PTR one.\n");
  for (const bool first : {true, false}) {
    CAPTURE(first);
    Owners owners;
    owners.replace({a});
    const auto changes = first ? owners.replace({a, b}) : owners.replace({b, a});
    CHECK(owners.of("one") == "a. 1");
    CHECK(changes.conflictCount == 1);
    CHECK(changes.conflicts ==
          Texts{"catalog b.: member one. is left out: it is a member of catalog a., which does not hand it over"});
    CHECK(changes.reset.empty());
  }
}

TEST_CASE("of two catalogs that name a zone from the start the first one has it") {
  Owners owners;
  const auto changes = owners.replace({catalog("a", "1.zones PTR one.\n"), catalog("b", "2.zones PTR one.\n")});
  CHECK(owners.of("one") == "a. 1");
  CHECK(changes.added == 1);
  CHECK(changes.conflicts == Texts{"catalog b.: member one. is left out: it is a member of catalog a."});
}

TEST_CASE("a zone that its catalog gives up becomes a member of the other that names it, and begins anew there") {
  Owners owners;
  const auto b = catalog("b", "1.zones PTR one.\n");
  owners.replace({catalog("a", "1.zones PTR one.\n"), b});
  const auto changes = owners.replace({catalog("a", ""), b});
  CHECK(owners.of("one") == "b. 1");
  CHECK(changes.moved == 1);
  CHECK(changes.removed.empty());
  CHECK(textsOf(changes.reset) == Texts{"one."});
}

TEST_CASE(
    "a zone is handed over with all that is known of it where its label stays, and without it where it does not") {
  for (const char* const label : {"1", "other"}) {
    CAPTURE(label);
    const auto b = catalog("b", fmt::format("{}.zones PTR one.\n", label));
    const auto handed = catalog("a", "1.zones PTR one.\ncoo.1.zones PTR b.\n");
    // It is handed over before the other one names it, and after that; and the first catalog may give it up then.
    for (const auto& from : {handed, catalog("a", "")}) {
      Owners owners;
      owners.replace({handed, catalog("b", "")});
      CHECK(owners.of("one") == "a. 1");
      const auto changes = owners.replace({from, b});
      CHECK(owners.of("one") == fmt::format("b. {}", label));
      CHECK(changes.moved == 1);
      CHECK(changes.conflictCount == 0);
      CHECK(textsOf(changes.reset) == (label == std::string("1") ? Texts{} : Texts{"one."}));
    }
    Owners owners;
    owners.replace({catalog("a", "1.zones PTR one.\n"), b});
    const auto changes = owners.replace({handed, b});
    CHECK(owners.of("one") == fmt::format("b. {}", label));
    CHECK(changes.moved == 1);
  }
}

TEST_CASE("a zone that catalogs hand over to each other in a circle is not lost") {
  Owners owners;
  owners.replace({catalog("a", "1.zones PTR one.\n"), catalog("b", ""), catalog("c", "")});
  const auto a = catalog("a", "1.zones PTR one.\ncoo.1.zones PTR b.\n");
  const auto c = catalog("c", "1.zones PTR one.\ncoo.1.zones PTR a.\n");
  auto changes = owners.replace({a, catalog("b", "1.zones PTR one.\ncoo.1.zones PTR c.\n"), c});
  CHECK(changes.removed.empty());
  CHECK(owners.of("one") == "a. 1");
  changes = owners.replace({a, catalog("b", "1.zones PTR one.\ncoo.1.zones PTR a.\n"), catalog("c", "")});
  CHECK(changes.removed.empty());
  CHECK(owners.of("one") != "");
}

TEST_CASE("a zone that is there otherwise is of no catalog, and becomes a member when it is there no more") {
  CatalogOwners owners;
  const auto a = catalog("a", "1.zones PTR one.\n2.zones PTR two.\n");
  auto changes = owners.replace({a}, [](NameView name) { return name == Name("ONE"); });
  CHECK(changes.added == 1);
  CHECK(changes.conflicts ==
        Texts{"catalog a.: member one. is left out: there is a zone of this name, which stays as it is"});
  changes = owners.replace({a}, isNowhere);
  CHECK(changes.added == 1);
  CHECK(changes.reset.empty());
  changes = owners.replace({a}, [](NameView name) { return name == Name("two"); });
  CHECK(textsOf(changes.removed) == Texts{"two."});
}

TEST_CASE("of many members that are left out the first ones are told") {
  Owners owners;
  std::string members;
  for (int i = 0; i < 100; ++i) members += fmt::format("l{0}.zones PTR z{0}.\n", i);
  const auto changes = owners.replace({catalog("a", members), catalog("b", members)});
  CHECK(changes.conflictCount == 100);
  CHECK(changes.conflicts.size() == CatalogOwners::maxConflicts);
}

}  // namespace catalog_owners_test
