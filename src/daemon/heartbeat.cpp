#include "heartbeat.hpp"

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <utility>

namespace taut {

Heartbeat::Heartbeat(ServiceManager& manager, std::chrono::microseconds timeOut, IsAlive isAlive)
    : manager_(manager),
      interval_(timeOut / 2),
      isAlive_(std::move(isAlive)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Heartbeat::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    if (isAlive_(std::chrono::ceil<std::chrono::milliseconds>(interval_))) manager_.alive();
    stopped.wait_for(lock, stop, interval_, [] { return false; });
  }
}

}  // namespace taut
