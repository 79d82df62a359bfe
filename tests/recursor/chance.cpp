#include "chance.hpp"

#include <cstdint>
#include <random>

#include "taut/base/random.hpp"

namespace taut::test {

namespace {

thread_local std::mt19937_64 numbers;

}  // namespace

void beginChance() {
  numbers = std::mt19937_64();
}

// By this name the linker finds it.
std::uint64_t seededU64() noexcept __asm__("__wrap__ZN4taut9randomU64Ev");

std::uint64_t seededU64() noexcept {
  return numbers();
}

}  // namespace taut::test
