#include "taut/dns/serial_policy.hpp"

namespace taut {

namespace {

// Of a year that four digits hold, and up to 4294 it fits a serial.
std::uint32_t dateNumber(std::chrono::sys_seconds now) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(now));
  const auto year = static_cast<std::uint32_t>(static_cast<int>(day.year()));
  return ((year * 100 + static_cast<unsigned>(day.month())) * 100 + static_cast<unsigned>(day.day())) * 100;
}

}  // namespace

Serial nextSerial(SerialPolicy policy, Serial last, std::chrono::sys_seconds now) {
  Serial next = last.next();
  if (policy == SerialPolicy::unixtime) next = Serial(static_cast<std::uint32_t>(now.time_since_epoch().count()));
  if (policy == SerialPolicy::date) next = Serial(dateNumber(now));
  return next.value() != 0 && isNewer(next, last) ? next : last.next();
}

}  // namespace taut
