#include "clock_skew_log.hpp"

#include <atomic>
#include <ctime>
#include <string>

#include <fmt/format.h>

#include "taut/base/log.hpp"

namespace taut {

namespace {

constexpr std::uint64_t pause = 60;  // seconds

// Whether it is time for a line, which only one of several threads is told.
bool mayLog(std::uint64_t now) {
  static std::atomic<std::uint64_t> lastLine{0};
  std::uint64_t last = lastLine.load(std::memory_order_relaxed);
  const bool isSoon = now >= last && now - last < pause;  // a clock that was set back has no lines to wait for
  return !isSoon && lastLine.compare_exchange_strong(last, now, std::memory_order_relaxed);
}

// The times of 48 bits that a client makes up may be none of the calendar's.
std::string timeText(std::uint64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  if (!gmtime_r(&time, &parts) || parts.tm_year > 9999 - 1900) return fmt::format("second {} since 1970", seconds);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace

void logClockSkew(const Query& query, const TsigRequest& request, std::uint64_t now) {
  if (!mayLog(now)) return;
  const bool isAhead = request.timeSigned > now;
  const std::uint64_t apart = isAhead ? request.timeSigned - now : now - request.timeSigned;
  log::warning(
      "TSIG key {} from {}: the client's clock says {}, this server's {}: {} s {}, and {} s are allowed (BADTIME)",
      request.keyName, query.peer(), timeText(request.timeSigned), timeText(now), apart, isAhead ? "ahead" : "behind",
      request.fudge);
}

}  // namespace taut
