#include "support/heap_counter.hpp"

#include <cstddef>

#include "support/heap_operators.hpp"

namespace taut {

namespace {

thread_local std::size_t counted = 0;
thread_local std::size_t countedOctets = 0;

}  // namespace

bool mayAllocate(std::size_t size) noexcept {
  ++counted;
  countedOctets += size;
  return true;
}

std::size_t HeapCounter::allocations() noexcept {
  return counted;
}
std::size_t HeapCounter::octets() noexcept {
  return countedOctets;
}

}  // namespace taut
