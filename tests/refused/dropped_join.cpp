// g++: ignoring returned value of type 'taut::TaskScope::JoinAwaiter', declared with attribute 'nodiscard'
// clang++: ignoring return value of function declared with 'nodiscard' attribute
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

Task<> end(TaskScope& work) {
  work.join();
  co_return;
}
