// What a load counts: queries sent, answered and lost, and how long answers took.
#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "taut/base/bytes.hpp"

namespace taut {

using LoadClock = std::chrono::steady_clock;

// Counts durations with a relative error of at most 1/64, from nanoseconds to minutes.
class LatencyHistogram {
 public:
  void add(std::chrono::nanoseconds duration) {
    const auto value = static_cast<std::uint64_t>(duration.count() < 0 ? 0 : duration.count());
    ++counts_[bucketOf(value)];
    ++total_;
  }
  std::uint64_t total() const { return total_; }
  // The least duration, in nanoseconds, that at least the share `quantile` (0 to 1) stays below; 0 where there is none.
  std::uint64_t quantile(double quantile) const;

 private:
  static constexpr std::size_t stepBits = 6;
  static constexpr std::size_t steps = std::size_t{1} << stepBits;

  static std::size_t bucketOf(std::uint64_t value) {
    if (value < steps) return static_cast<std::size_t>(value);
    const auto shift = static_cast<std::size_t>(std::bit_width(value)) - 1 - stepBits;
    return (shift + 1) * steps + static_cast<std::size_t>(value >> shift) - steps;
  }
  static std::uint64_t upperBound(std::size_t bucket);

  std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>(64 * steps);
  std::uint64_t total_ = 0;
};

struct Tally {
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  std::uint64_t lost = 0;       // not answered in time
  std::uint64_t stray = 0;      // answered after that, or never asked
  std::uint64_t truncated = 0;  // answers with TC
  std::uint64_t octets = 0;     // of all answers
  std::uint64_t reconnects = 0;
  std::array<std::uint64_t, 16> rcodes{};
  LatencyHistogram latency;

  // Counts an answer by what its header says; it has 12 octets at least.
  void count(ByteSpan answer) {
    ++answered;
    octets += answer.size();
    if ((answer[2] & 0x02) != 0) ++truncated;
    ++rcodes[answer[3] & 0x0f];
  }

  std::string toJson(std::chrono::duration<double> elapsed) const;
};

}  // namespace taut
