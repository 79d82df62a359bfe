// g++: no member named 'await_ready' in
// clang++: no member named 'await_ready' in 'std::future<int>'
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

#include <future>

Task<int> ask(std::future<int> reply) {
  const int number = co_await std::move(reply);
  co_return number;
}
