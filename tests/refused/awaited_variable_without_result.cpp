// error: a task in a variable is awaited by co_await std::move(task)
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

Task<> work();

Task<> workLater() {
  auto pending = work();
  co_await pending;
}
