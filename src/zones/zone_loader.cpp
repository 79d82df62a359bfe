#include "taut/zones/zone_loader.hpp"

#include <exception>
#include <utility>

#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"

namespace taut {

ZoneLoader::ZoneLoader(ZoneStore& store, ZoneStore::Publish publish)
    : store_(store), publish_(std::move(publish)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

ZoneLoader::~ZoneLoader() = default;

void ZoneLoader::request(Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (done) waiting_.push_back(std::move(done));
    requested_ = true;
  }
  wanted_.notify_one();
}

void ZoneLoader::run(const std::stop_token& stop) {
  for (;;) {
    std::vector<Done> waiting;
    {
      std::unique_lock lock(mutex_);
      if (!wanted_.wait(lock, stop, [this] { return requested_; })) return;
      requested_ = false;
      waiting.swap(waiting_);
    }
    ZoneReload report;
    try {
      report = store_.reload(publish_, stop);
    } catch (const std::exception& error) {
      report.error = reasonOf(error);
      log::error("zones could not be loaded: {}", report.error);
    }
    if (stop.stop_requested()) return;
    for (const Done& done : waiting) done(report);
  }
}

}  // namespace taut
