// error: a task gives a value; give a pointer where a reference is meant
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

Task<Answer&> ask();

void start() {
  auto pending = ask();
}
