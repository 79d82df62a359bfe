#include "taut/zones/zone_store.hpp"

#include <memory>
#include <new>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "taut/base/log.hpp"
#include "taut/dns/serial.hpp"
#include "taut/zone/difference_between.hpp"
#include "zones/zone_files.hpp"

namespace zone_store_test {

using namespace taut;
using test::listLine;
using test::sourceOf;
using test::zoneText;

namespace {

using Set = std::shared_ptr<const ZoneSet>;

Set reload(ZoneStore& store) {
  Set last;
  store.reload([&](const ZonePublication& publication) { last = publication.zones; }, {});
  REQUIRE(last);
  return last;
}

// What the log says while this object lives.
class LogLines {
 public:
  LogLines() {
    log::setSink([this](log::Level, std::string_view line) { lines_.emplace_back(line); });
  }
  LogLines(const LogLines&) = delete;
  LogLines& operator=(const LogLines&) = delete;
  ~LogLines() { log::setSink({}); }

  std::vector<std::string> take() { return std::exchange(lines_, {}); }

 private:
  std::vector<std::string> lines_;
};

using Lines = std::vector<std::string>;

std::uint32_t serial(const Set& zones, const char* origin) {
  return zones->get(Name(origin))->serial();
}

}  // namespace

TEST_CASE("A reload serves what changed on disk and keeps the very zones that did not") {
  TemporaryFile changing(zoneText(1));
  const TemporaryFile steady(zoneText(1));
  ZoneStore store(1);
  store.load({sourceOf(changing, "changing."), sourceOf(steady, "steady.")});
  const Set served = store.zones();
  const auto before = served->get(Name("changing."));
  const auto beside = served->get(Name("steady."));
  CHECK(before->serial() == 1);
  changing.write(zoneText(2));
  std::vector<ZonePublication> published;
  store.reload([&](const ZonePublication& publication) { published.push_back(publication); }, {});
  REQUIRE(!published.empty());
  CHECK(serial(served, "changing.") == 2);
  CHECK(served->get(Name("steady.")) == beside);
  CHECK(before->serial() == 1);
}

TEST_CASE("A zone that is loaded again takes its place in the set that is served, and what gave way is retired") {
  TemporaryFile changing(zoneText(1));
  TemporaryFile ofView(zoneText(1));
  const TemporaryFile steady(zoneText(1));
  ZoneSource inside = sourceOf(ofView, "changing.");
  inside.view = "inside";
  ZoneStore store(1);
  store.load({sourceOf(changing, "changing."), inside, sourceOf(steady, "steady.")});
  const Set served = store.zones();
  const auto before = served->get(Name("changing."));
  RetiredVersions retired;
  const auto publish = [&](const ZonePublication& publication) {
    CHECK(publication.zones == served);
    if (publication.retired) retired.insert(retired.end(), publication.retired->begin(), publication.retired->end());
  };
  changing.write(zoneText(2));
  store.reloadZone(Name("changing."), publish, {});
  CHECK(serial(served, "changing.") == 2);
  CHECK(retired == RetiredVersions{before});
  changing.write("broken");
  store.reloadZone(Name("changing."), publish, {});
  CHECK(serial(served, "changing.") == 2);
  ofView.write(zoneText(3));
  CHECK(store.reload(publish, {}).failed == 1);
  CHECK(served->view("inside")->get(Name("changing."))->serial() == 3);
  CHECK(retired.size() == 2);
  CHECK(store.zones() == served);
}

TEST_CASE("A reload of all files loads those too that seem not to have changed, and keeps a zone that is the same") {
  const TemporaryFile file(zoneText(1));
  ZoneStore store(1);
  store.load({sourceOf(file, "example.")});
  const Set before = store.zones();
  Set after;
  const ZoneReload report =
      store.reload([&](const ZonePublication& publication) { after = publication.zones; }, {}, Reread::all);
  CHECK(report.loaded == 1);
  REQUIRE(after);
  CHECK(after->get(Name("example.")) == before->get(Name("example.")));
}

TEST_CASE("A zone is gone when another version of it is published and no set has it any more") {
  TemporaryFile file(zoneText(1));
  ZoneStore store(1);
  store.load({sourceOf(file, "example.")});
  Set served = store.zones();
  const std::weak_ptr<const Zone> old = served->get(Name("example."));
  file.write(zoneText(2));
  served = reload(store);
  CHECK(old.expired());
}

TEST_CASE("A zone that is broken or gone at a reload is served as it was, and anew when it is mended") {
  TemporaryFile file(zoneText(1));
  ZoneStore store(1);
  store.load({sourceOf(file, "example.")});
  file.write("nonsense\n");
  CHECK(serial(reload(store), "example.") == 1);
  file.remove();
  CHECK(serial(reload(store), "example.") == 1);
  CHECK(store.loadFailures() == 2);
  file.write(zoneText(3));
  CHECK(serial(reload(store), "example.") == 3);
  CHECK(store.loadFailures() == 2);
}

TEST_CASE("A zone whose file is broken is reported as failed by each reload until it is mended") {
  TemporaryFile file(zoneText(1));
  const TemporaryFile steady(zoneText(1));
  ZoneStore store(1);
  store.load({sourceOf(file, "example."), sourceOf(steady, "steady.")});
  CHECK(store.errors()->empty());
  file.write("nonsense\n");
  Lines errors;
  for (int i = 0; i < 3; ++i) {
    const ZoneReload report = store.reload([](const auto&) {}, {});
    CHECK(report.failed == 1);
    REQUIRE(!report.errors.empty());
    if (i > 0) CHECK(report.errors == errors);
    errors = report.errors;
    CHECK(*store.errors() == ZoneErrors{{{"", Name("example.")}, errors.front()}});
  }
  CHECK(errors.front().starts_with(file.path() + ":1:"));
  CHECK(store.loadFailures() == 1);
  file.write(zoneText(3));
  CHECK(store.reload([](const auto&) {}, {}).failed == 0);
  CHECK(store.errors()->empty());
}

TEST_CASE("A zone that never loaded has its error") {
  const TemporaryFile broken("nonsense\n");
  const TemporaryFile list(listLine("broken.", broken));
  ZoneStore store(1);
  store.addList(list.path());
  CHECK(store.errors()->empty());
  reload(store);
  CHECK(store.errors()->at({"", Name("broken.")}).starts_with(broken.path() + ":1:"));
}

TEST_CASE("Warnings of a zone that is loaded are no errors of later reloads") {
  const TemporaryFile file(zoneText(1) + "a.x.example. A 192.0.2.1\na.x.example. A 192.0.2.1\n");
  ZoneStore store(1);
  LogLines lines;
  store.load({sourceOf(file, "example.")});
  CHECK(!lines.take().empty());
  CHECK(store.reload([](const auto&) {}, {}).failed == 0);
  CHECK(store.errors()->empty());
}

TEST_CASE("A zone that is named by itself has to load, and the error says where") {
  const TemporaryFile good(zoneText(1));
  const TemporaryFile bad("@ A nonsense\n");
  ZoneStore store(1);
  try {
    store.load({sourceOf(good, "good."), sourceOf(bad, "bad.")});
    FAIL("it loaded");
  } catch (const std::runtime_error& error) {
    CHECK(std::string(error.what()).starts_with(bad.path() + ":1:5: error: "));
  }
}

TEST_CASE("Zones of a list are known at once and loaded by a reload, which follows the list") {
  const TemporaryFile one(zoneText(1));
  const TemporaryFile two(zoneText(2));
  TemporaryFile list(listLine("one.", one));
  ZoneStore store(1);
  store.addList(list.path());
  CHECK(!store.zones()->get(Name("one."))->isLoaded());
  const Set first = reload(store);
  CHECK(serial(first, "one.") == 1);

  list.write(listLine("one.", one) + listLine("two.", two));
  const Set second = reload(store);
  CHECK(second->get(Name("one.")) == first->get(Name("one.")));
  CHECK(serial(second, "two.") == 2);

  list.write(listLine("two.", two));
  CHECK(!reload(store)->get(Name("one.")));
  list.remove();
  CHECK(serial(reload(store), "two.") == 2);
}

TEST_CASE("An observer is made for each load and told of every zone and record") {
  struct Told {
    std::size_t announced = 0, zones = 0, records = 0;
  };
  class Observer final : public LoadObserver {
   public:
    explicit Observer(Told& told) : told_(told) {}
    void addRecords(std::size_t count) override { told_.records += count; }
    void addZone() override { ++told_.zones; }

   private:
    Told& told_;
  };
  const TemporaryFile file(zoneText(1));
  Told told;
  ZoneStore store(1, [&told](std::size_t zones) {
    told.announced += zones;
    return std::make_unique<Observer>(told);
  });
  store.load({sourceOf(file, "one."), sourceOf(file, "two.")});
  CHECK(told.announced == 2);
  CHECK(told.zones == 2);
  CHECK(told.records == 4);
}

TEST_CASE("A reload that is stopped publishes nothing more") {
  const TemporaryFile file(zoneText(1));
  const TemporaryFile list(listLine("example.", file));
  ZoneStore store(1);
  store.addList(list.path());
  std::stop_source stop;
  stop.request_stop();
  int published = 0;
  store.reload([&](const auto&) { ++published; }, stop.get_token());
  CHECK(published == 0);
}

TEST_CASE("All errors of all zones are told at once") {
  const TemporaryFile bad("@ A nonsense\nx MX nonsense\n");
  const TemporaryFile worse("");
  ZoneStore store(1);
  try {
    store.load({sourceOf(bad, "bad."), sourceOf(worse, "worse.")});
    FAIL("it loaded");
  } catch (const std::runtime_error& error) {
    const std::string text = error.what();
    for (const std::string& part : {bad.path() + ":1:5: error", bad.path() + ":2:", worse.path() + ": error"})
      CHECK_MESSAGE(text.find(part) != std::string::npos, text);
  }
}

TEST_CASE("A list can be read after a zone that does not load, so that the mistakes of both are told") {
  const TemporaryFile good(zoneText(1));
  const TemporaryFile bad("nonsense\n");
  const TemporaryFile list(listLine("good.", good) + listLine("bad.", bad));
  ZoneStore store(1);
  CHECK_THROWS_AS(store.load({sourceOf(good, "good."), sourceOf(bad, "bad.")}), std::runtime_error);
  CHECK_THROWS_WITH_AS(store.addList(list.path()), doctest::Contains("zone good. is there already, from"),
                       std::runtime_error);
}

TEST_CASE("A zone that two files make is refused with both of them") {
  const TemporaryFile one("$ORIGIN same.\n" + zoneText(1));
  const TemporaryFile two("$ORIGIN SAME.\n" + zoneText(2));
  ZoneStore store(1);
  CHECK_THROWS_WITH_AS(
      store.load({{one.path(), std::nullopt}, {two.path(), std::nullopt}}),
      (two.path() + ": error: zone same. is there already, from " + one.path() + "; expected it once").c_str(),
      std::runtime_error);
}

TEST_CASE("A zone of a list that is there already is refused with both places, at the start and later") {
  const TemporaryFile one(zoneText(1));
  const TemporaryFile two(zoneText(2));
  TemporaryFile list(listLine("one.", two));
  ZoneStore store(1);
  store.load({sourceOf(one, "one.")});
  const std::string message = list.path() + ": zone one. is there already, from " + one.path() + "; expected it once";
  CHECK_THROWS_WITH_AS(store.addList(list.path()), message.c_str(), std::runtime_error);
  list.write(listLine("two.", two));
  ZoneStore other(1);
  other.load({sourceOf(one, "one.")});
  other.addList(list.path());
  reload(other);
  list.write(listLine("two.", two) + listLine("one.", two));
  LogLines lines;
  CHECK(serial(reload(other), "one.") == 1);
  const Lines said = lines.take();
  REQUIRE(said.size() >= 2);
  CHECK(said[0] == message);
  CHECK(said[1] == list.path() + ": the zones of the list are served as they were before");
}

TEST_CASE("A file that comes to make a zone that another one makes is refused, and its own zone kept") {
  TemporaryFile one("$ORIGIN one.\n" + zoneText(1));
  const TemporaryFile two("$ORIGIN two.\n" + zoneText(2));
  ZoneStore store(1);
  store.load({{one.path(), std::nullopt}, {two.path(), std::nullopt}});
  one.write("$ORIGIN two.\n" + zoneText(3));
  const Set after = reload(store);
  CHECK(serial(after, "one.") == 1);
  CHECK(serial(after, "two.") == 2);
  one.write("$ORIGIN three.\n" + zoneText(4));
  CHECK(serial(reload(store), "three.") == 4);
}

TEST_CASE("A zone may move from one list to another, in either direction") {
  const TemporaryFile zone(zoneText(1));
  TemporaryFile first(listLine("moves.", zone));
  TemporaryFile second("");
  ZoneStore store(1);
  store.addList(first.path());
  store.addList(second.path());
  CHECK(serial(reload(store), "moves.") == 1);
  first.write("");
  second.write(listLine("moves.", zone));
  CHECK(serial(reload(store), "moves.") == 1);
  second.write("");
  first.write(listLine("moves.", zone));
  CHECK(serial(reload(store), "moves.") == 1);
}

TEST_CASE("A reload tells what it changed: zones loaded anew with both serials, added, removed, failed") {
  TemporaryFile changing(zoneText(1));
  TemporaryFile breaking(zoneText(1));
  const TemporaryFile steady(zoneText(1));
  const TemporaryFile listed(zoneText(1));
  TemporaryFile list(listLine("old.", listed));
  ZoneStore store(1);
  store.load({sourceOf(changing, "changing."), sourceOf(breaking, "breaking."), sourceOf(steady, "steady.")});
  store.addList(list.path());
  LogLines lines;
  reload(store);
  CHECK(lines.take() == Lines{"zone old.: serial 1, 2 records", "all 4 zones are loaded"});
  reload(store);
  CHECK(lines.take() == Lines{"no zone has changed: 4 zones as before"});

  changing.write(zoneText(2));
  breaking.write("nonsense\n");
  list.write(listLine("new.", listed));
  reload(store);
  Lines said = lines.take();
  REQUIRE(said.size() == 6);
  CHECK(said[0] == "zone old. removed");
  CHECK(said[1] == "zone changing. loaded anew, serial 2 (it was 1), 2 records");
  CHECK(said[2].starts_with(breaking.path() + ":1:"));
  CHECK(said[3] == breaking.path() + ": the zone is served as it was before");
  CHECK(said[4] == "zone new. added, serial 1, 2 records");
  CHECK(said[5] == "zones: 1 loaded anew, 1 added, 1 removed, 1 failed, 1 unchanged");
}

TEST_CASE("A reload that fails never tells that all is loaded, and one zone is told as one") {
  TemporaryFile file(zoneText(1));
  TemporaryFile missing(zoneText(1));
  missing.remove();
  TemporaryFile list(listLine("missing.", missing));
  ZoneStore store(1);
  LogLines lines;
  store.addList(list.path());
  reload(store);
  CHECK(lines.take().back() == "1 of 1 zone is not loaded");
  list.write(listLine("here.", file));
  reload(store);
  CHECK(lines.take() ==
        Lines{"zone missing. removed", "zone here. added, serial 1, 2 records", "zones: 1 added, 1 removed"});
  file.write("nonsense\n");
  reload(store);
  CHECK(lines.take().back() == "zones: 1 failed");
  file.write(zoneText(2));
  reload(store);
  CHECK(lines.take().back() == "zones: 1 loaded anew");
  reload(store);
  CHECK(lines.take() == Lines{"no zone has changed: 1 zone as before"});
}

TEST_CASE("A reload without a zone tells that there is none") {
  ZoneStore store(1);
  LogLines lines;
  reload(store);
  CHECK(lines.take() == Lines{"no zone has changed: there is none"});
}

TEST_CASE("Many zones are told as a number") {
  const TemporaryFile file(zoneText(1));
  std::string text;
  for (int i = 0; i < 30; ++i) text += listLine(("n" + std::to_string(i) + ".").c_str(), file);
  const TemporaryFile list(text);
  ZoneStore store(1);
  store.addList(list.path());
  LogLines lines;
  reload(store);
  CHECK(lines.take() == Lines{"30 zones, 60 records", "all 30 zones are loaded"});
}

TEST_CASE("other sources keep the very zones that they name again, and the next reload loads the new ones") {
  const TemporaryFile one(zoneText(1));
  const TemporaryFile two(zoneText(2));
  ZoneStore store(1);
  store.load({sourceOf(one, "one.")});
  const auto kept = store.zones()->get(Name("one."));
  store.replaceSources({sourceOf(one, "one."), sourceOf(two, "two.")}, {});
  CHECK(store.zones()->get(Name("one.")) == kept);
  CHECK(!store.zones()->get(Name("two."))->isLoaded());
  const Set zones = reload(store);
  CHECK(zones->get(Name("one.")) == kept);
  CHECK(serial(zones, "two.") == 2);
}

TEST_CASE("a zone that other sources do not name is gone at once, and the next reload tells of it") {
  const TemporaryFile one(zoneText(1));
  const TemporaryFile two(zoneText(2));
  ZoneStore store(1);
  store.load({sourceOf(one, "one."), sourceOf(two, "two.")});
  store.replaceSources({sourceOf(two, "two.")}, {});
  CHECK(!store.zones()->get(Name("one.")));
  const ZoneReload report = store.reload([](const auto&) {}, {});
  CHECK(report.removed == 1);
  CHECK(report.zones == 1);
  CHECK(report.loaded == 0);
}

TEST_CASE("a zone that comes from another file is served as it was until that one is loaded") {
  const TemporaryFile one(zoneText(1));
  const TemporaryFile other(zoneText(2));
  ZoneStore store(1);
  store.load({sourceOf(one, "one.")});
  store.replaceSources({sourceOf(other, "one.")}, {});
  CHECK(serial(store.zones(), "one.") == 1);
  CHECK(serial(reload(store), "one.") == 2);
  const ZoneSource missing{"/nowhere/one.zone", Name("one.")};
  store.replaceSources({missing}, {});
  const ZoneReload report = store.reload([](const auto&) {}, {});
  CHECK(report.failed == 1);
  CHECK(serial(store.zones(), "one.") == 2);
}

TEST_CASE(
    "a zone whose file says its origin is loaded by the reload, and left out where it fails or is there already") {
  const TemporaryFile named("$ORIGIN named.\n" + zoneText(1));
  const TemporaryFile broken("nonsense\n");
  ZoneStore store(1);
  store.load({sourceOf(named, "named.")});
  store.replaceSources({sourceOf(named, "named."), {broken.path(), std::nullopt}, {named.path(), std::nullopt}}, {});
  const ZoneReload report = store.reload([](const auto&) {}, {});
  CHECK(report.failed == 2);
  CHECK(report.zones == 3);
  CHECK(report.missing == 2);
  CHECK(report.errors.size() >= 2);
  CHECK(serial(store.zones(), "named.") == 1);
  store.replaceSources({{named.path(), std::nullopt}}, {});
  CHECK(serial(reload(store), "named.") == 1);
}

TEST_CASE("lists come and go with other sources, and a list that stays keeps its zones") {
  const TemporaryFile one(zoneText(1));
  const TemporaryFile two(zoneText(2));
  const TemporaryFile first(listLine("one.", one));
  const TemporaryFile second(listLine("two.", two));
  ZoneStore store(1);
  store.addList(first.path());
  const Set before = reload(store);
  store.replaceSources({}, {second.path(), first.path()});
  CHECK(store.zones()->get(Name("one.")) == before->get(Name("one.")));
  CHECK(serial(reload(store), "two.") == 2);
  store.replaceSources({}, {second.path()});
  const Set after = reload(store);
  CHECK(!after->get(Name("one.")));
  CHECK(serial(after, "two.") == 2);
}

TEST_CASE("a zone whose file says its origin, and was broken when it was named, is served when the file is mended") {
  TemporaryFile file("nonsense\n");
  ZoneStore store(1);
  store.replaceSources({{file.path(), std::nullopt}}, {});
  CHECK(reload(store)->size() == 0);
  CHECK(reload(store)->size() == 0);
  CHECK(store.loadFailures() == 2);
  file.write("$ORIGIN two.\n" + zoneText(2));
  CHECK(serial(reload(store), "two.") == 2);
  LogLines lines;
  reload(store);
  CHECK(lines.take() == Lines{"no zone has changed: 1 zone as before"});
}

TEST_CASE("a zone whose name is not given any more is served as it was while its file is broken") {
  TemporaryFile file("$ORIGIN two.\n" + zoneText(1));
  ZoneStore store(1);
  store.load({sourceOf(file, "two.")});
  file.write("nonsense\n");
  store.replaceSources({{file.path(), std::nullopt}}, {});
  CHECK(serial(reload(store), "two.") == 1);
  file.write("$ORIGIN two.\n" + zoneText(3));
  CHECK(serial(reload(store), "two.") == 3);
}

TEST_CASE("a zone that other sources name twice is there once, in whatever order, and the second one is refused") {
  const TemporaryFile saying("$ORIGIN two.\n" + zoneText(1));
  const TemporaryFile named(zoneText(2));
  ZoneStore store(1);
  store.replaceSources({{saying.path(), std::nullopt}, sourceOf(named, "two.")}, {});
  const ZoneReload report = store.reload([](const auto&) {}, {});
  CHECK(report.failed == 1);
  REQUIRE(report.errors.size() == 1);
  CHECK(report.errors[0] ==
        saying.path() + ": error: zone two. is there already, from " + named.path() + "; expected it once");
  CHECK(serial(store.zones(), "two.") == 2);
}

TEST_CASE("a zone that a list has is not taken from it by a file that says the same origin") {
  const TemporaryFile saying("$ORIGIN two.\n" + zoneText(1));
  const TemporaryFile listed(zoneText(2));
  const TemporaryFile list(listLine("two.", listed));
  ZoneStore store(1);
  store.addList(list.path());
  reload(store);
  store.replaceSources({{saying.path(), std::nullopt}}, {list.path()});
  const ZoneReload report = store.reload([](const auto&) {}, {});
  REQUIRE(report.errors.size() == 1);
  CHECK(report.errors[0].starts_with(saying.path() + ": error: zone two. is there already"));
  CHECK(serial(store.zones(), "two.") == 2);
}

TEST_CASE("the first list that comes with other sources does not silence what changes beside it") {
  TemporaryFile changing(zoneText(1));
  const TemporaryFile listed(zoneText(1));
  const TemporaryFile list(listLine("listed.", listed));
  ZoneStore store(1);
  store.load({sourceOf(changing, "changing.")});
  changing.write(zoneText(2));
  LogLines lines;
  store.replaceSources({sourceOf(changing, "changing.")}, {list.path()});
  reload(store);
  CHECK(lines.take() == Lines{"zone changing. loaded anew, serial 2 (it was 1), 2 records",
                              "zone listed. added, serial 1, 2 records", "zones: 1 loaded anew, 1 added"});
}

TEST_CASE("a zone that moves to a list, or to a list of another name, is served as it was until it is loaded") {
  const TemporaryFile file(zoneText(1));
  TemporaryFile broken("nonsense\n");
  const TemporaryFile first(listLine("moves.", file));
  const TemporaryFile second(listLine("moves.", broken));
  ZoneStore store(1);
  store.load({sourceOf(file, "moves.")});
  const auto zone = store.zones()->get(Name("moves."));
  store.replaceSources({}, {first.path()});
  LogLines lines;
  CHECK(reload(store)->get(Name("moves.")) == zone);
  CHECK(lines.take() == Lines{"no zone has changed: 1 zone as before"});
  store.replaceSources({}, {second.path()});
  const ZoneReload report = store.reload([](const auto&) {}, {});
  CHECK(report.removed == 0);
  CHECK(report.failed == 1);
  CHECK(store.zones()->get(Name("moves.")) == zone);
}

TEST_CASE("Zones of views are apart from all others, and each is loaded and told by itself") {
  TemporaryFile outside(zoneText(1));
  TemporaryFile inside(zoneText(2));
  const auto ofView = [&inside](const char* view) {
    ZoneSource source = sourceOf(inside, "example.");
    source.view = view;
    return source;
  };
  ZoneStore store(1);
  store.load({sourceOf(outside, "example."), ofView("first"), ofView("second")});
  CHECK(serial(store.zones(), "example.") == 1);
  REQUIRE(store.zones()->view("first"));
  CHECK(store.zones()->view("first")->get(Name("example."))->serial() == 2);
  LogLines lines;
  inside.write(zoneText(30));
  store.reloadZone(
      Name("example."), [](const auto&) {}, {}, "second");
  CHECK(lines.take() == Lines{"zone example. of view second loaded anew, serial 30 (it was 2), 2 records"});
  CHECK(store.zones()->view("first")->get(Name("example."))->serial() == 2);
  CHECK(store.zones()->view("second")->get(Name("example."))->serial() == 30);
  outside.write(zoneText(4));
  store.reloadZone(Name("example."), [](const auto&) {}, {});
  CHECK(lines.take() == Lines{"zone example. loaded anew, serial 4 (it was 1), 2 records"});
  const std::string twice = inside.path() + ": error: zone example. of view first is there already, from " +
                            inside.path() + "; expected it once";
  CHECK_THROWS_WITH_AS(ZoneStore(1).load({ofView("first"), ofView("first")}), twice.c_str(), std::runtime_error);
}

TEST_CASE("Other sources add and remove zones of views, and what stays of a view is not loaded again") {
  const TemporaryFile file(zoneText(1));
  const auto ofView = [&file](const char* view, const char* origin) {
    ZoneSource source = sourceOf(file, origin);
    source.view = view;
    return source;
  };
  ZoneStore store(1);
  store.load({sourceOf(file, "example."), ofView("first", "example."), ofView("first", "gone.")});
  const auto kept = store.zones()->view("first")->get(Name("example."));
  LogLines lines;
  store.replaceSources({ofView("first", "example."), ofView("second", "example.")}, {});
  const Set zones = reload(store);
  CHECK(zones->size() == 0);
  CHECK(zones->view("first")->size() == 1);
  CHECK(zones->view("first")->get(Name("example.")) == kept);
  CHECK(zones->view("second")->get(Name("example."))->isLoaded());
  CHECK(lines.take() == Lines{"zone example. removed", "zone gone. of view first removed",
                              "zone example. of view second added, serial 1, 2 records",
                              "zones: 1 added, 2 removed, 1 unchanged"});
}

TEST_CASE("The differences between versions are kept for the zones that want them, and go with the zone") {
  TemporaryFile wanting(zoneText(1));
  TemporaryFile other(zoneText(1));
  ZoneSource source = sourceOf(wanting, "wanting.");
  source.keepsDifferences = true;
  ZoneStore store(1);
  store.load({source, sourceOf(other, "other.")});
  wanting.write(zoneText(2));
  other.write(zoneText(2));
  const Set zones = reload(store);
  const auto from = [&store](const Set& served, const char* origin, std::uint32_t serial) {
    return store.differences()->find(*served->get(Name(origin)), {}, Serial(serial), 100000).size();
  };
  CHECK(from(zones, "wanting.", 1) == 1);
  CHECK(from(zones, "other.", 1) == 0);

  SUBCASE("a file that is read again and has the same records changes nothing") {
    wanting.write(zoneText(2) + "; \n");
    CHECK(from(reload(store), "wanting.", 1) == 1);
  }
  SUBCASE("a zone that is gone") {
    store.replaceSources({sourceOf(other, "other.")}, {});
    reload(store);
    CHECK(from(zones, "wanting.", 1) == 0);
  }
  SUBCASE("a zone that does not want them any more") {
    store.replaceSources({sourceOf(wanting, "wanting."), sourceOf(other, "other.")}, {});
    wanting.write(zoneText(3));
    CHECK(from(reload(store), "wanting.", 2) == 0);
  }
}

TEST_CASE("A zone that has changed and whose serial has not become greater is served with a warning") {
  const auto text = [](std::uint32_t serial, std::string_view more) { return zoneText(serial) + std::string(more); };
  TemporaryFile file(text(5, ""));
  ZoneStore store(1);
  store.load({sourceOf(file, "example.")});
  LogLines lines;
  SUBCASE("the serial is the same") {
    file.write(text(5, "www A 192.0.2.1\n"));
    reload(store);
    CHECK(lines.take().front() ==
          "zone example. has changed, and its serial 5 has not: secondaries keep what they have");
  }
  SUBCASE("the serial goes back") {
    file.write(text(4, "www A 192.0.2.1\n"));
    reload(store);
    CHECK(lines.take().front() ==
          "zone example. has serial 4 after 5, which is not newer: secondaries keep what they have");
  }
  SUBCASE("nothing has changed") {
    file.write(text(5, ";\n"));
    reload(store);
    CHECK(lines.take().front() == "zone example. loaded anew, serial 5 (it was 5), 2 records");
  }
}

namespace {

std::shared_ptr<const Zone> zoneOf(const char* origin, std::uint32_t number) {
  auto load = parseZone(zoneText(number), Name(origin));
  REQUIRE(load.ok());
  return load.zone;
}

ZoneSource secondary(const std::string& path, const char* origin) {
  ZoneSource source;
  source.path = path;
  source.origin = Name(origin);
  source.isSecondary = true;
  source.keepsDifferences = true;
  return source;
}

Set install(ZoneStore& store, std::shared_ptr<const Zone> zone) {
  store.install({{std::move(zone)}}, [](const auto&) {});
  return store.zones();
}

}  // namespace

TEST_CASE("A secondary zone is what its file has kept, or not loaded where that is not there or broken") {
  const TemporaryFile kept(zoneText(3));
  const TemporaryFile broken("@ SOA\n");
  ZoneStore store(1);
  store.load({secondary(kept.path(), "kept."), secondary(broken.path(), "broken."),
              secondary("/nowhere/at/all", "missing."), secondary("", "none.")});
  const Set zones = store.zones();
  CHECK(serial(zones, "kept.") == 3);
  for (const char* const origin : {"broken.", "missing.", "none."}) CHECK(!zones->get(Name(origin))->isLoaded());
  CHECK(store.takeNews().empty());
}

TEST_CASE("A version of a secondary zone that comes is served, and neither a reload nor its file changes it") {
  TemporaryFile kept(zoneText(3));
  ZoneStore store(1);
  store.load({secondary(kept.path(), "kept.")});
  CHECK(serial(install(store, zoneOf("kept.", 5)), "kept.") == 5);
  kept.write(zoneText(4));
  CHECK(serial(reload(store), "kept.") == 5);
  store.replaceSources({secondary(kept.path(), "kept.")}, {});
  CHECK(serial(reload(store), "kept.") == 5);
  CHECK(!install(store, Zone::notLoaded(Name("kept.")))->get(Name("kept."))->isLoaded());
  CHECK(!reload(store)->get(Name("kept."))->isLoaded());
}

TEST_CASE("A version that comes for what is no secondary zone is left out") {
  const TemporaryFile file(zoneText(3));
  ZoneStore store(1);
  store.load({sourceOf(file, "own.")});
  CHECK(serial(install(store, zoneOf("own.", 5)), "own.") == 3);
  CHECK(!install(store, zoneOf("unknown.", 5))->get(Name("unknown.")));
  store.install({{zoneOf("own.", 5)}}, [](const auto&) { FAIL("nothing has changed"); });
}

TEST_CASE("A version that comes takes its place in the set that is served, and what gave way is retired") {
  ZoneStore store(1);
  store.load({secondary("", "one."), secondary("", "two.")});
  const Set served = store.zones();
  const auto two = served->get(Name("two."));
  const auto first = zoneOf("one.", 5);
  const auto second = zoneOf("one.", 6);
  std::vector<ZonePublication> published;
  const auto publish = [&](const ZonePublication& publication) { published.push_back(publication); };
  store.install({{first}}, publish);
  store.install({{second}, {zoneOf("one.", 7)}}, publish);
  REQUIRE(published.size() == 2);
  for (const ZonePublication& publication : published) CHECK(publication.zones == served);
  CHECK(served->get(Name("two.")) == two);
  CHECK(serial(served, "one.") == 7);
  REQUIRE(published.back().retired);
  CHECK(*published.back().retired == RetiredVersions{first, second});
  CHECK(store.zones() == served);
  CHECK(reload(store) == served);
}

TEST_CASE("What gave way is retired by the next publication where one could not be made") {
  ZoneStore store(1);
  store.load({secondary("", "one.")});
  const Set served = store.zones();
  const auto before = served->get(Name("one."));
  CHECK_THROWS_AS(store.install({{zoneOf("one.", 5)}}, [](const auto&) { throw std::bad_alloc(); }), std::bad_alloc);
  std::vector<ZonePublication> published;
  store.install({{zoneOf("one.", 6)}}, [&](const ZonePublication& publication) { published.push_back(publication); });
  REQUIRE(published.size() == 1);
  REQUIRE(published.front().retired);
  CHECK(published.front().retired->front() == before);
  CHECK(published.front().retired->size() == 2);
}

TEST_CASE("A version of a zone that no published set has yet comes with a set that has it") {
  ZoneStore store(1);
  store.load({secondary("", "one.")});
  const Set before = store.zones();
  store.replaceSources({secondary("", "one."), secondary("", "two.")}, {});
  Set after;
  store.install({{zoneOf("two.", 5)}}, [&](const ZonePublication& publication) { after = publication.zones; });
  REQUIRE(after);
  CHECK(after != before);
  CHECK(serial(after, "two.") == 5);
  CHECK(!before->get(Name("two.")));
}

TEST_CASE("A version that comes while zones are loaded does not wait for them, and what was kept of it is left out") {
  const TemporaryFile kept(zoneText(3));
  const TemporaryFile file(zoneText(1));
  ZoneStore store(1);
  store.replaceSources({sourceOf(file, "own."), secondary(kept.path(), "in.")}, {});
  std::vector<Set> published;
  const auto publish = [&](const ZonePublication& publication) { published.push_back(publication.zones); };
  bool isInstalled = false;
  store.setMeanwhile([&] {
    if (!std::exchange(isInstalled, true)) store.install({{zoneOf("in.", 5)}}, publish);
  });
  store.reload(publish, {});
  REQUIRE(published.size() >= 2);
  CHECK(serial(published.front(), "in.") == 5);
  CHECK(serial(published.back(), "in.") == 5);
  CHECK(serial(published.back(), "own.") == 1);
}

TEST_CASE("A zone that ceases to be a secondary one is read from its file") {
  const TemporaryFile file(zoneText(4));
  ZoneStore store(1);
  store.load({secondary(file.path(), "zone.")});
  install(store, zoneOf("zone.", 5));
  store.replaceSources({sourceOf(file, "zone.")}, {});
  CHECK(serial(reload(store), "zone.") == 4);
}

TEST_CASE("Others are told of the first version of a secondary zone and of newer serials, and of each zone once") {
  TemporaryFile file(zoneText(1));
  ZoneStore store(1);
  store.load({secondary("", "in."), sourceOf(file, "own.")});
  install(store, zoneOf("in.", 5));
  install(store, zoneOf("in.", 6));
  file.write(zoneText(2));
  reload(store);
  const auto news = store.takeNews();
  REQUIRE(news.size() == 2);
  for (const auto& zone : news) CHECK(zone->serial() == (zone->origin() == Name("in.") ? 6 : 2));
  CHECK(store.takeNews().empty());
  install(store, zoneOf("in.", 4));
  file.write(zoneText(1));
  reload(store);
  CHECK(store.takeNews().empty());
}

namespace {

ZoneSource withPolicy(const TemporaryFile& file, SerialPolicy policy) {
  ZoneSource source = sourceOf(file, "zone.");
  source.serialPolicy = policy;
  source.keepsDifferences = true;
  return source;
}

// A zone of so many addresses, one of which may be another one.
std::string addresses(std::uint32_t serial, int count, std::string_view changed = "192.0.2.1") {
  std::string text = "$TTL 60\n@ SOA ns.x. h.x. " + std::to_string(serial) + " 2 3 4 5\n@ NS ns.x.\n";
  for (int i = 0; i < count; ++i) text += "name" + std::to_string(i) + " A 192.0.2.1\n";
  return text.append("changed A ").append(changed).append("\n");
}

}  // namespace

TEST_CASE("A file that has changed a little becomes a change of the version that is served") {
  TemporaryFile file(addresses(1, 1000));
  ZoneStore store(1);
  store.load({withPolicy(file, SerialPolicy::keep)});
  file.write(addresses(2, 1000, "192.0.2.2"));
  const auto before = reload(store)->get(Name("zone."));  // in an image that has room for changes
  file.write(addresses(3, 1000, "192.0.2.3"));
  const auto after = reload(store)->get(Name("zone."));
  CHECK(after != before);
  CHECK(after->image().memory() == before->image().memory());
  CHECK(haveSameRecords(*after, *parseZone(addresses(3, 1000, "192.0.2.3"), Name("zone.")).zone));
  CHECK(haveSameRecords(*before, *parseZone(addresses(2, 1000, "192.0.2.2"), Name("zone.")).zone));
  CHECK(store.differences()->find(*after, {}, Serial(1), 1 << 20).size() == 2);
  REQUIRE(store.takeNews().size() == 1);

  file.write(addresses(4, 2000));
  const auto other = reload(store)->get(Name("zone."));
  CHECK(other->image().memory() != before->image().memory());
  CHECK(haveSameRecords(*other, *parseZone(addresses(4, 2000), Name("zone.")).zone));
  CHECK(store.differences()->find(*other, {}, Serial(1), 1 << 20).size() == 3);
}

TEST_CASE("Any number of small changes of a file leave the zone as the file has it") {
  TemporaryFile file(addresses(1, 50));
  ZoneStore store(1);
  store.load({withPolicy(file, SerialPolicy::keep)});
  for (std::uint32_t serial = 2; serial < 200; ++serial) {
    const std::string text = addresses(serial, 50, fmt::format("192.0.2.{}", serial)) +
                             fmt::format("new{0} TXT {0}\nChanged{1} 7 MX 1 changed\n", serial, serial % 3);
    file.write(text);
    const auto after = reload(store)->get(Name("zone."));
    REQUIRE(haveSameRecords(*after, *parseZone(text, Name("zone.")).zone));
  }
}

TEST_CASE("A serial that does not go forward is replaced as the source says where records have changed") {
  TemporaryFile file(addresses(7, 3));
  ZoneStore store(1);
  store.load({withPolicy(file, SerialPolicy::increment)});
  file.write(addresses(7, 3, "192.0.2.2"));
  CHECK(serial(reload(store), "zone.") == 8);
  const auto after = store.zones()->get(Name("zone."));
  CHECK(haveSameRecords(*after, *parseZone(addresses(8, 3, "192.0.2.2"), Name("zone.")).zone));
  CHECK(store.differences()->find(*after, {}, Serial(7), 1 << 20).size() == 1);
  CHECK(store.takeNews().size() == 1);

  // The file as it was is no change, and its serial, which is older by now, neither.
  store.reload([](const auto&) {}, {}, Reread::all);
  CHECK(store.zones()->get(Name("zone.")) == after);
  CHECK(store.takeNews().empty());
  file.write(addresses(5, 3, "192.0.2.3"));
  CHECK(serial(reload(store), "zone.") == 9);
  file.write(addresses(20, 3, "192.0.2.3"));
  CHECK(serial(reload(store), "zone.") == 20);
  // Also where the image of the file is taken.
  file.write(addresses(20, 3000, "192.0.2.3"));
  CHECK(serial(reload(store), "zone.") == 21);
  const auto read = parseZone(addresses(21, 3000, "192.0.2.3"), Name("zone.")).zone;
  CHECK(haveSameRecords(*store.zones()->get(Name("zone.")), *read));
}

TEST_CASE("A serial of the time goes forward with the time, and one that is kept draws a warning") {
  TemporaryFile file(addresses(7, 3));
  ZoneStore store(1);
  store.load({withPolicy(file, SerialPolicy::unixtime)});
  file.write(addresses(7, 3, "192.0.2.2"));
  const std::uint32_t first = serial(reload(store), "zone.");
  CHECK(first > 1700000000);
  file.write(addresses(7, 3, "192.0.2.3"));
  CHECK(isNewer(Serial(serial(reload(store), "zone.")), Serial(first)));
  store.replaceSources({withPolicy(file, SerialPolicy::keep)}, {});
  file.write(addresses(7, 3, "192.0.2.4"));
  LogLines log;
  CHECK(serial(reload(store), "zone.") == 7);
  CHECK(log.take().front().find("has serial 7 after") != std::string::npos);
}

TEST_CASE("A zone with a digest keeps the serial of its file") {
  TemporaryFile file(addresses(7, 3));
  ZoneStore store(1);
  store.load({withPolicy(file, SerialPolicy::increment)});
  // Of an algorithm that nothing is known of.
  file.write(addresses(7, 3) + "@ ZONEMD 7 1 250 " + std::string(96, '0') + "\n");
  CHECK(serial(reload(store), "zone.") == 7);
}

TEST_CASE("The differences between versions of a secondary zone are kept for those who transfer it") {
  ZoneStore store(1);
  store.load({secondary("", "in.")});
  install(store, zoneOf("in.", 5));
  const Set zones = install(store, zoneOf("in.", 6));
  const auto& last = *zones->get(Name("in."));
  CHECK(store.differences()->find(last, {}, Serial(5), 1 << 20).size() == 1);
}

TEST_CASE("A zone ceases to be served, and is again, when its source says so, without being read again") {
  TemporaryFile file(zoneText(1));
  ZoneSource source = sourceOf(file, "example.");
  ZoneStore store(1);
  store.load({source});
  const Set first = store.zones();
  const auto version = first->getServed(Name("example."));
  REQUIRE(version);
  source.isServed = false;
  store.replaceSources({source}, {});
  const Set second = reload(store);
  CHECK(second != first);
  CHECK(second->find(Name("example.")) == nullptr);
  CHECK(second->get(Name("example.")) == version);
  file.write(zoneText(2));
  CHECK(reload(store) == second);
  CHECK(serial(second, "example.") == 2);
  CHECK(second->find(Name("example.")) == nullptr);
  source.isServed = true;
  store.replaceSources({source}, {});
  CHECK(reload(store)->find(Name("example."))->serial() == 2);
}

}  // namespace zone_store_test
