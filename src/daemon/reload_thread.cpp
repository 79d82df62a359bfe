#include "reload_thread.hpp"

#include <new>
#include <utility>

#include "taut/base/log.hpp"

namespace taut {

namespace {

// One that does what each of the two does.
ReloadOrder together(const ReloadOrder& one, const ReloadOrder& other) {
  ReloadOrder both = one;
  if (one.what != other.what) both.what = ReloadOrder::What::all;
  if (other.reread == Reread::all) both.reread = Reread::all;
  return both;
}

}  // namespace

ReloadThread::ReloadThread(Reload reload)
    : reload_(std::move(reload)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

ReloadThread::~ReloadThread() {
  stop();
}

void ReloadThread::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void ReloadThread::request(const ReloadOrder& order, Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (done) waiting_.push_back(std::move(done));
    ordered_ = ordered_ ? together(*ordered_, order) : order;
  }
  wanted_.notify_one();
}

void ReloadThread::run(const std::stop_token& stop) {
  for (;;) {
    ReloadOrder order;
    std::vector<Done> waiting;
    {
      std::unique_lock lock(mutex_);
      if (!wanted_.wait(lock, stop, [this] { return ordered_.has_value(); })) return;
      order = *std::exchange(ordered_, std::nullopt);
      waiting.swap(waiting_);
    }
    if (stop.stop_requested()) return;
    try {
      reload_(order, [waiting = std::move(waiting)](const ReloadReport& report) {
        for (const Done& done : waiting) done(report);
      });
    } catch (const std::bad_alloc&) {
      log::error("the configuration is not read again: there is not enough memory");
    }
  }
}

}  // namespace taut
