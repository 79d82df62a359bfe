#include "taut/zones/zone_loader.hpp"

#include <exception>
#include <utility>

#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"

namespace taut {

ZoneLoader::ZoneLoader(ZoneStore& store, ZoneStore::Publish publish)
    : store_(store), publish_(std::move(publish)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

ZoneLoader::~ZoneLoader() = default;

void ZoneLoader::request() {
  {
    const std::lock_guard lock(mutex_);
    requested_ = true;
  }
  wanted_.notify_one();
}

void ZoneLoader::run(const std::stop_token& stop) {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (!wanted_.wait(lock, stop, [this] { return requested_; })) return;
      requested_ = false;
    }
    try {
      store_.reload(publish_, stop);
    } catch (const std::exception& error) {
      log::error("zones could not be loaded: {}", reasonOf(error));
    }
  }
}

}  // namespace taut
