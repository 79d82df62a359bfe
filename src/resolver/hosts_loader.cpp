#include "taut/resolver/hosts_loader.hpp"

#include <exception>
#include <utility>

#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"

namespace taut {

HostsLoader::HostsLoader(HostsFile& file, Publish publish)
    : file_(file), publish_(std::move(publish)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

HostsLoader::~HostsLoader() = default;

void HostsLoader::request() {
  {
    const std::lock_guard lock(mutex_);
    requested_ = true;
  }
  wanted_.notify_one();
}

void HostsLoader::run(const std::stop_token& stop) {
  for (;;) {
    bool requested = false;
    {
      std::unique_lock lock(mutex_);
      wanted_.wait_for(lock, stop, WatchedFile::checkInterval, [this] { return requested_; });
      requested = std::exchange(requested_, false);
    }
    if (stop.stop_requested()) return;
    try {
      if (requested ? file_.reload() : file_.refresh()) publish_(file_.table());
    } catch (const std::exception& error) {
      log::error("the hosts file could not be loaded: {}", reasonOf(error));
    }
  }
}

}  // namespace taut
