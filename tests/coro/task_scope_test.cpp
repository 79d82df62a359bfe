#include "taut/coro/task_scope.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

#include "support/counted.hpp"
#include "taut/base/local_pool.hpp"
#include "taut/base/log.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/coro/task.hpp"

namespace task_scope_test {

using taut::CountedObject;
using taut::Event;
using taut::StopSource;
using taut::StopToken;
using taut::Task;
using taut::TaskScope;

namespace {

Task<> count(int& counter) {
  ++counter;
  co_return;
}

Task<> waitHolding(Event& event, CountedObject counted, StopToken stop, std::string& log) {
  const bool happened = co_await event.wait(stop);
  log += static_cast<char>('a' + counted.value());
  log += happened ? '+' : '-';
}

Task<> fail() {
  throw std::runtime_error("a stray");
  co_return;
}

Task<> failOddly() {
  throw 7;
  co_return;
}

Task<> joinThen(TaskScope& scope, std::string& log) {
  co_await scope.join();
  log += "joined";
}

Task<> ownScope(Event& event, std::string& log) {
  TaskScope scope;
  scope.spawn(waitHolding(event, CountedObject(0), {}, log));
  scope.spawn(waitHolding(event, CountedObject(1), {}, log));
  co_await scope.join();
  log += "joined";
}

// Spawns into the scope whose joiner destroys it when the task has ended.
Task<> joinAndDestroy(std::unique_ptr<TaskScope>& scope, bool& destroyed) {
  co_await scope->join();
  scope.reset();
  destroyed = true;
}

}  // namespace

TEST_CASE("a spawned task runs at once up to its first suspension") {
  TaskScope scope;
  int counter = 0;
  scope.spawn(count(counter));
  CHECK(counter == 1);
  CHECK(scope.empty());
  scope.spawn(Task<>::ready());
  CHECK(scope.empty());
}

TEST_CASE("a joiner waits for all tasks, and not when there are none") {
  std::string log;
  Event event;
  {
    TaskScope scope;
    taut::syncWait(joinThen(scope, log));
    CHECK(log == "joined");
  }
  log.clear();
  TaskScope outer;
  outer.spawn(ownScope(event, log));
  CHECK(log.empty());
  event.set();
  CHECK(log == "a+b+joined");
}

TEST_CASE("what a task holds is destroyed when it ends, before the joiner goes on") {
  CountedObject::reset();
  std::string log;
  Event event;
  TaskScope scope;
  scope.spawn(waitHolding(event, CountedObject(2), {}, log));
  CHECK(CountedObject::live() == 1);
  CHECK(scope.size() == 1);
  event.set();
  CHECK(CountedObject::live() == 0);
  CHECK(log == "c+");
}

TEST_CASE("a stop reaches the tasks that obey the scope's token, from the scope or from its parent") {
  std::string log;
  Event never;
  {
    TaskScope scope;
    scope.spawn(waitHolding(never, CountedObject(0), scope.token(), log));
    scope.stop();
    CHECK(scope.empty());
  }
  StopSource parent;
  TaskScope scope(parent.token());
  scope.spawn(waitHolding(never, CountedObject(1), scope.token(), log));
  parent.requestStop();
  CHECK(scope.empty());
  CHECK(log == "a-b-");
}

TEST_CASE("a stray exception is logged, and the others go on") {
  std::string lines;
  taut::log::setSink([&](taut::log::Level, std::string_view line) { lines += std::string(line) + '\n'; });
  std::string log;
  Event event;
  TaskScope scope;
  scope.spawn(waitHolding(event, CountedObject(0), {}, log));
  scope.spawn(fail());
  scope.spawn(failOddly());
  CHECK(scope.size() == 1);
  event.set();
  CHECK(scope.empty());
  CHECK(lines.find("a stray") != lines.npos);
  CHECK(lines.find("unknown type") != lines.npos);
  taut::log::setSink({});
}

TEST_CASE("spawning takes nothing but the task's own frame, and that from the pool") {
  TaskScope scope;
  int counter = 0;
  scope.spawn(count(counter));
  const auto before = taut::LocalPool::heapAllocations();
  for (int i = 0; i < 1000; ++i) scope.spawn(count(counter));
  CHECK(counter == 1001);
  CHECK(taut::LocalPool::heapAllocations() == before);
}

TEST_CASE("a scope may be destroyed by its joiner as soon as the last task has ended") {
  auto scope = std::make_unique<TaskScope>();
  Event event;
  std::string log;
  bool destroyed = false;
  scope->spawn(waitHolding(event, CountedObject(0), {}, log));
  TaskScope outer;
  outer.spawn(joinAndDestroy(scope, destroyed));
  CHECK_FALSE(destroyed);
  event.set();
  CHECK(destroyed);
}

}  // namespace task_scope_test
