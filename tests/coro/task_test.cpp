#include "taut/coro/task.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "support/counted.hpp"
#include "taut/base/local_pool.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/coro/task_scope.hpp"

namespace task_test {

namespace {

using taut::CountedObject;
using taut::Task;

Task<int> number(int value) {
  co_return value;
}

Task<int> sum(int a, int b) {
  const int first = co_await number(a);
  const int second = co_await number(b);
  co_return first + second;
}

Task<> throwing() {
  throw std::runtime_error("no");
  co_return;
}

Task<int> throwingNumber() {
  co_await throwing();
  co_return 1;
}

Task<> markStarted(bool& started) {
  started = true;
  co_return;
}

Task<CountedObject> passOn(CountedObject counted) {
  co_return counted;
}

Task<std::unique_ptr<int>> makePointer(int value) {
  co_return std::make_unique<int>(value);
}

Task<std::optional<std::string>> maybe(bool some) {
  if (!some) co_return std::nullopt;
  co_return "text";
}

Task<std::optional<std::string>> maybeAtOnce(bool some) {
  if (!some) return std::nullopt;
  std::string text = "text";
  return text;
}

Task<int> addReady(int count) {
  int total = 0;
  for (int i = 0; i < count; ++i) {
    const int one = co_await Task<int>::ready(1);
    total += one;
  }
  co_return total;
}

Task<int> addCoroutines(int count) {
  int total = 0;
  for (int i = 0; i < count; ++i) {
    const int one = co_await number(1);
    total += one;
  }
  co_return total;
}

Task<int> nest(int depth) {
  if (depth == 0) co_return 0;
  const int below = co_await nest(depth - 1);
  co_return below + 1;
}

#if defined(__clang__)
#pragma clang diagnostic ignored "-Wreturn-type"
#endif
Task<std::string> endsWithoutReturn(bool fine) {
  if (fine) co_return "fine";
}

Task<int> awaitTwice(Task<int> task) {
  const int first = co_await std::move(task);
  const int second = co_await std::move(task);
  co_return first + second;
}

Task<> awaitTwice(Task<> task) {
  co_await std::move(task);
  co_await std::move(task);
}

Task<int> waitForNumber(taut::Event& event) {
  co_await event.wait();
  co_return 5;
}

Task<> keepNumber(Task<int>& task, std::string& log) {
  try {
    const int value = co_await std::move(task);
    log += std::to_string(value);
  } catch (const std::logic_error&) {
    log += "refused";
  }
}

constexpr const char* spent = "a task was awaited that had been awaited before or moved from";

Task<> waitFor(taut::Event& event, std::string& log, char name) {
  co_await event.wait();
  log += name;
}

// Answers without a coroutine where it can, as an override of a virtual function does.
Task<int> doubled(Task<int> task) {
  if (task.isReady()) return Task<int>::ready(2 * task.takeReady());
  return [](Task<int> later) -> Task<int> {
    const int value = co_await std::move(later);
    co_return 2 * value;
  }(std::move(task));
}

}  // namespace

TEST_CASE("a task runs only when it is awaited") {
  bool started = false;
  {
    auto task = markStarted(started);
    CHECK_FALSE(task.isReady());
    CHECK_FALSE(started);
  }
  CHECK_FALSE(started);
  taut::syncWait(markStarted(started));
  CHECK(started);
}

TEST_CASE("a task gives its result to its awaiter") {
  CHECK(taut::syncWait(sum(2, 3)) == 5);
  CHECK(*taut::syncWait(makePointer(7)) == 7);
}

TEST_CASE("a task of an optional tells nothing from something") {
  CHECK_FALSE(taut::syncWait(maybe(false)).has_value());
  CHECK(taut::syncWait(maybe(true)) == "text");
}

TEST_CASE("an exception surfaces where the task is awaited") {
  CHECK_THROWS_WITH_AS(taut::syncWait(throwing()), "no", std::runtime_error);
  CHECK_THROWS_WITH_AS(taut::syncWait(throwingNumber()), "no", std::runtime_error);
}

TEST_CASE("a ready task needs no frame and its await does not suspend") {
  const auto before = taut::LocalPool::heapAllocations();
  taut::LocalPool::trim();
  auto task = Task<int>::ready(4);
  CHECK(task.isReady());
  CHECK(task.takeReady() == 4);
  auto nothing = Task<>::ready();
  CHECK(nothing.isReady());
  nothing.takeReady();
  CHECK(taut::LocalPool::heapAllocations() == before);
  CHECK(taut::syncWait(addReady(3)) == 3);
  CHECK(taut::syncWait(Task<int>::ready(9)) == 9);
  taut::syncWait(Task<>::ready());
}

TEST_CASE("what a function that is no coroutine returns is the result of a ready task") {
  CHECK_FALSE(taut::syncWait(maybeAtOnce(false)));
  CHECK(maybeAtOnce(true).isReady());
  CHECK(taut::syncWait(maybeAtOnce(true)) == "text");
}

TEST_CASE("a caller that finds a task ready needs no frame of its own") {
  auto quick = doubled(Task<int>::ready(4));
  REQUIRE(quick.isReady());
  CHECK(quick.takeReady() == 8);
  auto slow = doubled(number(5));
  CHECK_FALSE(slow.isReady());
  CHECK(taut::syncWait(std::move(slow)) == 10);
}

TEST_CASE("a result is destroyed exactly once, awaited or not") {
  CountedObject::reset();
  {
    const CountedObject result = taut::syncWait(passOn(CountedObject(3)));
    CHECK(result.value() == 3);
    CHECK(CountedObject::copies() == 0);
  }
  CHECK(CountedObject::live() == 0);
  { auto never = passOn(CountedObject(4)); }
  CHECK(CountedObject::live() == 0);
  { auto ready = Task<CountedObject>::ready(CountedObject(5)); }
  CHECK(CountedObject::live() == 0);
}

TEST_CASE("a task that is moved keeps its coroutine") {
  auto first = number(6);
  auto second = std::move(first);
  auto third = number(7);
  third = std::move(second);
  CHECK(taut::syncWait(std::move(third)) == 6);
}

TEST_CASE("a coroutine that ends without co_return throws where it is awaited") {
  CHECK(taut::syncWait(endsWithoutReturn(true)) == "fine");
  CHECK_THROWS_WITH_AS(taut::syncWait(endsWithoutReturn(false)), "a coroutine ended without co_return",
                       std::logic_error);
}

TEST_CASE("a task that is awaited a second time throws, whether it was a coroutine or ready") {
  CHECK_THROWS_WITH_AS(taut::syncWait(awaitTwice(number(1))), spent, std::logic_error);
  CHECK_THROWS_WITH_AS(taut::syncWait(awaitTwice(Task<int>::ready(1))), spent, std::logic_error);
  bool started = false;
  CHECK_THROWS_WITH_AS(taut::syncWait(awaitTwice(markStarted(started))), spent, std::logic_error);
  CHECK(started);
}

TEST_CASE("a task that was moved from throws where it is awaited or taken") {
  auto coroutine = number(1);
  const auto newOwner = std::move(coroutine);
  CHECK_THROWS_WITH_AS(taut::syncWait(std::move(coroutine)), spent, std::logic_error);
  auto ready = Task<int>::ready(1);
  auto other = Task<int>::ready(2);
  other = std::move(ready);
  CHECK(other.takeReady() == 1);
  CHECK_THROWS_WITH_AS(ready.takeReady(), spent, std::logic_error);
  CHECK_THROWS_WITH_AS(taut::syncWait(std::move(ready)), spent, std::logic_error);
}

TEST_CASE("a second awaiter of a task that waits is refused, and the first gets the result") {
  taut::Event event;
  std::string log;
  auto task = waitForNumber(event);
  taut::TaskScope scope;
  scope.spawn(keepNumber(task, log));
  scope.spawn(keepNumber(task, log));
  CHECK(log == "refused");
  event.set();
  CHECK(log == "refused5");
  CHECK(scope.empty());
}

TEST_CASE("a million awaits that complete at once need no stack") {
  CHECK(taut::syncWait(addReady(1'000'000)) == 1'000'000);
  CHECK(taut::syncWait(addCoroutines(1'000'000)) == 1'000'000);
}

TEST_CASE("a chain of a hundred thousand tasks needs no stack") {
  CHECK(taut::syncWait(nest(100'000)) == 100'000);
}

TEST_CASE("frames are reused") {
  taut::syncWait(addCoroutines(10));
  const auto before = taut::LocalPool::heapAllocations();
  CHECK(taut::syncWait(addCoroutines(1000)) == 1000);
  CHECK(taut::LocalPool::heapAllocations() == before);
}

TEST_CASE("a task that waits is resumed by the one who brings what it waits for") {
  taut::Event event;
  std::string log;
  taut::TaskScope scope;
  scope.spawn(waitFor(event, log, 'a'));
  CHECK(log.empty());
  event.set();
  CHECK(log == "a");
  CHECK(scope.empty());
}

}  // namespace task_test
