#include "zone_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "taut/base/signals_blocked.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/zone/zone_writer.hpp"

namespace taut {

namespace {

// The end has been asked for.
class Stopped final : public std::exception {};

// A file that goes again unless it has taken its place.
class NewFile {
 public:
  explicit NewFile(std::string path) : path_(std::move(path)) {
    constexpr mode_t mode = S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH;
    fd_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (!fd_) fail();
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() {
    if (!inPlace_ && fd_) ::unlink(path_.c_str());
  }

  void write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t written = ::write(fd_.get(), text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail();
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void takePlaceOf(const std::string& path) {
    if (::fsync(fd_.get()) != 0 || ::rename(path_.c_str(), path.c_str()) != 0) fail();
    inPlace_ = true;
  }

 private:
  [[noreturn]] static void fail() { throw std::system_error(errno, std::generic_category()); }

  const std::string path_;
  UniqueFd fd_;
  bool inPlace_ = false;
};

void writeFile(const std::string& path, const Zone& version, const std::stop_token& stop) {
  NewFile file(path + ".new");
  writeZone(version, [&](std::string_view text) {
    if (stop.stop_requested()) throw Stopped();
    file.write(text);
  });
  file.takePlaceOf(path);
}

std::string errorOf(const std::exception& error) {
  const auto* const failure = dynamic_cast<const std::system_error*>(&error);
  return failure ? failure->code().message() : reasonOf(error);
}

}  // namespace

void ZoneFiles::write(const std::string& path, std::shared_ptr<const Zone> version, Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    auto [order, isNew] = orders_.try_emplace(path);
    if (isNew) queue_.push_back(path);
    order->second.version = std::move(version);
    if (done) order->second.waiting.push_back(std::move(done));
    if (!thread_.joinable()) {
      const SignalsBlocked blocked;
      thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    }
  }
  wanted_.notify_one();
}

void ZoneFiles::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void ZoneFiles::run(const std::stop_token& stop) {
  for (;;) {
    std::string path;
    Order order;
    {
      std::unique_lock lock(mutex_);
      if (!wanted_.wait(lock, stop, [this] { return !queue_.empty(); })) return;
      path = std::move(queue_.front());
      queue_.pop_front();
      order = std::move(orders_.extract(path).mapped());
    }
    std::string error;
    try {
      writeFile(path, *order.version, stop);
    } catch (const Stopped&) {
      return;
    } catch (const std::exception& failure) {
      error = fmt::format("{} cannot be written: {}", path, errorOf(failure));
    }
    tell(path, error);
    for (const Done& done : order.waiting) done(error);
  }
}

void ZoneFiles::tell(const std::string& path, const std::string& error) {
  if (error.empty()) {
    if (failing_.erase(path) > 0) log::info("{} is written again", path);
  } else if (failing_.insert(path).second) {
    log::error("{}; the zone is served, and comes by a transfer after the next start", error);
  }
}

}  // namespace taut
