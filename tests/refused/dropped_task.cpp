// g++: ignoring returned value of type 'taut::Task<bool>', declared with attribute 'nodiscard'
// clang++: ignoring return value of function declared with 'nodiscard' attribute
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

Task<bool> ask();

Task<> askAndForget() {
  ask();
  co_return;
}
