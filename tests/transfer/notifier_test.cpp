#include "taut/transfer/notifier.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "secondary_support.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/testing/log_capture.hpp"

namespace notifier_test {

namespace {

using namespace taut;  // NOLINT(google-build-using-namespace)
using testing::FakePrimary;
using Reply = std::optional<FakePrimary::Reply>;

// A server that is told of versions, and replies as it is told.
struct Telling {
  explicit Telling(std::shared_ptr<const TsigKey> key = {}, std::shared_ptr<const TsigKey> ours = {})
      : target(shard, key), notifier(shard), targets{{target.address(), ours ? std::move(ours) : std::move(key)}} {
    target.onQuestion = [this](const Query& query) -> Reply {
      CHECK(query.opcode() == Opcode::NOTIFY);
      CHECK(query.type() == Type::SOA);
      return replies ? target.error(query, rcode) : FakePrimary::Reply{};
    };
  }

  template <class Test>
  void run(Test test) {
    shard.run(main(*this, test(*this)));
  }
  static Task<> main(Telling& telling, Task<> test) {
    TaskScope scope;
    scope.spawn(telling.target.run(), scope.token());
    scope.spawn(telling.notifier.run(), scope.token());
    co_await std::move(test);
    scope.stop();
    co_await scope.join();
  }
  void tell(std::uint32_t serial) { notifier.notify(*loaded(exampleZone(serial)), targets); }
  SleepAwaiter pass(Duration time) { return sleepFor(shard, time); }

  testing::ManualShard shard;
  FakePrimary target;
  Notifier notifier;
  std::vector<NotifyTarget> targets;
  bool replies = true;
  Rcode rcode = Rcode::NOERROR;
};

TEST_CASE("a version is told of once to a target that replies") {
  Telling telling;
  telling.run([](Telling& t) -> Task<> {
    t.tell(5);
    co_await t.pass(1h);
    CHECK(t.target.asked.size() == 1);
    CHECK(t.notifier.pending() == 0);
  });
}

TEST_CASE("a notice without a reply is sent 5 times: after 15, 30, 60 and 60 seconds") {
  testing::LogCapture log;
  Telling telling;
  telling.replies = false;
  telling.run([](Telling& t) -> Task<> {
    t.tell(5);
    co_await t.pass(1h);
    REQUIRE(t.target.asked.size() == 5);
    const std::vector<Duration> pauses = {15s, 30s, 60s, 60s};
    for (std::size_t i = 0; i < pauses.size(); ++i) {
      const Duration pause = t.target.asked[i + 1].at - t.target.asked[i].at;
      CHECK(pause >= pauses[i]);
      CHECK(pause < pauses[i] + 100ms);
    }
    CHECK(t.notifier.pending() == 0);
  });
  CHECK(log.count("has not replied to 5 notices") == 1);
}

TEST_CASE("a newer version takes the place of one that is not acknowledged") {
  Telling telling;
  telling.replies = false;
  telling.run([](Telling& t) -> Task<> {
    t.tell(5);
    co_await t.pass(1s);
    t.tell(6);
    t.tell(7);
    CHECK(t.notifier.pending() == 1);
    t.replies = true;
    co_await t.pass(1h);
    CHECK(t.target.asked.size() == 2);
    CHECK(t.notifier.pending() == 0);
  });
}

TEST_CASE("a newer version is told of within half a second, though the notice before it finds no reply") {
  Telling telling;
  telling.replies = false;
  telling.run([](Telling& t) -> Task<> {
    t.tell(5);
    co_await t.pass(100ms);
    t.tell(6);
    co_await t.pass(300ms);
    t.tell(7);
    CHECK(t.target.asked.size() == 1);
    co_await t.pass(101ms);
    REQUIRE(t.target.asked.size() == 2);
    co_await t.pass(4s);
    t.tell(8);
    co_await t.pass(1ms);
    REQUIRE(t.target.asked.size() == 3);
    t.replies = true;
    co_await t.pass(1h);
    CHECK(t.target.asked.size() == 4);
    CHECK(t.notifier.pending() == 0);
  });
}

TEST_CASE("a reply that says no ends the notice, and is told of") {
  testing::LogCapture log;
  Telling telling;
  telling.rcode = Rcode::NOTAUTH;
  telling.run([](Telling& t) -> Task<> {
    t.tell(5);
    co_await t.pass(1h);
    CHECK(t.target.asked.size() == 1);
    CHECK(t.notifier.pending() == 0);
  });
  CHECK(log.count("answers NOTAUTH to a notice") == 1);
}

TEST_CASE("with a key a notice is signed, and only a signed reply ends it") {
  Telling good(exampleKey());
  good.run([](Telling& t) -> Task<> {
    t.tell(5);
    co_await t.pass(1h);
    CHECK(t.target.asked.size() == 1);
  });
  Telling bad(exampleKey());
  bad.target.signs = FakePrimary::Signed::none;
  bad.run([](Telling& t) -> Task<> {
    t.tell(5);
    co_await t.pass(1h);
    CHECK(t.target.asked.size() == 5);
  });
}

TEST_CASE("a stop ends notices under way at once, and notices wait for the start") {
  Telling telling;
  telling.replies = false;
  telling.tell(5);
  CHECK(telling.notifier.pending() == 1);
  telling.run([](Telling& t) -> Task<> {
    co_await t.pass(1ms);
    CHECK(t.target.asked.size() == 1);
  });
  CHECK(telling.shard.elapsed() < 1s);
}

}  // namespace

}  // namespace notifier_test
