// g++: use of deleted function 'constexpr taut::Answer::Answer(const taut::Answer&)'
// clang++: call to implicitly-deleted copy constructor of 'Answer'
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

Answer twice(const Answer& answer) {
  return answer;
}
