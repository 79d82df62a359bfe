#include "service_manager.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "taut/base/log.hpp"
#include "taut/base/parse_number.hpp"
#include "taut/net/send_descriptors.hpp"

namespace taut {

namespace {

std::string_view variable(const char* name) {
  const char* const value = std::getenv(name);
  return value ? std::string_view(value) : std::string_view();
}

std::optional<std::int64_t> positiveNumber(std::string_view text) {
  const auto number = parseNumber<std::int64_t>(text);
  return number && *number > 0 ? number : std::nullopt;
}

// Meant for this process, or for any.
std::optional<std::chrono::microseconds> watchdogOfEnvironment() {
  const auto time = positiveNumber(variable("WATCHDOG_USEC"));
  const auto process = positiveNumber(variable("WATCHDOG_PID"));
  if (!time || (process && *process != ::getpid())) return std::nullopt;
  return std::chrono::microseconds(*time);
}

std::int64_t monotonicMicroseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

}  // namespace

// While any copy of it is there, the server reloads.
class ServiceManager::Reload {
 public:
  Reload(ServiceManager& manager, std::function<std::string()> status)
      : manager_(manager), status_(std::move(status)) {}
  Reload(const Reload&) = delete;
  Reload& operator=(const Reload&) = delete;
  ~Reload() {
    try {
      manager_.reloaded(status_());
    } catch (const std::exception& error) {
      log::warning("the service manager does not hear of the reload's end: {}", error.what());
    }
  }

 private:
  ServiceManager& manager_;
  std::function<std::string()> status_;
};

ServiceManager::ServiceManager() : watchdog_(watchdogOfEnvironment()) {
  const std::string_view name = variable("NOTIFY_SOCKET");
  if (!name.empty()) connect(name);
}

// A name that begins with @ is one without a file. The socket is connected now, while the process may still do so.
void ServiceManager::connect(std::string_view name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const bool isAbstract = name.front() == '@';
  if ((name.front() != '/' && !isAbstract) || name.size() >= sizeof address.sun_path) {
    log::warning("NOTIFY_SOCKET={}: expected a path, or a name that begins with @, of at most {} octets", name,
                 sizeof address.sun_path - 1);
    return;
  }
  name.copy(address.sun_path, name.size());
  if (isAbstract) address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (isAbstract ? 0 : 1));
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) {
    log::warning("NOTIFY_SOCKET={}: {}", name, std::generic_category().message(errno));
    return;
  }
  const timeval patience{1, 0};  // a manager that does not read keeps no thread for longer
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  socket_ = std::move(socket);
}

void ServiceManager::ready(const std::string& status, bool isMain) {
  std::string text = fmt::format("READY=1\nSTATUS={}", status);
  if (isMain) text += fmt::format("\nMAINPID={}", ::getpid());
  const std::scoped_lock lock(mutex_);
  if (!isStopping_) say(text);
}

std::shared_ptr<void> ServiceManager::reloading(std::function<std::string()> status) {
  if (!isThere()) return nullptr;
  auto reload = std::make_shared<Reload>(*this, std::move(status));
  const std::scoped_lock lock(mutex_);
  if (reloads_++ == 0 && !isStopping_)
    say(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\nSTATUS=reloading", monotonicMicroseconds()));
  return reload;
}

void ServiceManager::reloaded(const std::string& status) {
  const std::scoped_lock lock(mutex_);
  if (--reloads_ == 0 && !isStopping_) say(fmt::format("READY=1\nSTATUS={}", status));
}

void ServiceManager::stopping() {
  const std::scoped_lock lock(mutex_);
  if (!std::exchange(isStopping_, true)) say("STOPPING=1\nSTATUS=answering what has come");
}

void ServiceManager::leave() {
  const std::scoped_lock lock(mutex_);
  isSilent_ = true;
}

// An error that a client's ICMP message leaves on a socket is no reason to give it up, hence FDPOLL.
void ServiceManager::store(std::span<const int> sockets, std::string_view name) {
  const std::scoped_lock lock(mutex_);
  for (; !sockets.empty(); sockets = sockets.subspan(std::min(sockets.size(), maxSentDescriptors)))
    say(fmt::format("FDSTORE=1\nFDPOLL=0\nFDNAME={}", name),
        sockets.first(std::min(sockets.size(), maxSentDescriptors)));
}

void ServiceManager::forget(std::string_view name) {
  const std::scoped_lock lock(mutex_);
  say(fmt::format("FDSTOREREMOVE=1\nFDNAME={}", name));
}

void ServiceManager::alive() {
  const std::scoped_lock lock(mutex_);
  say("WATCHDOG=1");
}

// With the lock.
void ServiceManager::say(const std::string& text, std::span<const int> sockets) {
  if (!isThere() || isSilent_) return;
  const int error = sendDescriptors(socket_.get(), text, sockets);
  if (error != 0 && !std::exchange(complained_, true))
    log::warning("the service manager does not hear of this server: {}", std::generic_category().message(error));
}

}  // namespace taut
