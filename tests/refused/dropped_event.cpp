// g++: ignoring returned value of type 'taut::Event::Awaiter', declared with attribute 'nodiscard'
// clang++: ignoring return value of function declared with 'nodiscard' attribute
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

Task<> pause(Event& event) {
  event.wait();
  co_return;
}
