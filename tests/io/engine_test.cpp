#include "taut/io/engine.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "operations.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/task_scope.hpp"

namespace engine_test {

namespace {

using namespace taut;

// Starts an operation of its own when it is called.
class StartsNothing final : public BeforeSubmit, public Operation {
 public:
  explicit StartsNothing(Engine& engine) : Operation(engine) {}
  void beforeSubmit() noexcept override {
    ++calls;
    start();
  }
  int calls = 0;
  int completions = 0;

 private:
  void complete(const Completion&) noexcept override { ++completions; }
};

}  // namespace

TEST_CASE("a poll keeps its limit, and one that has no limit waits for the first completion") {
  const auto made = Engine::make();
  Engine& engine = *made;
  TaskScope scope;
  int done = 0;
  auto manyCompletions = [&] {
    for (int i = 0; i < 32; ++i) scope.spawn(doNothing(engine, done));
    CHECK(engine.poll(Duration::zero()) == 32);
    engine.resumeRunnable();
  };
  manyCompletions();
  CHECK(engine.poll(std::chrono::milliseconds(1)) == 0);
  manyCompletions();
  const auto event = makeEvent();
  std::vector<IoResult> results;
  scope.spawn(waitReadable(engine, event.get(), {}, results));
  std::thread writer([&] {
    const std::uint64_t one = 1;
    CHECK(::write(event.get(), &one, sizeof one) == sizeof one);
  });
  CHECK(engine.poll(std::nullopt) == 1);
  engine.resumeRunnable();
  writer.join();
  CHECK(results.size() == 1);
  CHECK(done == 64);
}

TEST_CASE("work that waits for the submission is called once, and what it starts is submitted with the rest") {
  const auto made = Engine::make();
  Engine& engine = *made;
  StartsNothing work(engine);
  engine.callBeforeSubmit(work);
  CHECK(work.calls == 0);
  CHECK(engine.poll(Duration::zero()) == 1);
  CHECK(work.calls == 1);
  CHECK(work.completions == 1);
  CHECK(engine.poll(Duration::zero()) == 0);
  CHECK(work.calls == 1);
}

TEST_CASE("an operation completes in a later turn, never while it is started") {
  const auto made = Engine::make();
  Engine& engine = *made;
  TaskScope scope;
  int done = 0;
  scope.spawn(doNothing(engine, done));
  CHECK(done == 0);
  CHECK(engine.poll(Duration::zero()) == 1);
  CHECK(done == 0);
  CHECK(engine.hasRunnable());
  engine.resumeRunnable();
  CHECK(done == 1);
}

TEST_CASE("a stop ends an operation in flight through its own completion") {
  const auto made = Engine::make();
  Engine& engine = *made;
  const auto event = makeEvent();
  StopSource stop;
  TaskScope scope;
  std::vector<IoResult> results;
  scope.spawn(waitReadable(engine, event.get(), stop.token(), results));
  turn(engine);
  stop.requestStop();
  CHECK(results.empty());
  CHECK(scope.size() == 1);
  for (int i = 0; i < 3; ++i) turn(engine);
  REQUIRE(results.size() == 1);
  CHECK(results[0].stopped());
}

TEST_CASE("an operation that was stopped before it was submitted completes as stopped") {
  const auto made = Engine::make();
  Engine& engine = *made;
  const auto event = makeEvent();
  StopSource stop;
  TaskScope scope;
  std::vector<IoResult> results;
  scope.spawn(waitReadable(engine, event.get(), stop.token(), results));
  stop.requestStop();
  for (int i = 0; i < 3; ++i) turn(engine);
  REQUIRE(results.size() == 1);
  CHECK(results[0].stopped());
}

TEST_CASE("an operation whose token is stopped already does not suspend") {
  const auto made = Engine::make();
  Engine& engine = *made;
  const auto event = makeEvent();
  StopSource stop;
  stop.requestStop();
  TaskScope scope;
  std::vector<IoResult> results;
  scope.spawn(waitReadable(engine, event.get(), stop.token(), results));
  REQUIRE(results.size() == 1);
  CHECK(results[0].stopped());
}

TEST_CASE("a wait ends when its limit has passed") {
  const auto made = Engine::make();
  Engine& engine = *made;
  const auto before = std::chrono::steady_clock::now();
  CHECK(engine.poll(std::chrono::milliseconds(2)) == 0);
  CHECK(std::chrono::steady_clock::now() - before >= std::chrono::milliseconds(2));
}

TEST_CASE("a ring is made on one thread and used on another") {
  const auto made = Engine::make();
  Engine& engine = *made;
  int done = 0;
  std::thread thread([&] {
    TaskScope scope;
    engine.enterThread();
    scope.spawn(doNothing(engine, done));
    while (!scope.empty()) turn(engine);
    engine.leaveThread();
  });
  thread.join();
  CHECK(done == 1);
}

}  // namespace engine_test
