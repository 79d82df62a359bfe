#include "taut/coro/semaphore.hpp"

#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "taut/base/stop_token.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"

namespace semaphore_test {

using taut::Event;
using taut::Semaphore;
using taut::StopSource;
using taut::StopToken;
using taut::Task;
using taut::TaskScope;

namespace {

Task<> work(Semaphore& semaphore, Event& until, StopToken stop, std::string& log, char name) {
  const auto permit = co_await semaphore.acquire(stop);
  if (!permit) {
    log += '-';
    co_return;
  }
  log += name;
  co_await until.wait();
}

}  // namespace

TEST_CASE("no more than the permitted work at a time, in the order of asking") {
  Semaphore semaphore(2);
  Event first;
  Event later;
  std::string log;
  TaskScope scope;
  scope.spawn(work(semaphore, first, {}, log, 'a'));
  scope.spawn(work(semaphore, later, {}, log, 'b'));
  scope.spawn(work(semaphore, later, {}, log, 'c'));
  scope.spawn(work(semaphore, later, {}, log, 'd'));
  CHECK(log == "ab");
  CHECK(semaphore.available() == 0);
  first.set();
  CHECK(log == "abc");
  later.set();
  CHECK(log == "abcd");
  CHECK(semaphore.available() == 2);
}

TEST_CASE("a stop ends the wait for a permit and leaves the permits as they are") {
  Semaphore semaphore(1);
  Event until;
  std::string log;
  StopSource stop;
  TaskScope scope;
  scope.spawn(work(semaphore, until, {}, log, 'a'));
  scope.spawn(work(semaphore, until, stop.token(), log, 'b'));
  stop.requestStop();
  CHECK(log == "a-");
  until.set();
  CHECK(semaphore.available() == 1);
}

TEST_CASE("a permit is taken without waiting only where one is free, and given back once") {
  Semaphore semaphore(1);
  {
    auto permit = semaphore.tryAcquire();
    CHECK(permit);
    CHECK_FALSE(semaphore.tryAcquire());
    auto moved = std::move(permit);
    CHECK(moved);
    moved.release();
    moved.release();
    CHECK(semaphore.available() == 1);
  }
  CHECK(semaphore.available() == 1);
}

TEST_CASE("who waits for a permit without a token obeys that of the task") {
  Semaphore semaphore(1);
  Event until;
  std::string log;
  StopSource stop;
  TaskScope scope;
  scope.spawn(work(semaphore, until, {}, log, 'a'));
  scope.spawn(work(semaphore, until, {}, log, 'b'), stop.token());
  stop.requestStop();
  CHECK(log == "a-");
  until.set();
  CHECK(semaphore.available() == 1);
}

}  // namespace semaphore_test
