#include "taut/zone/zone_set.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "zone/zone_text.hpp"

namespace zone_set_test {

using namespace taut;

namespace {

std::shared_ptr<const Zone> zoneAt(const char* origin) {
  const ZoneLoad loaded = parseZone("@ 1 SOA ns.x. h.x. 1 2 3 4 5\n@ 1 NS ns.x.\nns.x. 1 A 192.0.2.1\n", Name(origin));
  REQUIRE(loaded.ok());
  return loaded.zone;
}

std::string found(const Zone* zone) {
  return zone != nullptr ? zone->origin().toString() : "none";
}

}  // namespace

TEST_CASE("The zone with the longest origin above a name is found") {
  const std::vector zones{zoneAt("example."), zoneAt("deep.down.example."), zoneAt("other.")};
  const ZoneSet set{std::span(zones)};
  CHECK(found(set.find(Name("example."))) == "example.");
  CHECK(found(set.find(Name("a.b.c.EXAMPLE."))) == "example.");
  CHECK(found(set.find(Name("down.example."))) == "example.");
  CHECK(found(set.find(Name("x.deep.Down.example."))) == "deep.down.example.");
  CHECK(found(set.find(Name("notexample."))) == "none");
  CHECK(found(set.find(Name("."))) == "none");
  CHECK(set.size() == 3);
}

TEST_CASE("The parent of a zone is passed on to where the name is an origin itself") {
  const std::vector zones{zoneAt("example."), zoneAt("sub.example."), zoneAt(".")};
  const ZoneSet set{std::span(zones)};
  CHECK(found(set.findParent(Name("sub.example."))) == "example.");
  CHECK(found(set.findParent(Name("x.sub.example."))) == "sub.example.");
  CHECK(found(set.findParent(Name("example."))) == ".");
  CHECK(found(set.findParent(Name("."))) == "none");
  CHECK(found(set.find(Name("anything."))) == ".");
}

TEST_CASE("A class has zones of its own") {
  ZoneBuilder builder(Name("bind."), Class::CH);
  const std::uint8_t soa[] = {0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1};
  const std::uint8_t ns[] = {0};
  builder.add(Name("bind."), Type::SOA, 1, soa);
  builder.add(Name("bind."), Type::NS, 1, ns);
  const std::vector zones{builder.build().zone, zoneAt("bind."), std::shared_ptr<const Zone>()};
  REQUIRE(zones[0]);
  const ZoneSet set{std::span(zones)};
  CHECK(set.size() == 2);
  CHECK(set.find(Name("version.bind."), Class::CH) == zones[0].get());
  CHECK(set.find(Name("version.bind.")) == zones[1].get());
  CHECK(set.find(Name("version.bind."), Class::HS) == nullptr);
  CHECK(set.get(Name("bind."), Class::CH) == zones[0]);
  CHECK(set.get(Name("version.bind."), Class::CH) == nullptr);
}

TEST_CASE("Of two zones with one origin the last one counts, and an empty set finds nothing") {
  const std::vector zones{zoneAt("example."), zoneAt("EXAMPLE.")};
  const ZoneSet set{std::span(zones)};
  CHECK(set.size() == 1);
  CHECK(set.find(Name("example.")) == zones[1].get());
  CHECK(ZoneSet().find(Name("example.")) == nullptr);
  CHECK(ZoneSet().empty());
}

TEST_CASE("Among a thousand zones each one is found") {
  std::vector<std::shared_ptr<const Zone>> zones;
  for (int i = 0; i < 1000; ++i) zones.push_back(zoneAt(fmt::format("z{}.example.", i).c_str()));
  const ZoneSet set{std::span(zones)};
  int right = 0;
  for (int i = 0; i < 1000; ++i) right += set.find(Name(fmt::format("www.Z{}.example.", i))) == zones[i].get();
  CHECK(right == 1000);
  CHECK(set.find(Name("z1000.example.")) == nullptr);
}

TEST_CASE("A zone that is not loaded is found before its parent, and a loaded one of its origin before it") {
  const std::vector zones{zoneAt("example."), Zone::notLoaded(Name("Broken.example.")), zoneAt("whole.example."),
                          Zone::notLoaded(Name("whole.example."))};
  const ZoneSet set{std::span(zones)};
  const Zone* const broken = set.find(Name("www.broken.example."));
  REQUIRE(broken != nullptr);
  CHECK_FALSE(broken->isLoaded());
  CHECK(found(broken) == "Broken.example.");
  CHECK(broken->rrClass() == Class::IN);
  CHECK(set.find(Name("www.whole.example.")) == zones[2].get());
  CHECK(zones[2]->isLoaded());
  CHECK(set.find(Name("www.example.")) == zones[0].get());
}

TEST_CASE(
    "A set beside another finds the zones of both, the longest origin of all, and its own of two with one origin") {
  const std::vector others{zoneAt("example."), zoneAt("deep.down.example."), zoneAt("same.")};
  const auto beside = std::make_shared<const ZoneSet>(others);
  const std::vector zones{zoneAt("down.example."), zoneAt("same."), zoneAt("new.")};
  const ZoneSet set(zones, beside);
  CHECK(set.find(Name("www.example.")) == others[0].get());
  CHECK(set.find(Name("www.down.example.")) == zones[0].get());
  CHECK(set.find(Name("www.deep.down.example.")) == others[1].get());
  CHECK(set.find(Name("www.same.")) == zones[1].get());
  CHECK(set.find(Name("www.new.")) == zones[2].get());
  CHECK(set.find(Name("elsewhere.")) == nullptr);
  CHECK(found(set.findParent(Name("deep.down.example."))) == "down.example.");
}

TEST_CASE("A set beside the zones of a view finds what the view's clients see") {
  const std::vector all{zoneAt("example."), zoneAt("other.")};
  const std::vector<ZonesOfView> views{{"inside", {zoneAt("example.")}}};
  const auto whole = std::make_shared<const ZoneSet>(std::span(all), views);
  const std::vector zones{zoneAt("dyn.example.")};
  const ZoneSet set(zones, std::shared_ptr<const ZoneSet>(whole, whole->view("inside")));
  CHECK(set.find(Name("www.example.")) == views[0].zones[0].get());
  CHECK(set.find(Name("www.other.")) == all[1].get());
  CHECK(set.find(Name("www.dyn.example.")) == zones[0].get());
}

TEST_CASE("Looking ahead takes any name, any zones, and leaves every answer as it was") {
  const std::vector zones{zoneAt("example."), zoneAt("deep.down.example."), Zone::notLoaded(Name("broken.example."))};
  const ZoneSet set{std::span(zones)};
  CHECK_FALSE(set.isLarge());
  const Name name("www.deep.down.example.");
  const std::vector<Name> names{name,
                                Name("."),
                                Name("deep.down.example."),
                                Name("www.broken.example."),
                                Name("elsewhere."),
                                Name("a.b.c.d.e.f.example.")};
  const ZoneSet none;
  const ZoneSet root{std::vector{zoneAt(".")}};
  for (const ZoneSet* const zonesOf : {&set, &none, &root}) {
    for (const Name& asked : names) {
      ZoneSet::LookAhead ahead(*zonesOf, asked, asked.hash());
      ahead.prefetchZone();
      ahead.prefetchIndex();
      ahead.prefetchNode();
    }
  }
  CHECK(set.find(name) == zones[1].get());
  CHECK(zones[1]->node(Name("deep.down.example.")));
}

TEST_CASE("A set of much data is large") {
  std::string text(test::head);
  for (int i = 0; i < 20'000; ++i) text += fmt::format("h{} A 192.0.2.1\n", i);
  CHECK(ZoneSet(std::vector{parseZone(text).zone}).isLarge());
}

TEST_CASE("a view sees its own zones and all others, the longest origin first, and its own where both have one") {
  const std::vector outer{zoneAt("example."), zoneAt("deep.example."), zoneAt("other.")};
  const std::vector views{ZonesOfView{"first", {zoneAt("example."), zoneAt("sub.other.")}},
                          ZonesOfView{"second", {zoneAt("own.")}}};
  const ZoneSet set(outer, views);
  const ZoneSet* const first = set.view("first");
  REQUIRE(first);
  CHECK(first->find(Name("www.example.")) == views[0].zones[0].get());
  CHECK(first->find(Name("www.deep.example.")) == outer[1].get());
  CHECK(first->find(Name("www.other.")) == outer[2].get());
  CHECK(first->find(Name("www.sub.other.")) == views[0].zones[1].get());
  CHECK(first->findParent(Name("deep.example.")) == views[0].zones[0].get());
  CHECK(first->findParent(Name("sub.other.")) == outer[2].get());
  CHECK(first->find(Name("own.")) == nullptr);
  CHECK(set.view("second")->find(Name("own.")) == views[1].zones[0].get());
  CHECK(set.view("second")->find(Name("example.")) == outer[0].get());
  CHECK(set.view("third") == nullptr);
}

TEST_CASE("the zones of views are none of those that all see") {
  const std::vector outer{zoneAt("example.")};
  const std::vector views{ZonesOfView{"first", {zoneAt("example."), zoneAt("own.")}}};
  const ZoneSet set(outer, views);
  CHECK(set.find(Name("www.example.")) == outer[0].get());
  CHECK(set.find(Name("own.")) == nullptr);
  CHECK(set.size() == 1);
  CHECK(set.viewName().empty());
  REQUIRE(set.views().size() == 1);
  const ZoneSet& first = *set.views()[0];
  CHECK(first.viewName() == "first");
  CHECK(first.size() == 2);
  CHECK(first.get(Name("example.")) == views[0].zones[0]);
  CHECK(first.get(Name("other.")) == nullptr);
}

TEST_CASE("a zone of a view that is not loaded hides another one all the same") {
  const std::vector outer{zoneAt("example.")};
  const std::vector views{ZonesOfView{"first", {Zone::notLoaded(Name("example."))}}};
  const ZoneSet set(outer, views);
  CHECK(!set.view("first")->find(Name("www.example."))->isLoaded());
}

TEST_CASE("A version takes the place of that with its origin and class, and no other zone's") {
  const std::vector zones{zoneAt("example."), zoneAt("other.")};
  ZoneSet set{std::span(zones)};
  const auto next = zoneAt("EXAMPLE.");
  CHECK(set.replace(next) == zones[0]);
  CHECK(set.find(Name("www.example.")) == next.get());
  CHECK(set.get(Name("example.")) == next);
  CHECK(set.zones() == std::vector{next, zones[1]});
  CHECK(set.find(Name("www.other.")) == zones[1].get());
  CHECK(set.replacements() == 1);
  CHECK(set.replace(zoneAt("sub.example.")) == nullptr);
  CHECK(set.find(Name("sub.example.")) == next.get());
  CHECK(set.replacements() == 1);
}

TEST_CASE("A version of a view's zone takes its place among the view's own") {
  const std::vector all{zoneAt("example.")};
  const std::vector views{ZonesOfView{"inside", {zoneAt("example.")}}};
  ZoneSet set(all, views);
  const auto next = zoneAt("example.");
  CHECK(set.replace(next, "inside") == views[0].zones[0]);
  CHECK(set.view("inside")->find(Name("example.")) == next.get());
  CHECK(set.find(Name("example.")) == all[0].get());
  CHECK(set.replacements() == 1);
  CHECK(set.replace(next, "elsewhere") == nullptr);
}

TEST_CASE("Zones are found by other threads while their versions are replaced") {
  std::vector<std::shared_ptr<const Zone>> versions;
  for (int i = 0; i < 8; ++i) versions.push_back(zoneAt("example."));
  const std::vector zones{versions[0], zoneAt("other.")};
  ZoneSet set{std::span(zones)};
  std::atomic<bool> ends = false;
  std::size_t wrong = 0;
  std::jthread reader([&] {
    while (!ends) {
      const Zone* const zone = set.find(Name("www.example."));
      const bool isKnown = std::ranges::any_of(versions, [&](const auto& version) { return version.get() == zone; });
      if (!isKnown || zone->serial() != 1 || set.get(Name("example."))->serial() != 1 || set.zones().size() != 2)
        ++wrong;
    }
  });
  for (int i = 0; i < 20000; ++i) set.replace(versions[static_cast<std::size_t>(i) % versions.size()]);
  ends = true;
  reader.join();
  CHECK(wrong == 0);
}

TEST_CASE("A set becomes large with the versions of its zones") {
  std::string text = "@ 1 SOA ns.x. h.x. 1 2 3 4 5\n@ 1 NS ns.x.\n";
  for (int i = 0; i < 10000; ++i) text += "name" + std::to_string(i) + " 1 A 192.0.2.1\n";
  const std::vector zones{zoneAt("example.")};
  ZoneSet set{std::span(zones)};
  CHECK(!set.isLarge());
  set.replace(parseZone(text, Name("example.")).zone);
  CHECK(set.isLarge());
  set.replace(zones[0]);
  CHECK(!set.isLarge());
}

namespace {

constexpr const char* rootText = "@ 1 SOA ns.x. h.x. 1 2 3 4 5\n@ 1 NS ns.x.\nns.x. 1 A 192.0.2.53\n";

}  // namespace

TEST_CASE("A zone that is not served has versions and its place in the list, and is found by no look-up") {
  const std::vector zones{zoneAt("example.")};
  ZoneSet set{std::span(zones)};
  const auto root = parseZone(rootText, Name()).zone;
  set.addUnserved(root);
  CHECK(set.find(Name()) == nullptr);
  CHECK(set.find(Name("www.other.")) == nullptr);
  CHECK(set.findParent(Name("example.")) == nullptr);
  CHECK(set.find(Name("www.example.")) == zones[0].get());
  CHECK(set.getServed(Name()) == nullptr);
  CHECK(set.getServed(Name("example.")) == zones[0]);
  CHECK(set.get(Name()) == root);
  CHECK(set.get(Name("other.")) == nullptr);
  CHECK(set.zones() == std::vector{zones[0], root});
  CHECK(set.size() == 2);

  std::string text = rootText;
  for (int i = 0; i < 10000; ++i) text += "name" + std::to_string(i) + " 1 A 192.0.2.1\n";
  const auto next = parseZone(text, Name()).zone;
  CHECK(set.replace(next) == root);
  CHECK(set.replacements() == 1);
  CHECK(set.get(Name()) == next);
  CHECK(set.find(Name("name1.")) == nullptr);
  CHECK(!set.isLarge());
}

TEST_CASE("A set with nothing but a zone that is not served finds nothing, ahead or at once") {
  ZoneSet set;
  set.addUnserved(parseZone(rootText, Name()).zone);
  CHECK(set.find(Name("example.")) == nullptr);
  CHECK(set.get(Name())->isLoaded());
  const Name asked("www.example.");
  ZoneSet::LookAhead ahead(set, asked, asked.hash());
  ahead.prefetchZone();
  ahead.prefetchIndex();
  ahead.prefetchNode();
}

TEST_CASE("A zone that is not served is none to the clients of a view either") {
  const std::vector<std::shared_ptr<const Zone>> outer;
  const std::vector views{ZonesOfView{"first", {zoneAt("example.")}}};
  ZoneSet set(outer, views);
  set.addUnserved(parseZone(rootText, Name()).zone);
  const ZoneSet* const first = set.view("first");
  CHECK(first->find(Name("other.")) == nullptr);
  CHECK(first->find(Name("www.example.")) != nullptr);
}

}  // namespace zone_set_test
