#include "taut/base/clock.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace taut {

namespace {

constexpr std::chrono::seconds graceForThread{1};

class SystemClock final : public Clock {
 public:
  TimePoint now() const noexcept override { return std::chrono::steady_clock::now(); }
  WallTime wallTime() const noexcept override { return std::chrono::system_clock::now(); }
};

}  // namespace

std::optional<Duration> Clock::waitFor(TimePoint deadline, [[maybe_unused]] bool forThread) const noexcept {
  return std::max(deadline - now(), Duration::zero());
}

Clock& Clock::system() noexcept {
  static SystemClock clock;
  return clock;
}

WallTime ManualClock::wallTime() const noexcept {
  constexpr WallTime start = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
  return start + std::chrono::duration_cast<WallTime::duration>(now_.time_since_epoch());
}

std::optional<Duration> ManualClock::waitFor(TimePoint deadline, bool forThread) const noexcept {
  if (deadline <= now_) return Duration::zero();
  if (grace_ && forThread) return graceForThread;
  return grace_;
}

void ManualClock::waitedFor(TimePoint deadline) noexcept {
  if (grace_ && now_ < deadline) now_ = deadline;
}

}  // namespace taut
