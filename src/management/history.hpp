// What the server did in each of the last five minutes' seconds, so that a page shows it at once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "taut/base/clock.hpp"
#include "taut/server/server_statistics.hpp"

namespace taut {

// One second.
struct HistorySample {
  std::uint64_t questions = 0;
  // Replies by RCODE: NOERROR, NXDOMAIN, SERVFAIL, REFUSED, all others.
  std::array<std::uint64_t, 5> replies{};
  std::uint64_t dropped = 0;
  std::uint64_t cacheHits = 0;
  std::uint64_t cacheMisses = 0;
  std::uint64_t limited = 0;  // by the rate limit: dropped or truncated
  // Microseconds below which half of the queries, and 99 of 100, ended: the upper bounds of their ranges.
  std::uint64_t median = 0;
  std::uint64_t p99 = 0;

  // The numbers in this order, as an array of JSON.
  std::string toJson() const;
};

class History {
 public:
  static constexpr std::size_t maxSamples = 300;

  // To be called once a second: the sample is what was counted since the last call, made as if a second had passed.
  void add(const ServerStatistics& statistics, Duration elapsed);

  const std::deque<HistorySample>& samples() const { return samples_; }
  // How often `add` was called: which second it is.
  std::uint64_t second() const { return second_; }
  std::string toJson() const;  // an array of samples, oldest first

 private:
  std::optional<ServerStatistics> before_;
  std::deque<HistorySample> samples_;
  std::uint64_t second_ = 0;
};

}  // namespace taut
