// Slips of people who write handlers: each costs its own query SERVFAIL and one line of the log, and no other query
// anything.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "messages.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/io/shard.hpp"
#include "taut/io/sleep.hpp"
#include "taut/resolver/authority.hpp"
#include "taut/resolver/cache.hpp"
#include "taut/server/server.hpp"
#include "taut/server/server_factory.hpp"
#include "taut/testing.hpp"
#include "test_resolver.hpp"

#if defined(__clang__)
#pragma clang diagnostic ignored "-Wreturn-type"
#endif

namespace mistakes_test {

using namespace std::chrono_literals;

namespace {

using namespace taut;

// The first label of the name says which mistake is made.
class Mistaken final : public Resolver {
 public:
  explicit Mistaken(Shard& shard) : shard_(shard) {}

  Task<std::optional<Answer>> resolve(const Query& query) override {
    const std::string_view mistake = NameView(query.name()).firstLabel();
    if (mistake == "number") throw 42;
    if (mistake == "later") return thrownAfterWait();
    if (mistake == "noreturn") return withoutReturn(query);
    if (mistake == "silent") return withoutAnyReturn();
    if (mistake == "twice") return awaitedTwice(query);
    if (mistake == "movedtask") return movedTask();
    if (mistake == "changed") return changedAfterMove(query);
    if (mistake == "moved") return givenAfterMove();
    if (mistake == "stray") return strayTask();
    if (mistake == "borrowed") return goneStorage(query);
    if (mistake == "temporary") return temporaryQuery(query);
    return correct_->resolve(query);
  }

 private:
  using Outcome = std::optional<Answer>;

  Task<Outcome> thrownAfterWait() {
    co_await sleepFor(shard_, 1s);
    throw std::runtime_error("thrown after a wait");
  }
  Task<Outcome> withoutAnyReturn() { co_await sleepFor(shard_, 1s); }
  Task<Outcome> withoutReturn(const Query& query) {
    if (query.type() == Type::MX) co_return Answer();
  }
  Task<Outcome> awaitedTwice(const Query& query) {
    auto pending = correct_->resolve(query);
    auto first = co_await std::move(pending);
    auto second = co_await std::move(pending);
    co_return second;
  }
  Task<Outcome> movedTask() {
    auto pending = givenAfterMove();
    auto other = std::move(pending);
    auto answer = co_await std::move(pending);
    co_return answer;
  }
  Task<Outcome> changedAfterMove(const Query& query) {
    Answer answer;
    const Answer other = std::move(answer);
    answer.add(query.name(), 1s, rdata::A(192, 0, 2, 1));
    co_return answer;
  }
  Task<Outcome> givenAfterMove() {
    Answer answer;
    const Answer other = std::move(answer);
    co_return answer;
  }

  Task<> thrown() {
    co_await sleepFor(shard_, 1s);
    throw std::runtime_error("thrown beside the answer");
  }
  Task<Outcome> strayTask() {
    TaskScope work;
    const StopToken stop = work.token();
    work.spawn(thrown(), stop);
    co_await work.join();
    co_return Answer();
  }
  Task<Outcome> goneStorage(const Query& query) {
    Answer answer;
    {
      std::vector<std::uint8_t> rdata{0, 4, 192, 0, 2, 7};
      const Name owner = query.name();
      RRset rrset;
      rrset.owner = owner;
      rrset.type = Type::A;
      rrset.rdata = rdata.data();
      rrset.count = 1;
      answer.addRRset(Section::answer, rrset);
      rdata.assign(rdata.size(), 0xff);
    }
    co_return answer;
  }
  Task<Outcome> answeredAfterWait(const Query& query) {
    co_await sleepFor(shard_, 1s);
    Answer answer;
    answer.add(query.name(), 1s, rdata::A(192, 0, 2, 1));
    co_return answer;
  }
  Task<Outcome> temporaryQuery(const Query& query) {
    auto answer =
        co_await answeredAfterWait(query.withQuestion(Name("a.name.that.takes.some.octets.example"), Type::A));
    co_return answer;
  }

  Shard& shard_;
  std::shared_ptr<Resolver> correct_ = std::make_shared<TestResolver>();
};

class Fixture {
 public:
  ParsedReply ask(ServerFactory& factory, std::string_view name) {
    return testing::ask(shard, factory, testing::query(name, Type::A));
  }
  void requireFailure(ServerFactory& factory, std::string_view name, std::string_view reason) {
    const LogCapture log;
    CHECK(ask(factory, name).rcode == Rcode::SERVFAIL);
    CAPTURE(reason);
    CHECK(log.lines().size() == 1);
    CHECK(log.has(name));
    CHECK(log.has(reason));
  }

  testing::ManualShard shard;
  std::shared_ptr<Resolver> mistaken = std::make_shared<Mistaken>(shard);
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "what a handler throws fails its own query, at once or after a wait, of whatever type") {
  ServerFactory factory({mistaken});
  requireFailure(factory, "number.example", "unknown exception");
  requireFailure(factory, "later.example", "thrown after a wait");
  CHECK(ask(factory, "www.example").counts[0] == 1);
}

TEST_CASE_FIXTURE(Fixture,
                  "a handler that ends without co_return, awaits twice or uses what it moved fails its own query") {
  ServerFactory factory({mistaken});
  requireFailure(factory, "noreturn.example", "a coroutine ended without co_return");
  requireFailure(factory, "silent.example", "a coroutine ended without co_return");
  requireFailure(factory, "twice.example", "awaited before or moved from");
  requireFailure(factory, "movedtask.example", "awaited before or moved from");
  requireFailure(factory, "changed.example", "an answer was used that had been moved from");
  requireFailure(factory, "moved.example", "the answer had been moved from");
  CHECK(ask(factory, "www.example").counts[0] == 1);
}

TEST_CASE_FIXTURE(Fixture, "an exception of a task beside the answer is logged, and the answer goes out") {
  ServerFactory factory({mistaken});
  const LogCapture log;
  CHECK(ask(factory, "stray.example").rcode == Rcode::NOERROR);
  CHECK(log.lines() == std::vector<std::string>{"a task ended with an exception: thrown beside the answer"});
}

TEST_CASE_FIXTURE(Fixture, "what a function throws that was posted to a shard is logged, and the shard goes on") {
  ServerFactory factory({mistaken});
  const LogCapture log;
  shard.post([] { throw 42; });
  CHECK(ask(factory, "temporary.example").counts[0] == 1);
  CHECK(log.lines().size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "records from storage that is gone are right, and so is a temporary query that is awaited") {
  ServerFactory factory({mistaken});
  CHECK(ask(factory, "borrowed.example").texts() == std::vector<std::string>{"borrowed.example. 0 A 192.0.2.7"});
  CHECK(ask(factory, "temporary.example").records()[0].owner == Name("a.name.that.takes.some.octets.example"));
}

TEST_CASE_FIXTURE(Fixture, "an answer of a client that was moved from fails, and is not cached") {
  const auto cache = std::make_shared<Cache>(65536);
  ServerFactory factory({}, {cache}, {mistaken});
  for (int i = 0; i < 2; ++i) requireFailure(factory, "moved.example", "the answer had been moved from");
}

TEST_CASE_FIXTURE(Fixture,
                  "a null authority, cache or client fails the queries that reach it, and not those before it") {
  ServerFactory authorities({mistaken, std::shared_ptr<Resolver>()});
  CHECK(ask(authorities, "www.example").counts[0] == 1);
  requireFailure(authorities, "nothing.example", "a resolver or a cache is null");
  ServerFactory clients({}, {}, {std::make_shared<TestResolver>(), std::shared_ptr<Resolver>()});
  CHECK(ask(clients, "www.example").counts[0] == 1);
  requireFailure(clients, "nothing.example", "a resolver or a cache is null");
  ServerFactory caches({std::make_shared<TestResolver>()}, {std::make_shared<Cache>(65536), std::shared_ptr<Cache>()},
                       {std::make_shared<TestResolver>()});
  CHECK(ask(caches, "www.example").counts[0] == 1);
  requireFailure(caches, "nothing.example", "a resolver or a cache is null");
  CHECK(caches.cache() == nullptr);
}

TEST_CASE_FIXTURE(Fixture, "an authority without zones says so once, and its queries fail") {
  const LogCapture log;
  ServerFactory factory({std::make_shared<Authority>(nullptr)});
  CHECK(ask(factory, "www.example").rcode == Rcode::SERVFAIL);
  CHECK(ask(factory, "www.example").rcode == Rcode::SERVFAIL);
  CHECK(log.lines().size() == 1);
  CHECK(log.has("null pointer for its zones"));
}

TEST_CASE("a server whose function gives no factory does not start, and says why") {
  ServerOptions options;
  options.listen = {Address::loopbackV4()};
  options.threads = 1;
  Server server(options, [](Shard&) { return std::unique_ptr<ServerFactory>(); });
  CHECK_THROWS_WITH_AS(server.start(), "the function that makes factories gave a null pointer", std::invalid_argument);
}

TEST_CASE_FIXTURE(Fixture, "failing queries write ten lines a second to the log, and then how many they were") {
  ServerFactory factory({mistaken});
  factory.setClock(shard.clock());
  const LogCapture log;
  for (int i = 0; i < 50; ++i) ask(factory, "noreturn.example");
  CHECK(log.lines().size() == FailureLog::linesPerSecond);
  shard.advance(1s);
  ask(factory, "noreturn.example");
  CHECK(log.lines().size() == FailureLog::linesPerSecond + 2);
  CHECK(log.has("40 more queries failed"));
}

}  // namespace mistakes_test
