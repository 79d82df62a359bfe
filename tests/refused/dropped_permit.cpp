// g++: ignoring returned value of type 'taut::Semaphore::Awaiter', declared with attribute 'nodiscard'
// clang++: ignoring return value of function declared with 'nodiscard' attribute
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

Task<> enter(Semaphore& semaphore) {
  semaphore.acquire();
  co_return;
}
