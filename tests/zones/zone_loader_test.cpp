#include "taut/zones/zone_loader.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

#include <doctest/doctest.h>

#include "zones/zone_files.hpp"

using namespace taut;
using test::sourceOf;
using test::zoneText;

namespace {

// The last publication, on any thread.
class Published {
 public:
  void operator()(std::shared_ptr<const ZoneSet> zones) {
    const std::lock_guard lock(mutex_);
    zones_ = std::move(zones);
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
  ZoneLoader loader(store, [&](std::shared_ptr<const ZoneSet> zones) { published(std::move(zones)); });
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
