#include "taut/coro/race.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

#include "support/counted.hpp"
#include "taut/base/log.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"

namespace race_test {

using taut::CountedObject;
using taut::Event;
using taut::Race;
using taut::StopSource;
using taut::StopToken;
using taut::Task;
using taut::TaskScope;

namespace {

// What the runners of a test wait for, and what became of them, in the order of their ends.
struct Course {
  Event events[3];
  std::string ends;
};

// Gives `value` when its event has happened, and -value where it was stopped before.
Task<int> waitFor(Course& course, int event, int value) {
  const CountedObject held(event);
  const bool happened = co_await course.events[event].wait();
  course.ends += static_cast<char>('a' + event);
  course.ends += happened ? '+' : '-';
  co_return happened ? value : -value;
}

Task<int> throwAfter(Course& course, int event) {
  co_await course.events[event].wait();
  throw std::runtime_error("stumbled");
}

Task<int> give(int value) {
  co_return value;
}

Task<> nextInto(Race<int>& race, StopToken stop, std::string& results) {
  const auto result = co_await race.next(stop);
  results += result ? std::to_string(*result) : "none";
  results += ' ';
}

Task<> endInto(Race<int>& race, std::string& results) {
  co_await race.end();
  results += "end";
}

struct Track {
  ~Track() { CHECK(waits.empty()); }

  void next(StopToken stop = {}) { waits.spawn(nextInto(race, stop, results)); }
  void end() { waits.spawn(endInto(race, results)); }

  Course course;
  StopSource parent;
  Race<int> race{parent.token()};
  std::string results;
  TaskScope waits;
};

}  // namespace

TEST_CASE_FIXTURE(Track, "results come in the order in which the tasks end, and then none") {
  for (const int event : {0, 1, 2}) race.start(waitFor(course, event, event + 1));
  CHECK(race.running() == 3);
  next();
  course.events[1].set();
  CHECK(results == "2 ");
  course.events[2].set();
  course.events[0].set();
  CHECK(race.running() == 0);
  for (int i = 0; i < 3; ++i) next();
  CHECK(results == "2 3 1 none ");
  end();
  CHECK(results == "2 3 1 none end");
}

TEST_CASE_FIXTURE(Track, "a wait whose token stops gives nothing, and the tasks go on") {
  StopSource patience;
  race.start(waitFor(course, 0, 1));
  next(patience.token());
  CHECK(results.empty());
  patience.requestStop();
  CHECK(results == "none ");
  CHECK(race.running() == 1);
  race.start(waitFor(course, 1, 2));
  next();
  course.events[0].set();
  CHECK(results == "none 1 ");
  end();
  CHECK(course.ends == "a+b-");
}

TEST_CASE_FIXTURE(Track, "a task that was started meanwhile may win") {
  race.start(waitFor(course, 0, 1));
  next();
  race.start(waitFor(course, 1, 2));
  course.events[1].set();
  CHECK(results == "2 ");
  end();
}

TEST_CASE_FIXTURE(Track, "the end stops the tasks that run, and comes when they have ended") {
  CountedObject::reset();
  race.start(waitFor(course, 0, 1));
  race.start(waitFor(course, 1, 2));
  course.events[0].set();
  CHECK(CountedObject::live() == 1);
  end();
  CHECK(course.ends == "a+b-");
  CHECK(CountedObject::live() == 0);
  CHECK(results == "end");
}

TEST_CASE_FIXTURE(Track, "the stop of the parent stops the tasks") {
  race.start(waitFor(course, 0, 1));
  next();
  parent.requestStop();
  CHECK(results == "-1 ");
  end();
}

TEST_CASE_FIXTURE(Track, "a result that is there at once is given without a wait, and a race without tasks has none") {
  next();
  race.start(give(7));
  next();
  CHECK(results == "none 7 ");
  end();
}

TEST_CASE_FIXTURE(Track, "a task that throws has no result, the log says why, and the others go on") {
  std::string lines;
  taut::log::setSink([&](taut::log::Level, std::string_view line) { lines += line; });
  race.start(throwAfter(course, 0));
  race.start(waitFor(course, 1, 2));
  next();
  course.events[0].set();
  taut::log::setSink({});
  CHECK(lines.find("a task of a race failed: stumbled") != std::string::npos);
  CHECK(results.empty());
  course.events[1].set();
  CHECK(results == "2 ");
  next();
  CHECK(results == "2 none ");
  end();
}

namespace {

Task<std::unique_ptr<int>> own(int value) {
  co_return std::make_unique<int>(value);
}

Task<> takeOwned(int& taken) {
  Race<std::unique_ptr<int>> race;
  race.start(own(5));
  race.start(own(6));
  const auto first = co_await race.next();
  if (first) taken = **first;
  co_await race.end();
}

}  // namespace

TEST_CASE("results need not be copied") {
  int taken = 0;
  TaskScope scope;
  scope.spawn(takeOwned(taken));
  CHECK(taken == 5);
  CHECK(scope.empty());
}

}  // namespace race_test
