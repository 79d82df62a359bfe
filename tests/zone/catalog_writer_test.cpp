#include "taut/zone/catalog_writer.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "taut/zone/zone_file.hpp"
#include "taut/zone/zone_update.hpp"
#include "taut/zone/zone_writer.hpp"

namespace catalog_writer_test {

using namespace taut;

namespace {

using Texts = std::vector<std::string>;
using Entries = std::vector<CatalogEntry>;

const Name catz("catz.");
const Name one("one.example.");
const Name two("two.example.");
const Name three("three.example.");
const Name newOwner("catz2.");

Catalog made(const Entries& entries) {
  auto catalog = makeCatalog(catz, entries, Serial(1));
  REQUIRE_MESSAGE(catalog.ok(), catalog.error());
  return std::move(*catalog);
}

std::string reasonOf(const Entries& entries) {
  const auto catalog = makeCatalog(catz, entries, Serial(1));
  REQUIRE(!catalog.ok());
  const Catalog present = made({});
  const auto change = changeOfCatalog(present, entries);
  REQUIRE(!change.ok());
  CHECK(change.error() == catalog.error());
  return catalog.error();
}

ZoneChange changeTo(const Catalog& catalog, const Entries& entries) {
  auto change = changeOfCatalog(catalog, entries);
  REQUIRE_MESSAGE(change.ok(), change.error());
  CHECK(change->error().empty());
  return std::move(*change);
}

// The catalog after the change to these members.
Catalog changed(const Catalog& catalog, const Entries& entries) {
  const auto update = updateZone(catalog.zone(), changeTo(catalog, entries), Serial(catalog.zone()->serial()));
  REQUIRE_MESSAGE(update.ok(), update.error());
  auto next = Catalog::read(update->zone);
  REQUIRE_MESSAGE(next.ok(), next.error());
  return std::move(*next);
}

// Each member as "name unique group,group > new catalog".
Texts textOf(const Catalog& catalog) {
  Texts texts;
  for (const CatalogMember& member : catalog.members())
    texts.push_back(fmt::format("{} {} {}{}", member.name, member.unique(), fmt::join(member.groups, ","),
                                member.newCatalog ? fmt::format(" > {}", *member.newCatalog) : ""));
  return texts;
}

std::size_t nodesOf(const Catalog& catalog) {
  std::size_t nodes = 0;
  for (const ZoneNode node : catalog.zone()->nodes()) nodes += node ? 1 : 0;
  return nodes;
}

}  // namespace

TEST_CASE("a unique label is the same in each run and in any case, and another one for another name") {
  CHECK(uniqueLabelOf(one) == "c046afa3a888670fa34fc32a404ec919");
  CHECK(uniqueLabelOf(Name("ONE.Example.")) == uniqueLabelOf(one));
  CHECK(uniqueLabelOf(two) != uniqueLabelOf(one));
  CHECK(uniqueLabelOf(Name()).size() == 32);
}

TEST_CASE("a catalog that is made says what its entries say") {
  const Catalog catalog = made({{two, {"h", "g", "h"}, newOwner, "U"}, {one}});
  CHECK(textOf(catalog) == Texts{fmt::format("one.example. {} ", uniqueLabelOf(one)), "two.example. u g,h > catz2."});
  CHECK(catalog.zone()->serial() == 1);
}

TEST_CASE("a catalog that is made is a zone that names no server") {
  const Catalog catalog = made({});
  CHECK(catalog.members().empty());
  const ZoneNode apex = catalog.zone()->apex();
  REQUIRE(apex.has(Type::NS));
  CHECK(NameView::fromWire(apex.rrset(Type::NS).data.front()) == Name("invalid."));
  CHECK(NameView::fromWire(catalog.zone()->soa().data.front()) == Name("invalid."));
}

TEST_CASE("what no catalog can say is refused, by a change too") {
  CHECK(reasonOf({{one}, {Name("ONE.example.")}}) == "one.example.: a member twice");
  CHECK(reasonOf({{one, {}, {}, "a"}, {two, {}, {}, "A"}}) ==
        "one.example. and two.example.: both have the label \"a\"");
  CHECK(reasonOf({{one, {std::string(256, 'g')}}}) == "one.example.: a group of 256 octets; at most 255 are possible");
  CHECK(reasonOf({{one, {}, {}, std::string(64, 'u')}}) ==
        fmt::format("one.example.: no name has the label \"{}\" below zones.catz.", std::string(64, 'u')));
  const std::string label(63, 'a');
  const Name longest(fmt::format("{}.{}.{}.{}.", label, label, label, std::string(54, 'b')));
  const auto catalog = makeCatalog(longest, {}, Serial(1));
  REQUIRE(!catalog.ok());
  CHECK(catalog.error() == fmt::format("{}: too long a name for a catalog", longest));
}

TEST_CASE("properties whose names would be too long are refused") {
  const std::string label(63, 'a');
  const Name name(fmt::format("{}.{}.{}.{}.", label, label, label, std::string(21, 'b')));
  const auto reasonOfEntry = [&](const CatalogEntry& entry) {
    const auto catalog = makeCatalog(name, std::vector{entry}, Serial(1));
    return catalog.ok() ? "" : catalog.error();
  };
  CHECK(reasonOfEntry({one}).empty());
  CHECK(reasonOfEntry({one, {"g"}}).ends_with("is too long"));
  CHECK(reasonOfEntry({one, {}, newOwner}).ends_with("is too long"));
}

TEST_CASE("a change leads from one catalog to another, and leaves nothing behind") {
  const Entries before = {{one, {"g"}, newOwner}, {two, {"g"}}};
  const Entries after = {{two, {"g", "h"}}, {three, {"i"}, newOwner}};
  const Catalog catalog = changed(made(before), after);
  CHECK(textOf(catalog) == textOf(made(after)));
  CHECK(nodesOf(catalog) == nodesOf(made(after)));
  CHECK(catalog.zone()->serial() == 2);
  CHECK(textOf(changed(catalog, {})).empty());
  CHECK(nodesOf(changed(catalog, {})) == nodesOf(made({})));
}

TEST_CASE("a change is empty where the catalog says all of it already") {
  const Entries entries = {{one, {"g", "h"}, newOwner}, {two}};
  CHECK(changeTo(made(entries), entries).size() == 0);
  CHECK(changeTo(made(entries), {{two}, {one, {"h", "g"}, newOwner}}).size() == 0);
}

TEST_CASE("a change resets a member that gets another label, and one label may pass to another member") {
  const Catalog catalog =
      changed(made({{one, {"g"}, {}, "a"}, {two, {}, {}, "b"}}), {{one, {}, {}, "b"}, {two, {}, {}, "a"}});
  CHECK(textOf(catalog) == Texts{"one.example. b ", "two.example. a "});
}

TEST_CASE("a change takes properties away that a member has no longer") {
  CHECK(textOf(changed(made({{one, {"g"}, newOwner, "a"}}), {{one, {}, {}, "a"}})) == Texts{"one.example. a "});
}

TEST_CASE("properties that are not understood stay with a member and go with it") {
  const ZoneLoad loaded = parseZone(
      "$ORIGIN catz.\n$TTL 0\n@ SOA invalid. invalid. 7 3600 600 86400 0\n@ NS invalid.\nversion TXT 2\n"
      "a.zones PTR one.example.\nx.ext.a.zones TXT x\nb.zones PTR two.example.\nx.ext.b.zones TXT x\n",
      Name("catz."));
  REQUIRE(loaded.ok());
  auto catalog = Catalog::read(loaded.zone);
  REQUIRE(catalog.ok());
  const Catalog next = changed(*catalog, {{one, {"g"}, {}, "a"}});
  CHECK(next.find(one)->others.size() == 1);
  CHECK(next.zone()->node(Name("x.ext.a.zones.catz.")));
  CHECK(!next.zone()->node(Name("x.ext.b.zones.catz.")));
}

}  // namespace catalog_writer_test
