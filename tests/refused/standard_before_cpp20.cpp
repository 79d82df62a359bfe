// flags: -std=c++17
// error: taut needs C++20: compile with -std=c++20
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;
