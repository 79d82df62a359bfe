// g++: unable to find the promise type for this coroutine
// clang++: this function cannot be a coroutine
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

void pause(Shard& shard) {
  co_await sleepFor(shard, 1s);
}
