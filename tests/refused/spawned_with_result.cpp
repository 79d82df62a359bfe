// g++: cannot convert 'Task<bool>' to 'Task<void>'
// clang++: no viable conversion from 'Task<bool>'
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

Task<bool> ask();

void start(TaskScope& work) {
  work.spawn(ask());
}
