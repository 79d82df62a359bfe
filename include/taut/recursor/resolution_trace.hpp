// What a resolution does, told step by step to who wants to see it: `tautctl trace`, or a test.
#pragma once

#include <string>

#include "taut/base/clock.hpp"

namespace taut {

class ResolutionTrace {
 public:
  virtual ~ResolutionTrace() = default;

  // One step, in a line: "ask 198.18.0.1:53 for t01. A of the root". `depth` is how many fetches need this one.
  virtual void note(TimePoint now, unsigned depth, std::string step) = 0;
};

}  // namespace taut
