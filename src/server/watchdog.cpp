#include "watchdog.hpp"

#include <chrono>
#include <new>
#include <string>
#include <system_error>

#include "taut/base/clock.hpp"
#include "taut/base/log.hpp"
#include "taut/server/current_query.hpp"

namespace taut {

namespace {

constexpr std::chrono::milliseconds interval{500};

double inSeconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::string questionOf(CurrentQuery& current) {
  try {
    const auto question = current.describe();
    return question ? *question : "no question that has just come";
  } catch (const std::bad_alloc&) {
    return "a question";
  }
}

}  // namespace

Watchdog::Watchdog(std::span<const std::unique_ptr<ShardThread>> shards) {
  for (const auto& shard : shards) shards_.push_back({shard.get(), {}});
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    throw std::system_error(error.code(), "the thread that watches the others cannot be started");
  }
}

Watchdog::~Watchdog() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Watchdog::run() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, interval, [this] { return ending_; }))
    for (std::size_t number = 0; number < shards_.size(); ++number) look(number, shards_[number]);
}

// The question is that of the turn that has lasted for so long, and not of one that came since.
void Watchdog::look(std::size_t number, Watched& watched) {
  const Shard& shard = watched.thread->shard();
  const auto busySince = shard.busySince();
  const auto remark = watched.watch.look(busySince, shard.clock().now());
  if (remark == BusyWatch::Remark::nothing) return;
  const double seconds = inSeconds(watched.watch.busyFor());
  if (remark == BusyWatch::Remark::goesOn) {
    log::warning("shard {} goes on, after {:.1f} s at most", number, seconds);
    return;
  }
  const std::string question = questionOf(watched.thread->factory().waitingQueries().current());
  if (shard.busySince() != busySince) return;
  watched.watch.said();
  log::warning("shard {} has been busy for {:.1f} s with {}: its clients wait", number, seconds, question);
}

}  // namespace taut
