#include "taut/coro/first_of.hpp"

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "support/counted.hpp"
#include "taut/base/log.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/coro/tasks_of.hpp"

namespace first_of_test {

using taut::CountedObject;
using taut::Event;
using taut::firstOf;
using taut::StopSource;
using taut::syncWait;
using taut::Task;
using taut::TaskScope;
using taut::tasksOf;

namespace {

// What the tasks of a test wait for, and what became of them, in the order of their ends.
struct Course {
  Event events[3];
  std::string ends;
};

bool isPositive(int value) {
  return value > 0;
}

// Gives `value` when its event has happened, and -value where it was stopped before.
Task<int> waitFor(Course& course, int event, int value) {
  const CountedObject held(event);
  const bool happened = co_await course.events[event].wait();
  course.ends += static_cast<char>('a' + event);
  course.ends += happened ? '+' : '-';
  co_return happened ? value : -value;
}

Task<int> throwAfter(Course& course, int event, std::string text) {
  co_await course.events[event].wait();
  throw std::runtime_error(text);
}

Task<int> give(int value) {
  co_return value;
}

Task<> firstInto(std::vector<Task<int>> tasks, int& outcome) {
  const int first = co_await firstOf(std::move(tasks), isPositive);
  outcome = first;
}

Task<> failureInto(std::vector<Task<int>> tasks, std::string& outcome) {
  try {
    co_await firstOf(std::move(tasks), isPositive);
  } catch (const std::exception& error) {
    outcome = error.what();
  }
}

// The lines of the log for as long as it lives.
struct Lines {
  Lines() {
    taut::log::setSink([this](taut::log::Level, std::string_view line) { text += std::string(line) + '\n'; });
  }
  Lines(const Lines&) = delete;
  ~Lines() { taut::log::setSink({}); }
  std::string text;
};

}  // namespace

TEST_CASE("the first good result wins, and the others are stopped and have ended by then") {
  CountedObject::reset();
  Course course;
  int outcome = 0;
  TaskScope scope;
  scope.spawn(firstInto(tasksOf(waitFor(course, 0, 1), waitFor(course, 1, 2), waitFor(course, 2, 3)), outcome));
  CHECK(CountedObject::live() == 3);
  course.events[1].set();
  CHECK(outcome == 2);
  CHECK(course.ends == "b+a-c-");
  CHECK(CountedObject::live() == 0);
  CHECK(scope.empty());
}

TEST_CASE("a result that is not good does not win, and the others go on") {
  Course course;
  int outcome = 0;
  TaskScope scope;
  scope.spawn(firstInto(tasksOf(waitFor(course, 0, -1), waitFor(course, 1, 2)), outcome));
  course.events[0].set();
  CHECK(outcome == 0);
  course.events[1].set();
  CHECK(outcome == 2);
  CHECK(course.ends == "a+b+");
}

TEST_CASE("without a good result the task that comes first in the list gives the outcome, whenever it ended") {
  Course course;
  int outcome = 0;
  TaskScope scope;
  scope.spawn(firstInto(tasksOf(waitFor(course, 0, -1), waitFor(course, 1, -2), waitFor(course, 2, -3)), outcome));
  for (const int event : {2, 0, 1}) course.events[event].set();
  CHECK(outcome == -1);
}

TEST_CASE("a good result that is there at once leaves the other tasks without a start") {
  Course course;
  CHECK(syncWait(firstOf(tasksOf(give(1), waitFor(course, 0, 2)), isPositive)) == 1);
  CHECK(syncWait(firstOf(tasksOf(Task<int>::ready(3), waitFor(course, 0, 2)), isPositive)) == 3);
  CHECK(course.ends.empty());
}

TEST_CASE("an exception is a result that is not good, and is logged where there is another result") {
  const Lines lines;
  Course course;
  int outcome = 0;
  TaskScope scope;
  scope.spawn(firstInto(tasksOf(throwAfter(course, 0, "broken"), throwAfter(course, 1, "torn"), waitFor(course, 2, -3)),
                        outcome));
  for (Event& event : course.events) event.set();
  CHECK(outcome == -3);
  CHECK(lines.text.find("one of several tasks failed: broken") != std::string::npos);
  CHECK(lines.text.find("one of several tasks failed: torn") != std::string::npos);
}

TEST_CASE("where every task has thrown, the first exception in time is rethrown and the others are logged") {
  const Lines lines;
  Course course;
  std::string outcome;
  TaskScope scope;
  scope.spawn(failureInto(tasksOf(throwAfter(course, 0, "broken"), throwAfter(course, 1, "torn")), outcome));
  course.events[1].set();
  CHECK(outcome.empty());
  course.events[0].set();
  CHECK(outcome == "torn");
  CHECK(lines.text == "one of several tasks failed: broken\n");
}

TEST_CASE("the stop of the awaiting task stops all, and what they give then is the outcome") {
  Course course;
  int outcome = 0;
  StopSource stop;
  TaskScope scope;
  scope.spawn(firstInto(tasksOf(waitFor(course, 0, 1), waitFor(course, 1, 2)), outcome), stop.token());
  stop.requestStop();
  CHECK(outcome == -1);
  CHECK(course.ends == "a-b-");
  CHECK(scope.empty());
}

TEST_CASE("races stand inside each other") {
  Course course;
  int outcome = 0;
  TaskScope scope;
  auto inner = firstOf(tasksOf(waitFor(course, 0, 1), waitFor(course, 1, 2)), isPositive);
  scope.spawn(firstInto(tasksOf(std::move(inner), waitFor(course, 2, 3)), outcome));
  course.events[2].set();
  CHECK(outcome == 3);
  CHECK(course.ends == "c+a-b-");
}

TEST_CASE("a race without tasks is a mistake") {
  CHECK_THROWS_AS(syncWait(firstOf(std::vector<Task<int>>(), isPositive)), std::invalid_argument);
}

}  // namespace first_of_test
