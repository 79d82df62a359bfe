// g++: ignoring returned value of type 'taut::SleepAwaiter', declared with attribute 'nodiscard'
// clang++: ignoring return value of function declared with 'nodiscard' attribute
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

Task<> pause(Shard& shard) {
  sleepFor(shard, 1s);
  co_return;
}
