// g++: no return statement in function returning non-void
// clang++: non-void function does not return a value
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

Task<std::optional<Answer>> resolve(const Query&) {}
