// g++: no matching function for call to 'taut::Answer::add(const char [16], std::chrono::minutes, taut::rdata::A)'
// clang++: no matching member function for call to 'add'
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

void fill(Answer& answer) {
  answer.add("www.example.com", 5min, rdata::A(192, 0, 2, 1));
}
