#include "memory_shortage.hpp"

#include <atomic>
#include <chrono>

#include "taut/base/clock.hpp"
#include "taut/base/log.hpp"

namespace taut {

namespace {

constexpr std::chrono::minutes interval{1};

std::atomic<TimePoint::rep> nextReport{TimePoint::min().time_since_epoch().count()};

}  // namespace

void reportMemoryShortage() noexcept {
  const TimePoint now = Clock::system().now();
  auto next = nextReport.load(std::memory_order_relaxed);
  if (now.time_since_epoch().count() < next) return;
  if (nextReport.compare_exchange_strong(next, (now + interval).time_since_epoch().count(), std::memory_order_relaxed))
    log::error("there is not enough memory: queries and connections are dropped");
}

}  // namespace taut
