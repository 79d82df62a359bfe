// g++: TaskPromise<std::optional<taut::Answer> >::return_value(const char [8])'
// clang++: no matching member function for call to 'return_value'
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

Task<std::optional<Answer>> resolve(const Query&) {
  co_return "refused";
}
