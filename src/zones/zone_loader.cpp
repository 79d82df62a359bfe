#include "taut/zones/zone_loader.hpp"

#include <chrono>
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

void ZoneLoader::install(ZoneInstall version, std::function<void()> served) {
  {
    const std::lock_guard lock(mutex_);
    installs_.versions.push_back(std::move(version));
    if (served) installs_.served.push_back(std::move(served));
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

// Versions of secondaries wait until the next publication is due.
std::optional<ZoneLoader::Work> ZoneLoader::nextWork(const std::stop_token& stop) {
  Work work;
  std::unique_lock lock(mutex_);
  const auto isAsked = [this] { return requested_ || !zoneRequests_.empty(); };
  if (!wanted_.wait(lock, stop, [&] { return isAsked() || !installs_.versions.empty(); })) return std::nullopt;
  if (!isAsked()) wanted_.wait_until(lock, stop, nextInstall_, isAsked);
  if (stop.stop_requested()) return std::nullopt;
  work.all = std::exchange(requested_, false);
  work.reread = std::exchange(reread_, Reread::changed);
  if (work.all) work.sources = std::exchange(sources_, std::nullopt);
  work.waiting.swap(waiting_);
  work.zones.swap(zoneRequests_);
  work.installs = std::exchange(installs_, {});
  return work;
}

void ZoneLoader::installAll(Installs installs) {
  using Clock = std::chrono::steady_clock;
  constexpr int share = 20;  // of its time, publications take one in so many at most
  const auto begin = Clock::now();
  const std::shared_ptr<const void> served(nullptr, [called = std::move(installs.served)](const void*) {
    for (const auto& function : called) function();
  });
  try {
    store_.install(std::move(installs.versions), [&](const ZonePublication& publication) {
      publish_({publication.zones, served});
    });
  } catch (const std::exception& error) {
    log::error("versions of secondary zones could not be served: {}", reasonOf(error));
  }
  const auto end = Clock::now();
  nextInstall_ = end + share * (end - begin);
}

void ZoneLoader::run(const std::stop_token& stop) {
  while (auto work = nextWork(stop)) {
    if (!work->installs.versions.empty()) installAll(std::move(work->installs));
    if (work->all) {
      const ZoneReload reload = report([&] {
        if (work->sources) store_.replaceSources(std::move(work->sources->zones), work->sources->lists);
        return store_.reload(publish_, stop, work->reread);
      });
      if (stop.stop_requested()) return;
      for (const Done& done : work->waiting) done(reload);
    }
    for (const ZoneRequest& zone : work->zones) {
      const ZoneReload reload = report([&] { return store_.reloadZone(zone.origin, publish_, stop, zone.view); });
      if (stop.stop_requested()) return;
      if (zone.done) zone.done(reload);
    }
  }
}

}  // namespace taut
