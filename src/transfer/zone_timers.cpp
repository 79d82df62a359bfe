#include "taut/transfer/zone_timers.hpp"

#include <algorithm>
#include <cstdint>

#include "taut/base/random.hpp"
#include "taut/dns/rdata.hpp"

namespace taut {

namespace {

// From 0 to less than `limit`.
Duration randomBelow(Duration limit) {
  if (limit <= Duration::zero()) return Duration::zero();
  return Duration(static_cast<Duration::rep>(randomU64() % static_cast<std::uint64_t>(limit.count())));
}

std::chrono::seconds clampTimer(std::uint32_t seconds) {
  return std::clamp(std::chrono::seconds(seconds), ZoneTimers::least, ZoneTimers::most);
}

}  // namespace

ZoneTimers ZoneTimers::of(const Zone& zone) {
  ZoneTimers timers;
  const auto soa = rdata::read<rdata::SOA>(zone.soa().data.front());
  if (!soa) return timers;
  timers.refresh = clampTimer(soa->refresh);
  timers.retry = clampTimer(soa->retry);
  timers.expire = std::max(clampTimer(soa->expire), timers.refresh + timers.retry);
  timers.soaExpire = std::chrono::seconds(soa->expire);
  return timers;
}

Duration spread(Duration interval) {
  return interval - randomBelow(interval / 4);
}

Duration delayWithoutVersion(unsigned failures) {
  constexpr std::chrono::seconds longest{3600};
  constexpr unsigned doublings = 11;  // 2^12 seconds are more than the longest delay
  const Duration delay = std::min(longest, std::chrono::seconds(2) * (1 << std::min(failures - 1, doublings)));
  return delay / 2 + randomBelow(delay);
}

}  // namespace taut
