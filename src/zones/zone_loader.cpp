#include "taut/zones/zone_loader.hpp"

#include <exception>
#include <utility>

#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"

namespace taut {

ZoneLoader::ZoneLoader(ZoneStore& store, ZoneStore::Publish publish)
    : store_(store), publish_(std::move(publish)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

ZoneLoader::~ZoneLoader() = default;

// With the lock. What is asked for while a reload waits is done by that reload.
void ZoneLoader::want(Done done, Reread reread) {
  if (done) waiting_.push_back(std::move(done));
  if (reread == Reread::all) reread_ = reread;
  requested_ = true;
}

void ZoneLoader::request(Done done, Reread reread) {
  {
    const std::lock_guard lock(mutex_);
    want(std::move(done), reread);
  }
  wanted_.notify_one();
}

void ZoneLoader::replaceSources(std::vector<ZoneSource> sources, std::vector<std::string> lists, Done done,
                                Reread reread) {
  {
    const std::lock_guard lock(mutex_);
    want(std::move(done), reread);
    sources_ = Sources{std::move(sources), std::move(lists)};
  }
  wanted_.notify_one();
}

void ZoneLoader::requestZone(Name origin, Done done, std::string view) {
  {
    const std::lock_guard lock(mutex_);
    zoneRequests_.push_back({std::move(origin), std::move(done), std::move(view)});
  }
  wanted_.notify_one();
}

template <typename Load>
ZoneReload ZoneLoader::report(const Load& load) {
  try {
    return load();
  } catch (const std::exception& error) {
    log::error("zones could not be loaded: {}", reasonOf(error));
    ZoneReload failure;
    failure.addError(reasonOf(error));
    return failure;
  }
}

void ZoneLoader::run(const std::stop_token& stop) {
  for (;;) {
    bool all = false;
    Reread reread = Reread::changed;
    std::optional<Sources> sources;
    std::vector<Done> waiting;
    std::vector<ZoneRequest> zones;
    {
      std::unique_lock lock(mutex_);
      if (!wanted_.wait(lock, stop, [this] { return requested_ || !zoneRequests_.empty(); })) return;
      all = std::exchange(requested_, false);
      reread = std::exchange(reread_, Reread::changed);
      if (all) sources = std::exchange(sources_, std::nullopt);
      waiting.swap(waiting_);
      zones.swap(zoneRequests_);
    }
    if (all) {
      const ZoneReload reload = report([&] {
        if (sources) store_.replaceSources(std::move(sources->zones), sources->lists);
        return store_.reload(publish_, stop, reread);
      });
      if (stop.stop_requested()) return;
      for (const Done& done : waiting) done(reload);
    }
    for (const ZoneRequest& zone : zones) {
      const ZoneReload reload = report([&] { return store_.reloadZone(zone.origin, publish_, stop, zone.view); });
      if (stop.stop_requested()) return;
      if (zone.done) zone.done(reload);
    }
  }
}

}  // namespace taut
