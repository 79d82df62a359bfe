// g++: use of deleted function 'taut::Task<bool>::Task(const taut::Task<bool>&)'
// clang++: call to implicitly-deleted copy constructor of 'Task<bool>'
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

Task<bool> same(const Task<bool>& task) {
  return task;
}
