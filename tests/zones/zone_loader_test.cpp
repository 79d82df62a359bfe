#include "taut/zones/zone_loader.hpp"

#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include <doctest/doctest.h>

#include "zones/zone_files.hpp"

namespace zone_loader_test {

using namespace taut;
using test::sourceOf;
using test::zoneText;

namespace {

// The last publication, on any thread.
class Published {
 public:
  void operator()(const ZonePublication& publication) {
    const std::lock_guard lock(mutex_);
    zones_ = publication.zones;
    changed_.notify_all();
  }

  void waitFor(const Name& origin, std::uint32_t serial) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return zones_ && zones_->get(origin)->serial() == serial; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<const ZoneSet> zones_;
};

}  // namespace

TEST_CASE("A loader publishes what has changed for each request, on its own thread") {
  TemporaryFile file(zoneText(1));
  ZoneStore store(1);
  store.load({sourceOf(file, "example.")});
  Published published;
  ZoneLoader loader(store, [&](const ZonePublication& publication) { published(publication); });
  for (const std::uint32_t serial : {2U, 3U}) {
    file.write(zoneText(serial));
    loader.request();
    published.waitFor(Name("example."), serial);
  }
}

TEST_CASE("A loader that is not asked for anything ends at once") {
  ZoneStore store(1);
  int published = 0;
  {
    const ZoneLoader loader(store, [&](const auto&) { ++published; });
  }
  CHECK(published == 0);
}

TEST_CASE("Who asked for a reload learns what it came to") {
  TemporaryFile good(zoneText(1));
  TemporaryFile bad(zoneText(1));
  ZoneStore store(1);
  store.load({sourceOf(good, "good."), sourceOf(bad, "bad.")});
  good.write(zoneText(2));
  bad.write("@ SOA nonsense\n");
  std::promise<ZoneReload> reported;
  ZoneLoader loader(store, [](const auto&) {});
  loader.request([&](const ZoneReload& reload) { reported.set_value(reload); });
  const ZoneReload reload = reported.get_future().get();
  CHECK(reload.zones == 2);
  CHECK(reload.loaded == 1);
  CHECK(reload.failed == 1);
  CHECK(reload.missing == 0);
  REQUIRE(!reload.errors.empty());
  CHECK(reload.errors.front().starts_with(bad.path() + ":1:"));
}

TEST_CASE("One zone is loaded again when it is named, whether its file changed or not, and the others are not") {
  TemporaryFile one(zoneText(1));
  TemporaryFile other(zoneText(1));
  ZoneStore store(1);
  store.load({sourceOf(one, "one."), sourceOf(other, "other.")});
  other.write(zoneText(2));
  Published published;
  std::promise<ZoneReload> reported;
  ZoneLoader loader(store, [&](const ZonePublication& publication) { published(publication); });
  loader.requestZone(Name("one."), [&](const ZoneReload& reload) { reported.set_value(reload); });
  CHECK(reported.get_future().get().loaded == 1);
  published.waitFor(Name("other."), 1);
  std::promise<ZoneReload> unknown;
  loader.requestZone(Name("unknown."), [&](const ZoneReload& reload) { unknown.set_value(reload); });
  CHECK(unknown.get_future().get().loaded == 0);
}

TEST_CASE("Who has a version installed learns when all that answer have it, and when it is left out") {
  const auto zone = parseZone(zoneText(1), Name("in.")).zone;
  ZoneSource source;
  source.origin = Name("in.");
  source.isSecondary = true;
  ZoneStore store(1);
  store.load({source});
  // Of two threads that answer.
  std::promise<ZonePublication> first;
  std::promise<ZonePublication> second;
  bool isFirst = true;
  ZoneLoader loader(store, [&](const ZonePublication& publication) {
    if (!std::exchange(isFirst, false)) return;
    first.set_value(publication);
    second.set_value(publication);
  });
  std::promise<void> served;
  std::future<void> isServed = served.get_future();
  loader.install({zone}, [&] { served.set_value(); });
  ZonePublication one = first.get_future().get();
  ZonePublication other = second.get_future().get();
  CHECK(one.zones->get(Name("in.")) == zone);
  first = {};
  second = {};
  one = {};
  CHECK(isServed.wait_for(std::chrono::seconds(0)) == std::future_status::timeout);
  other = {};
  isServed.get();

  std::promise<void> leftOut;
  loader.install({parseZone(zoneText(1), Name("unknown.")).zone}, [&] { leftOut.set_value(); });
  leftOut.get_future().get();
}

TEST_CASE("What gave way is given up by the loader's thread, when no other thread has it any more") {
  std::promise<std::thread::id> freed;
  const auto zone = parseZone(zoneText(1), Name("in.")).zone;
  std::shared_ptr<const Zone> first(zone.get(), [&](const Zone*) { freed.set_value(std::this_thread::get_id()); });
  ZoneSource source;
  source.origin = Name("in.");
  source.isSecondary = true;
  ZoneStore store(1);
  store.load({source});
  std::promise<RetiredVersions> published;
  ZoneLoader loader(store, [&](const ZonePublication& publication) {
    store.takeNews();
    if (publication.zones->get(Name("in."))->serial() == 2) published.set_value(*publication.retired);
  });
  std::promise<void> served;
  loader.install({std::move(first)}, [&] { served.set_value(); });
  served.get_future().get();
  loader.install({parseZone(zoneText(2), Name("in.")).zone});
  std::future<std::thread::id> place = freed.get_future();
  {
    const RetiredVersions answering = published.get_future().get();
    published = {};
    REQUIRE(answering.size() == 1);
    CHECK(answering.front()->serial() == 1);
    CHECK(place.wait_for(std::chrono::seconds(0)) == std::future_status::timeout);
  }
  CHECK(place.get() != std::this_thread::get_id());
}

TEST_CASE("A request for all files loads what has not changed, and the next request does not") {
  const TemporaryFile file(zoneText(1));
  ZoneStore store(1);
  store.load({sourceOf(file, "example.")});
  ZoneLoader loader(store, [](const auto&) {});
  for (const std::size_t loaded : {1U, 0U}) {
    std::promise<ZoneReload> reported;
    loader.request([&](const ZoneReload& reload) { reported.set_value(reload); },
                   loaded == 1 ? Reread::all : Reread::changed);
    CHECK(reported.get_future().get().loaded == loaded);
  }
}

}  // namespace zone_loader_test
