#include "reload_thread.hpp"

#include <new>
#include <utility>

#include "taut/base/log.hpp"

namespace taut {

ReloadThread::ReloadThread(std::function<void(Done)> reload)
    : reload_(std::move(reload)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

ReloadThread::~ReloadThread() {
  stop();
}

void ReloadThread::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void ReloadThread::request(Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (done) waiting_.push_back(std::move(done));
    requested_ = true;
  }
  wanted_.notify_one();
}

void ReloadThread::run(const std::stop_token& stop) {
  for (;;) {
    std::vector<Done> waiting;
    {
      std::unique_lock lock(mutex_);
      if (!wanted_.wait(lock, stop, [this] { return requested_; })) return;
      requested_ = false;
      waiting.swap(waiting_);
    }
    if (stop.stop_requested()) return;
    try {
      reload_([waiting = std::move(waiting)](const ZoneReload& report) {
        for (const Done& done : waiting) done(report);
      });
    } catch (const std::bad_alloc&) {
      log::error("the configuration is not read again: there is not enough memory");
    }
  }
}

}  // namespace taut
