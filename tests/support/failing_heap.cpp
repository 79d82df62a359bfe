#include "support/failing_heap.hpp"

#include <cstddef>

#include "support/heap_operators.hpp"

namespace taut {

namespace {

constinit thread_local std::size_t skipped = 0;
constinit thread_local std::size_t failing = 0;
constinit thread_local std::size_t failures = 0;

}  // namespace

bool mayAllocate(std::size_t) noexcept {
  if (failing == 0) return true;
  if (skipped > 0) {
    --skipped;
    return true;
  }
  --failing;
  ++failures;
  return false;
}

void FailingHeap::arm(std::size_t skippedFirst, std::size_t failingThen) noexcept {
  skipped = skippedFirst;
  failing = failingThen;
  failures = 0;
}

std::size_t FailingHeap::failed() noexcept {
  return failures;
}

}  // namespace taut
