// The one place where time comes from. Code that counts time takes a Clock: the system's, a shard's, which stands still
// during a turn of its loop, or in tests one that is moved by hand, so that no test sleeps.
#pragma once

#include <chrono>
#include <optional>

namespace taut {

using Duration = std::chrono::steady_clock::duration;
using TimePoint = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;

  // Never goes back, and means nothing outside of this process.
  virtual TimePoint now() const noexcept = 0;
  // The time of the calendar. The operator may set it, also back.
  virtual WallTime wallTime() const noexcept = 0;

  // How long a shard that has nothing to do may really wait where its next timer is due at `deadline`; nullopt means
  // until something arrives. `forThread`: the result of another thread, which works by no clock, is awaited.
  virtual std::optional<Duration> waitFor(TimePoint deadline, bool forThread) const noexcept;
  // The wait for `deadline` ended and nothing had arrived.
  virtual void waitedFor([[maybe_unused]] TimePoint deadline) noexcept {}

  static Clock& system() noexcept;
};

// Its time moves by advance() only, and over idle waits after skipIdle(); its calendar begins in 2026 and moves with
// it. Used on the thread of its shard only.
class ManualClock final : public Clock {
 public:
  TimePoint now() const noexcept override { return now_; }
  WallTime wallTime() const noexcept override;
  std::optional<Duration> waitFor(TimePoint deadline, bool forThread) const noexcept override;
  void waitedFor(TimePoint deadline) noexcept override;

  void advance(Duration duration) noexcept { now_ += duration; }
  // From now on a shard that was really idle for `grace` jumps to its next deadline: an hour's time-out takes no longer
  // than that. The grace is for data that is on its way through the kernel. It is a second where the result of another
  // thread is awaited, which a loaded machine may keep from running.
  void skipIdle(Duration grace) noexcept { grace_ = grace; }

 private:
  TimePoint now_{std::chrono::hours(1)};
  std::optional<Duration> grace_;
};

}  // namespace taut
