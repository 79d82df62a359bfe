#include "taut/io/clock.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace taut {

namespace {

class SystemClock final : public Clock {
 public:
  TimePoint now() noexcept override { return std::chrono::steady_clock::now(); }
  std::optional<Duration> waitFor(TimePoint deadline) noexcept override {
    return std::max(deadline - now(), Duration::zero());
  }
  void waitedFor(TimePoint) noexcept override {}
};

}  // namespace

Clock& Clock::system() noexcept {
  static SystemClock clock;
  return clock;
}

std::optional<Duration> ManualClock::waitFor(TimePoint deadline) noexcept {
  if (deadline <= now_) return Duration::zero();
  return grace_;
}

void ManualClock::waitedFor(TimePoint deadline) noexcept {
  if (grace_ && now_ < deadline) now_ = deadline;
}

}  // namespace taut
