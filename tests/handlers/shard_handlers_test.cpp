#include "handlers/shard_handlers.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "taut/base/clock.hpp"
#include "taut/coro/event.hpp"
#include "taut/dns/query.hpp"
#include "taut/io/sleep.hpp"

using namespace taut;
using namespace std::chrono_literals;

namespace {

// What has happened to a handler, which outlives it.
struct Story {
  std::string told;
  Event gate;
};

class Told final : public Resolver {
 public:
  Told(Shard& shard, Story& story, std::string name) : shard_(shard), story_(story), name_(std::move(name)) {}
  ~Told() override { tell("gone"); }

  Task<> start(TaskScope& work) override {
    if (name_ == "bad") throw std::runtime_error("the moon is full");
    if (name_ == "slow") co_await sleepFor(shard_, 1h);
    tell("starts");
    work.spawn(untilStopped(), work.token());
  }
  Task<std::optional<Answer>> resolve(const Query& query) override {
    tell("asked");
    if (query.name().firstLabel() == "wait") co_await story_.gate.wait();
    if (query.name().firstLabel() == "throw") throw std::runtime_error("as it was told");
    if (query.name().firstLabel() == "pass") co_return std::nullopt;
    co_return Answer();
  }
  Task<> close() override {
    tell("closes");
    return Task<>::ready();
  }

 private:
  void tell(const char* what) { story_.told += name_ + ' ' + what + ';'; }
  Task<> untilStopped() {
    Event never;
    co_await never.wait();
    tell("stops");
  }

  Shard& shard_;
  Story& story_;
  std::string name_;
};

ShardOptions withClock(ManualClock& clock) {
  clock.skipIdle(1ms);
  ShardOptions options;
  options.clock = &clock;
  return options;
}

class Fixture {
 public:
  std::shared_ptr<RunningHandler> make(const std::string& name, HandlerPlace place = HandlerPlace::afterZones,
                                       std::vector<Name> suffixes = {}) {
    return std::make_shared<RunningHandler>(name, place, std::move(suffixes),
                                            std::make_shared<Told>(shard, story, name), counters);
  }

  // Asks the place, and says whether there was an answer.
  bool ask(ShardHandlers& handlers, const char* name, HandlerPlace place = HandlerPlace::afterZones) {
    const Query query(Name(name), Type::A);
    return shard.run(handlers.at(place)->resolve(query)).has_value();
  }

  std::string startOthers(ShardHandlers& handlers, const Handlers& others) {
    std::optional<std::string> failure;
    handlers.startOthers(others, [&failure](const std::string& what) { failure = what; });
    for (int turns = 0; !failure && turns < 10; ++turns) shard.run(pass(shard, 5s));
    REQUIRE(failure);
    return *failure;
  }

  static Task<> askAlone(Resolver& resolver, const Query& query) { co_await resolver.resolve(query); }
  static Task<> pass(Shard& shard, Duration time) { co_await sleepFor(shard, time); }

  Story story;
  ManualClock clock;
  Shard shard{withClock(clock)};
  std::shared_ptr<HandlerCounters> counters = std::make_shared<HandlerCounters>();
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "handlers of a place are asked in order, and each for its names alone") {
  ShardHandlers handlers(shard, {make("one", HandlerPlace::afterZones, {Name("example.com")}), make("two"),
                                 make("first", HandlerPlace::beforeZones)});
  shard.run(handlers.start());
  story.told.clear();
  CHECK(ask(handlers, "www.EXAMPLE.com"));
  CHECK(ask(handlers, "example.org"));
  CHECK_FALSE(ask(handlers, "pass.example.com"));
  CHECK(ask(handlers, "example.com", HandlerPlace::beforeZones));
  CHECK(story.told == "one asked;two asked;one asked;two asked;first asked;");
  shard.run(handlers.close());
}

TEST_CASE_FIXTURE(Fixture, "what a handler answers, passes on and fails at is counted, with the time that it takes") {
  ShardHandlers handlers(shard, {make("one")});
  shard.run(handlers.start());
  CHECK(ask(handlers, "example.com"));
  CHECK_FALSE(ask(handlers, "pass.example.com"));
  CHECK_THROWS_WITH(ask(handlers, "throw.example.com"), "as it was told");
  CHECK(counters->answered == 1);
  CHECK(counters->passedOn == 1);
  CHECK(counters->failed == 1);
  CHECK(counters->waiting == 0);
  CHECK(counters->durations.value().total() == 3);
  shard.run(handlers.close());
}

TEST_CASE_FIXTURE(Fixture, "a handler that goes answers what waits in it, and ends after that alone") {
  ShardHandlers handlers(shard, {make("old")});
  shard.run(handlers.start());
  const Query query(Name("wait.example.com"), Type::A);
  TaskScope asking;
  asking.spawn(askAlone(*handlers.at(HandlerPlace::afterZones), query));
  CHECK(counters->waiting == 1);

  const Handlers others{make("new")};
  CHECK(startOthers(handlers, others).empty());
  handlers.replace(others);
  CHECK(ask(handlers, "example.com"));
  CHECK(story.told == "old starts;old asked;new starts;new asked;");
  story.gate.set();
  CHECK(asking.empty());
  CHECK(story.told == "old starts;old asked;new starts;new asked;old stops;old closes;old gone;");
  shard.run(handlers.close());
}

TEST_CASE_FIXTURE(Fixture, "a handler that is among those before and those after stays as it is") {
  const auto stays = make("stays");
  ShardHandlers handlers(shard, {stays, make("goes")});
  shard.run(handlers.start());
  handlers.replace({stays});
  CHECK(story.told == "stays starts;goes starts;goes stops;goes closes;goes gone;");
  shard.run(handlers.close());
  CHECK(story.told.ends_with("stays stops;stays closes;stays gone;"));
}

TEST_CASE_FIXTURE(Fixture, "where one that comes does not start, the others end again and those before serve on") {
  ShardHandlers handlers(shard, {make("old")});
  shard.run(handlers.start());
  const Handlers others{make("good"), make("bad")};
  CHECK(startOthers(handlers, others) == "bad does not start: the moon is full");
  handlers.discard(others);
  CHECK(story.told == "old starts;good starts;good stops;good closes;good gone;bad closes;bad gone;");
  CHECK(ask(handlers, "example.com"));
  shard.run(handlers.close());
}

TEST_CASE_FIXTURE(Fixture, "a start that takes too long is given up") {
  ShardHandlers handlers(shard, {});
  const Handlers others{make("slow")};
  CHECK(startOthers(handlers, others) == "a handler takes too long to start");
  handlers.discard(others);
  shard.run(handlers.close());
  CHECK(story.told.ends_with("slow closes;slow gone;"));
}

TEST_CASE_FIXTURE(Fixture, "at the end all are closed, also those that have not served") {
  ShardHandlers handlers(shard, {make("old")});
  CHECK(startOthers(handlers, {make("new")}).empty());
  shard.run(handlers.close());
  CHECK(story.told == "new starts;old closes;old gone;new stops;new closes;new gone;");
}
