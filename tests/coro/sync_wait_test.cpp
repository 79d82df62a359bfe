#include "taut/coro/sync_wait.hpp"

#include <memory>
#include <stdexcept>

#include <doctest/doctest.h>

#include "taut/coro/event.hpp"
#include "taut/coro/task.hpp"

namespace sync_wait_test {

using taut::Event;
using taut::Task;

namespace {

Task<std::unique_ptr<int>> afterEvent(Event& event, int value) {
  co_await event.wait();
  co_return std::make_unique<int>(value);
}

Task<> afterEventOnly(Event& event) {
  co_await event.wait();
}

}  // namespace

TEST_CASE("the world is turned until the task has finished") {
  Event event;
  int turns = 0;
  const auto result = taut::syncWait(afterEvent(event, 5), [&] {
    if (++turns == 3) event.set();
  });
  CHECK(*result == 5);
  CHECK(turns == 3);
}

TEST_CASE("a task that waits for something outside is an error, not a hang") {
  Event event;
  CHECK_THROWS_AS(taut::syncWait(afterEventOnly(event)), std::logic_error);
}

}  // namespace sync_wait_test
