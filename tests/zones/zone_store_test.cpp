#include "taut/zones/zone_store.hpp"

#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "zones/zone_files.hpp"

using namespace taut;
using test::listLine;
using test::sourceOf;
using test::zoneText;

namespace {

using Set = std::shared_ptr<const ZoneSet>;

Set reload(ZoneStore& store) {
  Set last;
  store.reload([&](Set zones) { last = std::move(zones); }, {});
  REQUIRE(last);
  return last;
}

std::uint32_t serial(const Set& zones, const char* origin) {
  return zones->get(Name(origin))->serial();
}

}  // namespace

TEST_CASE("A reload serves what changed on disk and keeps the very zones that did not") {
  TemporaryFile changing(zoneText(1));
  const TemporaryFile steady(zoneText(1));
  ZoneStore store(1);
  store.load({sourceOf(changing, "changing."), sourceOf(steady, "steady.")});
  const Set before = store.zones();
  CHECK(serial(before, "changing.") == 1);
  changing.write(zoneText(2));
  const Set after = reload(store);
  CHECK(serial(after, "changing.") == 2);
  CHECK(after->get(Name("steady.")) == before->get(Name("steady.")));
  CHECK(serial(before, "changing.") == 1);
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
  store.reload([&](const Set&) { ++published; }, stop.get_token());
  CHECK(published == 0);
}
