// Searches sorted values that spread evenly over all of 32 bits, as the first bits of hashes do.
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

// The range of the values that equal `wanted`; where there are none, an empty range at the first value above. The
// search starts where the value is expected. Where values are dense it takes at most twice the probes of a bisection.
IndexRange equalRangeOfSpread(std::span<const std::uint32_t> sorted, std::uint32_t wanted);

}  // namespace taut::detail
