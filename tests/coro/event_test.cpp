#include "taut/coro/event.hpp"

#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"

namespace event_test {

using taut::Event;
using taut::StopSource;
using taut::StopToken;
using taut::Task;
using taut::TaskScope;

namespace {

Task<> wait(Event& event, StopToken stop, std::string& log, char name) {
  const bool happened = co_await event.wait(stop);
  log += name;
  log += happened ? '+' : '-';
}

Task<> waitTwice(Event& event, std::string& log) {
  co_await event.wait();
  log += '1';
  event.reset();
  co_await event.wait();
  log += '2';
}

Task<> waitThenStop(Event& event, StopSource& stop) {
  co_await event.wait();
  stop.requestStop();
}

Task<> waitThenDestroy(std::unique_ptr<Event>& event, std::string& log) {
  co_await event->wait();
  event.reset();
  log += 'd';
}

// Its own source stops it, and is gone before requestStop() returns.
Task<> waitWithOwnSource(Event& event, StopSource*& source, std::string& log) {
  StopSource own;
  source = &own;
  const bool happened = co_await event.wait(own.token());
  log += happened ? '+' : '-';
}

}  // namespace

namespace {

// Passes no token on.
Task<bool> waitWithoutToken(Event& event) {
  const bool happened = co_await event.wait();
  co_return happened;
}

Task<> waitInAnotherTask(Event& event, std::string& log) {
  const bool happened = co_await waitWithoutToken(event);
  log += happened ? '+' : '-';
}

Task<> waitTwiceInOtherTasks(Event& event, std::string& log) {
  co_await waitInAnotherTask(event, log);
  co_await waitInAnotherTask(event, log);
}

}  // namespace

TEST_CASE("a wait without a token obeys that of its task, which tasks pass on to those that they await") {
  Event event;
  std::string log;
  StopSource stop;
  TaskScope scope;
  scope.spawn(waitTwiceInOtherTasks(event, log), stop.token());
  CHECK(log.empty());
  stop.requestStop();
  CHECK(log == "--");
  CHECK(scope.empty());
}

TEST_CASE("a token that a wait is given counts instead of the task's") {
  Event event;
  std::string log;
  StopSource own;
  StopSource stop;
  TaskScope scope;
  scope.spawn(wait(event, own.token(), log, 'a'), stop.token());
  scope.spawn(wait(event, own.token(), log, 'b'), stop.token());
  stop.requestStop();
  CHECK(log.empty());
  event.set();
  CHECK(log == "a+b+");
  event.reset();
  scope.spawn(wait(event, own.token(), log, 'c'));
  own.requestStop();
  CHECK(log == "a+b+c-");
}

TEST_CASE("an event wakes all who wait, in the order in which they began") {
  Event event;
  std::string log;
  TaskScope scope;
  scope.spawn(wait(event, {}, log, 'a'));
  scope.spawn(wait(event, {}, log, 'b'));
  scope.spawn(wait(event, {}, log, 'c'));
  CHECK(log.empty());
  event.set();
  CHECK(log == "a+b+c+");
  CHECK(event.isSet());
}

TEST_CASE("an event that has happened makes no coroutine wait until it is reset") {
  Event event;
  std::string log;
  TaskScope scope;
  event.set();
  scope.spawn(wait(event, {}, log, 'a'));
  CHECK(log == "a+");
  event.reset();
  scope.spawn(wait(event, {}, log, 'b'));
  CHECK(log == "a+");
  event.set();
  CHECK(log == "a+b+");
}

TEST_CASE("a stop ends the waits that obey it, and no others") {
  Event event;
  std::string log;
  StopSource stop;
  TaskScope scope;
  scope.spawn(wait(event, stop.token(), log, 'a'));
  scope.spawn(wait(event, {}, log, 'b'));
  stop.requestStop();
  CHECK(log == "a-");
  scope.spawn(wait(event, stop.token(), log, 'c'));
  CHECK(log == "a-c-");
  event.set();
  CHECK(log == "a-c-b+");
}

TEST_CASE("an event that has happened counts more than a stop") {
  Event event;
  event.set();
  std::string log;
  StopSource stop;
  stop.requestStop();
  TaskScope scope;
  scope.spawn(wait(event, stop.token(), log, 'a'));
  CHECK(log == "a+");
}

TEST_CASE("one who is woken may wait again for the next time") {
  Event event;
  std::string log;
  TaskScope scope;
  scope.spawn(waitTwice(event, log));
  event.set();
  CHECK(log == "1");
  event.set();
  CHECK(log == "12");
}

TEST_CASE("one who is woken may stop another who is about to be") {
  Event event;
  std::string log;
  StopSource stop;
  TaskScope scope;
  scope.spawn(waitThenStop(event, stop));
  scope.spawn(wait(event, stop.token(), log, 'a'));
  event.set();
  CHECK(log == "a-");
  CHECK(scope.empty());
}

TEST_CASE("one who is woken may destroy the event, and the others are woken all the same") {
  auto event = std::make_unique<Event>();
  std::string log;
  TaskScope scope;
  scope.spawn(waitThenDestroy(event, log));
  scope.spawn(wait(*event, {}, log, 'a'));
  event->set();
  CHECK(log == "da+");
}

TEST_CASE("a source may be destroyed by the one whom it stops") {
  Event event;
  std::string log;
  StopSource* source = nullptr;
  TaskScope scope;
  scope.spawn(waitWithOwnSource(event, source, log));
  source->requestStop();
  CHECK(log == "-");
}

}  // namespace event_test
