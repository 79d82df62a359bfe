#include "taut/coro/all_of.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "taut/base/log.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/coro/tasks_of.hpp"

namespace all_of_test {

using taut::allOf;
using taut::Event;
using taut::StopSource;
using taut::syncWait;
using taut::Task;
using taut::TaskScope;
using taut::tasksOf;

namespace {

Task<int> giveAfter(Event& event, int value, std::string& ends) {
  const bool happened = co_await event.wait();
  ends += happened ? '+' : '-';
  co_return value;
}

Task<> noteAfter(Event& event, std::string& ends) {
  const bool happened = co_await event.wait();
  ends += happened ? '+' : '-';
}

Task<std::unique_ptr<std::string>> giveText(std::string text) {
  co_return std::make_unique<std::string>(std::move(text));
}

Task<int> throwAfter(Event& event, std::string text) {
  co_await event.wait();
  throw std::runtime_error(text);
}

Task<> sumInto(std::vector<Task<int>> tasks, std::string& outcome) {
  try {
    const auto values = co_await allOf(std::move(tasks));
    for (const int value : values) outcome += std::to_string(value) + ' ';
  } catch (const std::exception& error) {
    outcome = error.what();
  }
}

}  // namespace

TEST_CASE("all results come in the order of the tasks, whenever these ended") {
  Event first, second;
  std::string ends, outcome;
  TaskScope scope;
  scope.spawn(sumInto(tasksOf(giveAfter(first, 1, ends), giveAfter(second, 2, ends), Task<int>::ready(3)), outcome));
  second.set();
  CHECK(outcome.empty());
  first.set();
  CHECK(outcome == "1 2 3 ");
  CHECK(ends == "++");
}

TEST_CASE("results of different types are a tuple, and need no copy") {
  Event happened;
  happened.set();
  std::string ends;
  const auto [text, number] = syncWait(allOf(giveText("a"), giveAfter(happened, 7, ends)));
  CHECK(*text == "a");
  CHECK(number == 7);
}

TEST_CASE("tasks without results, and no tasks at all, end together") {
  Event happened;
  happened.set();
  std::string ends;
  syncWait(allOf(tasksOf(noteAfter(happened, ends), noteAfter(happened, ends))));
  CHECK(ends == "++");
  syncWait(allOf(std::vector<Task<>>()));
  CHECK(syncWait(allOf(std::vector<Task<int>>())).empty());
}

TEST_CASE("where a task throws, the others are stopped and have ended before the exception is rethrown") {
  Event event, never;
  std::string ends, outcome;
  TaskScope scope;
  scope.spawn(sumInto(tasksOf(giveAfter(never, 1, ends), throwAfter(event, "broken")), outcome));
  CHECK(outcome.empty());
  event.set();
  CHECK(outcome == "broken");
  CHECK(ends == "-");
}

TEST_CASE("of several exceptions the first is rethrown and the others are logged") {
  std::string lines;
  taut::log::setSink([&](taut::log::Level, std::string_view line) { lines += line; });
  Event event, never;
  std::string outcome;
  TaskScope scope;
  scope.spawn(sumInto(tasksOf(throwAfter(never, "torn"), throwAfter(event, "broken")), outcome));
  event.set();
  taut::log::setSink({});
  CHECK(outcome == "broken");
  CHECK(lines == "one of several tasks failed after another: torn");
}

TEST_CASE("a task that throws at once leaves those after it without a start") {
  Event happened;
  happened.set();
  std::string ends;
  CHECK_THROWS_AS(syncWait(allOf(throwAfter(happened, "broken"), giveAfter(happened, 1, ends))), std::runtime_error);
  CHECK(ends.empty());
}

TEST_CASE("the stop of the task that awaits all stops all of them") {
  Event never;
  std::string ends, outcome;
  StopSource stop;
  TaskScope scope;
  scope.spawn(sumInto(tasksOf(giveAfter(never, 1, ends), giveAfter(never, 2, ends)), outcome), stop.token());
  stop.requestStop();
  CHECK(outcome == "1 2 ");
  CHECK(ends == "--");
  CHECK(scope.empty());
}

}  // namespace all_of_test
