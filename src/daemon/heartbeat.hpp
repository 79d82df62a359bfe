// Tells the service manager that the server is alive, twice in the time that it wants to hear of it, and not while one
// of the server's threads stands still: the manager then starts it again.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

#include "service_manager.hpp"

namespace taut {

class Heartbeat {
 public:
  // Whether all threads have looked for what has come in within the time. Called on a thread of its own.
  using IsAlive = std::function<bool(std::chrono::milliseconds limit)>;

  // `timeOut` is the manager's. The manager outlives it. Throws std::system_error where there is no thread to be had.
  Heartbeat(ServiceManager& manager, std::chrono::microseconds timeOut, IsAlive isAlive);
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;
  ~Heartbeat() = default;

 private:
  void run(const std::stop_token& stop);

  ServiceManager& manager_;
  const std::chrono::microseconds interval_;
  const IsAlive isAlive_;
  std::jthread thread_;  // last: it uses what is above
};

}  // namespace taut
