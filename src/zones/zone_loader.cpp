#include "taut/zones/zone_loader.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"

namespace taut {

namespace {

constexpr std::chrono::milliseconds betweenReclaims{100};

}  // namespace

ZoneLoader::ZoneLoader(ZoneStore& store, ZoneStore::Publish publish)
    : store_(store), publish_(std::move(publish)), zones_(store.zones()) {
  store_.setMeanwhile([this] { installWaiting(); });
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

ZoneLoader::~ZoneLoader() {
  thread_ = {};  // stopped and joined
  store_.setMeanwhile({});
}

// With the lock. What is asked for while a reload waits is done by that reload.
void ZoneLoader::want(Done done, Reread reread) {
  if (done) waiting_.push_back(std::move(done));
  reread_ = requested_ ? std::max(reread_, reread) : reread;
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
  reclaim();
  std::unique_lock lock(mutex_);
  const auto isAsked = [this] { return requested_ || !zoneRequests_.empty(); };
  const auto hasWork = [&] { return isAsked() || !installs_.versions.empty(); };
  while (!hasWork()) {
    if (retired_.empty())
      wanted_.wait(lock, stop, hasWork);
    else
      wanted_.wait_for(lock, stop, betweenReclaims, hasWork);
    if (stop.stop_requested()) return std::nullopt;
    lock.unlock();
    reclaim();
    lock.lock();
  }
  if (!isAsked()) wanted_.wait_until(lock, stop, nextInstall_, isAsked);
  if (stop.stop_requested()) return std::nullopt;
  Work work;
  work.all = std::exchange(requested_, false);
  work.reread = reread_;
  if (work.all) work.sources = std::exchange(sources_, std::nullopt);
  work.waiting.swap(waiting_);
  work.zones.swap(zoneRequests_);
  work.installs = std::exchange(installs_, {});
  return work;
}

// Gives back what nobody answers from any more, so that no thread that answers has to: of a large zone that takes
// milliseconds.
void ZoneLoader::reclaim() {
  const auto now = std::chrono::steady_clock::now();
  if (now < nextReclaim_) return;
  nextReclaim_ = now + betweenReclaims;
  std::erase_if(retired_, [](const auto& object) { return object.use_count() == 1; });
}

void ZoneLoader::publish(const ZonePublication& publication) {
  if (publication.retired) retired_.insert(retired_.end(), publication.retired->begin(), publication.retired->end());
  if (publication.zones != zones_) {
    if (zones_) retired_.push_back(zones_);
    zones_ = publication.zones;
  }
  publish_(publication);
}

// What waits while zones are loaded.
void ZoneLoader::installWaiting() {
  Installs installs;
  {
    const std::lock_guard lock(mutex_);
    if (installs_.versions.empty() || std::chrono::steady_clock::now() < nextInstall_) return;
    installs = std::exchange(installs_, {});
  }
  installAll(std::move(installs));
}

// Where a set has to be made for them, the next ones wait, so that sets take only a part of the time.
void ZoneLoader::installAll(Installs installs) {
  using SteadyClock = std::chrono::steady_clock;
  constexpr int share = 20;  // one part in so many at most
  const auto begin = SteadyClock::now();
  const std::shared_ptr<const ZoneSet> before = zones_;
  const std::shared_ptr<const void> served(nullptr, [called = std::move(installs.served)](const void*) {
    for (const auto& function : called) function();
  });
  try {
    store_.install(std::move(installs.versions), [&](ZonePublication publication) {
      publication.served = served;
      publish(publication);
    });
  } catch (const std::exception& error) {
    log::error("versions of zones could not be served: {}", reasonOf(error));
  }
  const auto end = SteadyClock::now();
  if (zones_ != before) nextInstall_ = end + share * (end - begin);
}

void ZoneLoader::run(const std::stop_token& stop) {
  const auto publishes = [this](const ZonePublication& publication) { publish(publication); };
  while (auto work = nextWork(stop)) {
    if (!work->installs.versions.empty()) installAll(std::move(work->installs));
    if (work->all) {
      const ZoneReload reload = report([&] {
        if (work->sources) store_.replaceSources(std::move(work->sources->zones), work->sources->lists);
        return store_.reload(publishes, stop, work->reread);
      });
      if (stop.stop_requested()) return;
      for (const Done& done : work->waiting) done(reload);
    }
    for (const ZoneRequest& zone : work->zones) {
      const ZoneReload reload = report([&] { return store_.reloadZone(zone.origin, publishes, stop, zone.view); });
      if (stop.stop_requested()) return;
      if (zone.done) zone.done(reload);
    }
  }
}

}  // namespace taut
