// The service manager that started the process, systemd or another that speaks its protocol (sd_notify(3)): it hears
// when the server is ready, reloads and ends, that it is alive, and it keeps the server's sockets over a restart. Where
// there is none, nothing is said. Any thread may use it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "taut/base/unique_fd.hpp"

namespace taut {

class ServiceManager {
 public:
  // As NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID say. Where the socket cannot be used, a line of the log says why.
  ServiceManager();
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  bool isThere() const { return static_cast<bool>(socket_); }

  // The process serves. `isMain`: from now on it is the one that the service consists of, in place of another one.
  void ready(const std::string& status, bool isMain = false);
  // A reload begins. It ends with the last copy of what is returned, and `status` says what is then.
  std::shared_ptr<void> reloading(std::function<std::string()> status);
  void stopping();
  // The service goes on in another process: whatever happens to this one is not told.
  void leave();

  // Keeps copies of these under the name, for the process that is started next.
  void store(std::span<const int> sockets, std::string_view name);
  // Gives up all that have the name.
  void forget(std::string_view name);

  // How often it wants to hear that the server is alive; nothing: not at all.
  std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }
  void alive();

 private:
  class Reload;

  void connect(std::string_view name);
  void say(const std::string& text, std::span<const int> sockets = {});
  void reloaded(const std::string& status);

  UniqueFd socket_;
  std::optional<std::chrono::microseconds> watchdog_;
  std::mutex mutex_;  // of what follows, and held while something is said
  std::size_t reloads_ = 0;
  bool isSilent_ = false;
  bool isStopping_ = false;
  bool complained_ = false;
};

}  // namespace taut
