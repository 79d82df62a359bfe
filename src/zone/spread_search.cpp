#include "spread_search.hpp"

#include <algorithm>

namespace taut::detail {

IndexRange equalRangeOfSpread(std::span<const std::uint32_t> sorted, std::uint32_t wanted) {
  const std::size_t size = sorted.size();
  const auto expected = static_cast<std::size_t>(std::uint64_t{wanted} * size >> 32);
  // A window around the expected place. Each step doubles, until all equal values lie in the window.
  constexpr std::size_t firstStep = 16;
  std::size_t begin = expected;
  for (std::size_t step = firstStep; begin > 0 && sorted[begin - 1] >= wanted; step *= 2)
    begin = begin > step ? begin - step : 0;
  std::size_t end = expected;
  for (std::size_t step = firstStep; end < size && sorted[end] <= wanted; step *= 2)
    end = size - end > step ? end + step : size;
  const auto* const first = sorted.data();
  const auto* const lower = std::lower_bound(first + begin, first + end, wanted);
  const bool found = lower != first + end && *lower == wanted;
  const auto* const upper = found ? std::upper_bound(lower + 1, first + end, wanted) : lower;
  return {static_cast<std::size_t>(lower - first), static_cast<std::size_t>(upper - first)};
}

}  // namespace taut::detail
