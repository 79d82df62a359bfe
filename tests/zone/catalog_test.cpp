#include "taut/zone/catalog.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "taut/dns/rdata.hpp"
#include "taut/zone/zone_builder.hpp"
#include "taut/zone/zone_file.hpp"

namespace catalog_test {

using namespace taut;
using namespace std::chrono_literals;

namespace {

using Texts = std::vector<std::string>;

constexpr std::string_view isCatalog = "version TXT 2\n";

std::shared_ptr<const Zone> zoneOf(std::string_view body, std::string_view name = "catz.") {
  const std::string text =
      fmt::format("$ORIGIN {}\n$TTL 0\n@ SOA invalid. invalid. 7 3600 600 86400 0\n@ NS invalid.\n{}", name, body);
  const ZoneLoad loaded = parseZone(text, Name(name));
  REQUIRE_MESSAGE(loaded.ok(), loaded.firstError());
  return loaded.zone;
}

Catalog catalogOf(std::string_view body, std::string_view name = "catz.") {
  auto catalog = Catalog::read(zoneOf(std::string(isCatalog) + std::string(body), name));
  REQUIRE_MESSAGE(catalog.ok(), catalog.error());
  return std::move(*catalog);
}

std::string reasonOf(std::string_view body) {
  const auto catalog = Catalog::read(zoneOf(body));
  REQUIRE(!catalog.ok());
  return catalog.error();
}
std::string reasonOfCatalog(std::string_view body) {
  return reasonOf(std::string(isCatalog) + std::string(body));
}

// Each member as "name unique".
Texts membersOf(const Catalog& catalog) {
  Texts texts;
  for (const CatalogMember& member : catalog.members())
    texts.push_back(fmt::format("{} {}", member.name, member.unique()));
  return texts;
}

Texts changesBetween(const Catalog& before, const Catalog& after) {
  Texts texts;
  for (const CatalogChange& change : taut::changesBetween(before.members(), after.members())) {
    constexpr std::string_view kinds[] = {"added", "removed", "reset", "changed"};
    REQUIRE((change.before != nullptr || change.after != nullptr));
    CHECK((change.before == nullptr) == (change.kind == CatalogChange::Kind::added));
    CHECK((change.after == nullptr) == (change.kind == CatalogChange::Kind::removed));
    const NameView name = change.before != nullptr ? change.before->name : change.after->name;
    texts.push_back(fmt::format("{} {}", kinds[static_cast<std::size_t>(change.kind)], name));
  }
  return texts;
}

}  // namespace

TEST_CASE("the members of a catalog are what its PTRs below zones name, in canonical order") {
  const Catalog catalog = catalogOf("b.zones PTR example.com.\na.zones PTR example.net.\nc.zones PTR a.example.com.\n");
  CHECK(membersOf(catalog) == Texts{"example.com. b", "a.example.com. c", "example.net. a"});
  CHECK(catalog.name() == Name("catz."));
  REQUIRE(catalog.find(Name("Example.NET.")) != nullptr);
  CHECK(catalog.find(Name("example.net."))->unique() == "a");
  CHECK(catalog.find(Name("example.org.")) == nullptr);
}

TEST_CASE("a catalog may be without a member, and the root may be one") {
  CHECK(catalogOf("").members().empty());
  CHECK(membersOf(catalogOf("a.zones PTR .\n")) == Texts{". a"});
}

TEST_CASE("the case of a catalog's names does not matter") {
  const auto catalog =
      Catalog::read(zoneOf("VERSION TXT 2\na.Zones PTR example.\nGROUP.a.ZONES TXT g\nCOO.A.zones PTR x.\n"));
  REQUIRE(catalog.ok());
  REQUIRE(catalog->members().size() == 1);
  CHECK(catalog->members().front().groups == std::vector<std::string_view>{"g"});
  CHECK(catalog->members().front().newCatalog == Name("x."));
}

TEST_CASE("a catalog lives without who has read its zone") {
  const Catalog catalog = [] { return catalogOf("a.zones PTR example.com.\ngroup.a.zones TXT g\n"); }();
  CHECK(membersOf(catalog) == Texts{"example.com. a"});
  CHECK(catalog.members().front().groups.front() == "g");
}

TEST_CASE("each TXT record of a member is a group, and one of several strings is none") {
  const Catalog catalog = catalogOf(
      "a.zones PTR example.com.\ngroup.a.zones TXT two\ngroup.a.zones TXT one\ngroup.a.zones TXT x y\n"
      "b.zones PTR example.net.\ngroup.b.zones A 192.0.2.1\n");
  CHECK(catalog.find(Name("example.com."))->groups == std::vector<std::string_view>{"one", "two"});
  CHECK(catalog.find(Name("example.net."))->groups.empty());
}

TEST_CASE("properties that are not understood are kept apart, with their member") {
  const Catalog catalog = catalogOf(
      "a.zones PTR example.com.\na.zones TXT note\ngroup.a.zones TXT g\ngroup.a.zones A 192.0.2.1\n"
      "x.ext.a.zones A 192.0.2.2\ngroup.ext.a.zones TXT no-group\nb.zones PTR example.net.\n");
  Texts others;
  for (const RRset& set : catalog.find(Name("example.com."))->others)
    others.push_back(fmt::format("{} {}", set.owner, set.type));
  CHECK(others ==
        Texts{"a.zones.catz. TXT", "group.ext.a.zones.catz. TXT", "x.ext.a.zones.catz. A", "group.a.zones.catz. A"});
  CHECK(catalog.find(Name("example.com."))->groups == std::vector<std::string_view>{"g"});
  CHECK(catalog.find(Name("example.net."))->others.empty());
}

TEST_CASE("what is no member node is left alone") {
  const Catalog catalog = catalogOf(
      "a.zones TXT x\ngroup.a.zones TXT g\ncoo.a.zones PTR x.\ncoo.a.zones PTR y.\ngroup.b.zones TXT g\n"
      "zones PTR apex.\nx.other PTR y.\nc.zones PTR example.com.\nd.e.zones PTR deeper.\n");
  CHECK(membersOf(catalog) == Texts{"example.com. c"});
  CHECK(catalog.members().front().groups.empty());
  CHECK(!catalog.members().front().newCatalog);
}

TEST_CASE("a zone without the version 2 is no catalog") {
  const std::string expected = "version.catz. TXT: expected one record with the text \"2\"; found ";
  CHECK(reasonOf("a.zones PTR example.com.\n") == expected + "0 records");
  CHECK(reasonOf("version A 192.0.2.1\n") == expected + "0 records");
  CHECK(reasonOf("version TXT 1\n") == expected + "another one");
  CHECK(reasonOf("version TXT 22\n") == expected + "another one");
  CHECK(reasonOf("version TXT 2 2\n") == expected + "another one");
  CHECK(reasonOf("version TXT 2\nversion TXT 1\n") == expected + "2 records");
}

TEST_CASE("a member node with several PTRs breaks the whole catalog") {
  CHECK(reasonOfCatalog("a.zones PTR x.\na.zones PTR y.\nb.zones PTR z.\n") ==
        "a.zones.catz. PTR: 2 records; expected one (RFC 9432 section 4)");
}

TEST_CASE("a change of ownership to several catalogs breaks the whole catalog") {
  CHECK(reasonOfCatalog("a.zones PTR x.\ncoo.a.zones PTR c1.\ncoo.a.zones PTR c2.\n") ==
        "coo.a.zones.catz. PTR: 2 records; expected one (RFC 9432 section 4)");
}

TEST_CASE("a zone that is a member twice breaks the whole catalog, whatever its case") {
  CHECK(reasonOfCatalog("a.zones PTR x.\nb.zones PTR X.\nc.zones PTR y.\n") ==
        "x. is a member twice, by a.zones.catz. and b.zones.catz. (RFC 9432 section 4.1)");
}

TEST_CASE("a zone of another class is no catalog") {
  ZoneBuilder builder(Name("catz."), Class::CH);
  builder.add(Name("catz."), 0s, rdata::SOA(Name("invalid."), Name("invalid."), 1, 1, 1, 1, 0));
  builder.add(Name("catz."), 0s, rdata::NS(Name("invalid.")));
  builder.add(Name("version.catz."), 0s, rdata::TXT("2"));
  const auto catalog = Catalog::read(builder.build().zone);
  REQUIRE(!catalog.ok());
  CHECK(catalog.error() == "catz.: a catalog is of class IN; found CH");
}

TEST_CASE("the signatures and proofs of a signed catalog are no properties of its members") {
  const Catalog catalog = catalogOf(
      "a.zones PTR x.\na.zones RRSIG PTR 13 3 0 20300101000000 20200101000000 1 catz. AAAA\n"
      "a.zones NSEC catz. PTR RRSIG NSEC\n");
  CHECK(catalog.members().front().others.empty());
}

TEST_CASE("changes between two versions are what was added, removed, reset and changed") {
  const Catalog before = catalogOf(
      "a.zones PTR gone.\nb.zones PTR stays.\nc.zones PTR reset.\nd.zones PTR grouped.\ngroup.d.zones TXT g\n"
      "e.zones PTR owned.\nf.zones PTR other.\nx.ext.f.zones TXT 1\n");
  const Catalog after = catalogOf(
      "n.zones PTR new.\nB.zones PTR Stays.\nc2.zones PTR reset.\nd.zones PTR grouped.\ngroup.d.zones TXT h\n"
      "e.zones PTR owned.\ncoo.e.zones PTR catz2.\nf.zones PTR other.\nx.ext.f.zones TXT 2\n");
  CHECK(changesBetween(before, after) ==
        Texts{"removed gone.", "changed grouped.", "added new.", "changed other.", "changed owned.", "reset reset."});
  CHECK(changesBetween(after, after).empty());
  CHECK(taut::changesBetween({}, after.members()).size() == after.members().size());
  CHECK(taut::changesBetween(after.members(), {}).size() == after.members().size());
}

TEST_CASE("a member that passes its label to another one is removed, and the other one added") {
  CHECK(changesBetween(catalogOf("a.zones PTR x.\n"), catalogOf("a.zones PTR y.\n")) ==
        Texts{"removed x.", "added y."});
}

TEST_CASE("TTLs and the order of groups make no change") {
  CHECK(changesBetween(catalogOf("a.zones 5 PTR x.\ngroup.a.zones 5 TXT g\ngroup.a.zones 5 TXT h\nt.a.zones 5 TXT x\n"),
                       catalogOf("a.zones PTR x.\ngroup.a.zones TXT h\ngroup.a.zones TXT g\nt.a.zones TXT x\n"))
            .empty());
}

TEST_CASE("another catalog takes a member over only where the one that has it says so") {
  const Catalog held = catalogOf(
      "a.zones PTR given.\ncoo.a.zones PTR catz2.\nb.zones PTR reset.\ncoo.b.zones PTR Catz2.\n"
      "c.zones PTR kept.\nd.zones PTR elsewhere.\ncoo.d.zones PTR catz3.\n");
  const Catalog claimant =
      catalogOf("A.zones PTR given.\nz.zones PTR reset.\nc.zones PTR kept.\nd.zones PTR elsewhere.\n", "catz2.");
  const auto claim = [&](std::string_view name) {
    return claimOf(*held.find(Name(name)), *claimant.find(Name(name)), claimant.name());
  };
  CHECK(claim("given.") == CatalogClaim::moves);
  CHECK(claim("reset.") == CatalogClaim::reset);
  CHECK(claim("kept.") == CatalogClaim::clash);
  CHECK(claim("elsewhere.") == CatalogClaim::clash);
}

}  // namespace catalog_test
