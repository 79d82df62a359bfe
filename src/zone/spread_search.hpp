// Searches sorted values that spread evenly over all of 32 bits, as the beginnings of hashes do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace taut::detail {

struct IndexRange {
  std::size_t begin = 0;
  std::size_t end = 0;

  friend bool operator==(const IndexRange&, const IndexRange&) = default;
};

// The places of the values that equal `wanted`; where there are none, both ends are the place of the first one above.
// Looks first where the value is to be expected. Where values crowd it takes twice the probes of a bisection at most.
IndexRange equalRangeOfSpread(std::span<const std::uint32_t> sorted, std::uint32_t wanted);

}  // namespace taut::detail
