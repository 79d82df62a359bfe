// error: a task in a variable is awaited by co_await std::move(task)
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

Task<bool> ask();

Task<bool> askLater() {
  auto pending = ask();
  const bool answer = co_await pending;
  co_return answer;
}
