#include "taut/io/shard.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "taut/base/log.hpp"
#include "taut/coro/log_failure.hpp"

namespace taut {

namespace {

// So many functions are posted without an allocation: a stop always gets through.
constexpr std::size_t usuallyPosted = 16;

UniqueFd makeEventFd() {
  UniqueFd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd) throw std::system_error(errno, std::generic_category(), "eventfd");
  return fd;
}

}  // namespace

Shard::Shard(const ShardOptions& options)
    : clock_(*options.clock),
      turnClock_(clock_),
      engine_(Engine::make(options.engine)),
      eventFd_(makeEventFd()),
      wakeup_(*engine_, eventFd_.get()) {
  posted_.reserve(usuallyPosted);
  running_.reserve(usuallyPosted);
}

Shard::~Shard() = default;

Shard::Running::Running(Shard& shard) : shard_(shard) {
  shard_.beginTurn();
  shard_.engine_->enterThread();
  shard_.wakeup_.arm();
}

Shard::Running::~Running() {
  shard_.endTurn();
  shard_.wakeup_.disarm();
  try {
    // Once in any case, for what was gathered in the last turn.
    do shard_.engine_->poll(shard_.wakeup_.inFlight() ? std::nullopt : std::optional(Duration::zero()));
    while (shard_.wakeup_.inFlight());
  } catch (const std::exception& error) {
    log::error("a shard could not end in order: {}", error.what());
  }
  // The next run calls what was posted and not called yet.
  shard_.wakeup_.woken = false;
  shard_.engine_->leaveThread();
}

void Shard::post(std::function<void()> function) {
  {
    const std::scoped_lock lock(postedMutex_);
    if (isClosed_) return;
    posted_.push_back(std::move(function));
  }
  const std::uint64_t one = 1;
  // Fails only where the counter is full, and then the shard is awake already.
  [[maybe_unused]] const auto written = ::write(eventFd_.get(), &one, sizeof one);
}

void Shard::close() noexcept {
  std::vector<std::function<void()>> dropped;
  const std::scoped_lock lock(postedMutex_);
  isClosed_ = true;
  dropped.swap(posted_);
}

void Shard::runPosted() noexcept {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto read = ::read(eventFd_.get(), &count, sizeof count);
  {
    const std::scoped_lock lock(postedMutex_);
    running_.swap(posted_);
  }
  for (const auto& function : running_) {
    try {
      function();
    } catch (...) {
      detail::logFailure("what was posted to a shard failed", std::current_exception());
    }
  }
  running_.clear();
}

std::optional<Duration> Shard::waitLimit(bool mayWait) noexcept {
  if (!mayWait || engine_->hasRunnable()) return Duration::zero();
  const auto deadline = timers_.next();
  if (!deadline) return std::nullopt;
  return clock_.waitFor(*deadline, awaitedOfThreads_ > 0);
}

void Shard::turn(bool mayWait) {
  const auto limit = waitLimit(mayWait);
  endTurn();
  const auto completions = engine_->poll(limit);
  if (completions == 0 && limit && limit->count() > 0) {
    if (const auto deadline = timers_.next()) clock_.waitedFor(*deadline);
  }
  completions_.add(completions);
  beginTurn();
  timers_.expire(now());
  if (wakeup_.woken) {
    wakeup_.woken = false;
    runPosted();
    wakeup_.arm();
  }
  engine_->resumeRunnable();
}

}  // namespace taut
