// g++: could not convert 'taut::Rcode::REFUSED' from 'taut::Rcode' to 'taut::Task<std::optional<taut::Answer> >'
// clang++: no viable conversion from returned value of type 'taut::Rcode' to function return type
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

Task<std::optional<Answer>> resolve(const Query&) {
  return Rcode::REFUSED;
}
