// g++: no matching function for call to 'taut::Answer::add(const taut::Name&, int, taut::rdata::A)'
// clang++: no matching member function for call to 'add'
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

void fill(Answer& answer, const Query& query) {
  answer.add(query.name(), 300, rdata::A(192, 0, 2, 1));
}
