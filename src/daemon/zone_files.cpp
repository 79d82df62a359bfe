#include "zone_files.hpp"

#include <sys/stat.h>

#include <exception>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "remove_file.hpp"
#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "taut/base/replacement_file.hpp"
#include "taut/base/signals_blocked.hpp"
#include "taut/zone/zone_writer.hpp"

namespace taut {

namespace {

// The end has been asked for.
class Stopped final : public std::exception {};

// What is wrong, or an empty text.
std::string writeFile(const std::string& path, const Zone& version, const std::stop_token& stop) {
  constexpr mode_t mode = S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH;
  ReplacementFile file(path, mode);
  writeZone(version, [&](std::string_view text) {
    if (stop.stop_requested()) throw Stopped();
    file.write(text);
  });
  const auto written = file.takePlace();
  return written.ok() ? std::string() : written.error();
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
      error = order.version ? writeFile(path, *order.version, stop) : removeFile(path);
    } catch (const Stopped&) {
      return;
    } catch (const std::exception& failure) {
      error = reasonOf(failure);
    }
    if (!error.empty()) error = fmt::format("{} cannot be written: {}", path, error);
    tell(path, error);
    for (const Done& done : order.waiting) done(error);
  }
}

void ZoneFiles::tell(const std::string& path, const std::string& error) {
  if (error.empty()) {
    if (failing_.erase(path) > 0) log::info("{} is written again", path);
  } else if (failing_.insert(path).second) {
    log::error("{}; the zone is served all the same", error);
  }
}

}  // namespace taut
