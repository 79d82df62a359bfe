// Shapes of coroutine code that g++ 12.2 miscompiles, each in the form that it compiles well (docs/style.md). Every
// test counts what is made and destroyed, or that the body runs to its end, because the faults are silent.
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "support/counted.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/coro/task.hpp"

namespace compiler_test {

using taut::CountedObject;
using taut::syncWait;
using taut::Task;

namespace {

struct Aggregate {
  CountedObject first;
  std::string second;
};

Task<bool> say(bool value) {
  co_return value;
}
Task<int> giveInt(int value) {
  co_return value;
}
Task<int> valueOf(Aggregate aggregate) {
  co_return aggregate.first.value() + static_cast<int>(aggregate.second.size());
}
Task<std::size_t> sizeOf(std::array<std::string, 2> texts) {
  co_return texts[0].size() + texts[1].size();
}
Task<CountedObject> giveCounted(int value) {
  co_return CountedObject(value);
}

template <typename Function>
Task<int> call(Function function) {
  co_return function();
}

Task<std::optional<int>> countDown(int& left) {
  if (left == 0) co_return std::nullopt;
  co_return left--;
}

Task<int> ifOnAwait() {
  const bool yes = co_await say(true);
  if (yes) co_return 1;
  co_return 2;
}

Task<int> whileOnAwait(int& rounds) {
  bool more = co_await say(true);
  while (more) {
    ++rounds;
    more = co_await say(rounds < 3);
  }
  co_return rounds;
}

Task<int> whileWithVariable(int count) {
  int sum = 0;
  int left = count;
  while (auto value = co_await countDown(left)) sum += *value;
  co_return sum;
}

Task<int> switchOnAwait(int value) {
  const int which = co_await giveInt(value);
  switch (which) {
    case 1:
      co_return 10;
    case 2:
      co_return 20;
    default:
      co_return 0;
  }
}

Task<int> namedAggregate() {
  Aggregate aggregate{CountedObject(4), "text that is too long for a string to keep inside itself"};
  const int value = co_await valueOf(std::move(aggregate));
  co_return value;
}

Task<std::size_t> namedArray() {
  std::array<std::string, 2> texts{"text that is too long for a string to keep inside itself",
                                   "another such text, as long"};
  const std::size_t size = co_await sizeOf(std::move(texts));
  co_return size;
}

Task<int> namedLambda() {
  auto function = [counted = CountedObject(5)] { return counted.value(); };
  const int value = co_await call(std::move(function));
  co_return value;
}

Task<int> eitherOr(bool choice) {
  if (choice) {
    const CountedObject counted = co_await giveCounted(6);
    co_return counted.value();
  }
  const CountedObject counted(7);
  co_return counted.value();
}

Task<int> awaitThenBuild() {
  CountedObject counted = co_await giveCounted(8);
  const Aggregate aggregate{std::move(counted), "text"};
  co_return aggregate.first.value();
}

Task<> waitThenCount(taut::Event& event, CountedObject counted, int& sum) {
  const bool happened = co_await event.wait();
  if (happened) sum += counted.value();
}

class Base {
 public:
  virtual ~Base() = default;
  virtual Task<int> answer(int value) = 0;
};
class Coroutine final : public Base {
 public:
  Task<int> answer(int value) override {
    const int half = co_await giveInt(value / 2);
    co_return half;
  }
};
class AtOnce final : public Base {
 public:
  Task<int> answer(int value) override { return Task<int>::ready(value); }
};

Task<int> askAll(std::vector<std::unique_ptr<Base>>& all, int value) {
  int sum = 0;
  for (auto& one : all) {
    const int part = co_await one->answer(value);
    sum += part;
  }
  co_return sum;
}

Task<int> tryAround(bool fail) try {
  const int value = co_await giveInt(3);
  if (fail) throw value;
  co_return value;
} catch (int thrown) {
  co_return -thrown;
}

Task<long> sumMany(int count) {
  long sum = 0;
  for (int i = 0; i < count; ++i) {
    const int value = co_await giveInt(i);
    sum += value;
  }
  co_return sum;
}

}  // namespace

TEST_CASE("a body after a condition that was awaited runs") {
  CHECK(syncWait(ifOnAwait()) == 1);
  int rounds = 0;
  CHECK(syncWait(whileOnAwait(rounds)) == 3);
  CHECK(rounds == 3);
  CHECK(syncWait(switchOnAwait(2)) == 20);
}

TEST_CASE("a loop over a stream runs to the stream's end") {
  CHECK(syncWait(whileWithVariable(10)) == 55);
}

TEST_CASE("arguments that were named are destroyed once") {
  CountedObject::reset();
  CHECK(syncWait(namedAggregate()) == 4 + 56);
  CHECK(CountedObject::live() == 0);
  CHECK(syncWait(namedArray()) == 56 + 26);
  CHECK(syncWait(namedLambda()) == 5);
  CHECK(CountedObject::live() == 0);
}

TEST_CASE("results that were named are destroyed once") {
  CountedObject::reset();
  CHECK(syncWait(eitherOr(true)) == 6);
  CHECK(syncWait(eitherOr(false)) == 7);
  CHECK(syncWait(awaitThenBuild()) == 8);
  CHECK(CountedObject::live() == 0);
  CHECK(CountedObject::copies() == 0);
}

TEST_CASE("a parameter lives as long as its coroutine, which may wait") {
  CountedObject::reset();
  {
    taut::Event event;
    int sum = 0;
    auto task = waitThenCount(event, CountedObject(9), sum);
    CHECK(CountedObject::live() == 1);
    event.set();
    syncWait(std::move(task));
    CHECK(sum == 9);
  }
  CHECK(CountedObject::live() == 0);
}

TEST_CASE("overrides that are coroutines and overrides that are not are awaited alike") {
  std::vector<std::unique_ptr<Base>> all;
  all.push_back(std::make_unique<Coroutine>());
  all.push_back(std::make_unique<AtOnce>());
  CHECK(syncWait(askAll(all, 10)) == 15);
}

TEST_CASE("a function try block catches what its coroutine throws") {
  CHECK(syncWait(tryAround(false)) == 3);
  CHECK(syncWait(tryAround(true)) == -3);
}

TEST_CASE("an awaiter cannot be copied, so none is suspended on a copy") {
  CHECK_FALSE(std::is_copy_constructible_v<Task<int>::Awaiter>);
  CHECK_FALSE(std::is_copy_constructible_v<Task<>::Awaiter>);
  CHECK_FALSE(std::is_copy_constructible_v<taut::Event::Awaiter>);
}

TEST_CASE("a loop over a million awaits that complete at once needs no stack") {
  CHECK(syncWait(sumMany(1'000'000)) == 499'999'500'000);
}

}  // namespace compiler_test
