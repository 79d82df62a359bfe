// Slips of people who write handlers: each costs its own query SERVFAIL and one line of the log, and no other query
// anything.
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

#include "messages.hpp"
#include "taut/base/clock.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/resolver/authority.hpp"
#include "taut/resolver/cache.hpp"
#include "taut/server/server.hpp"
#include "taut/server/server_factory.hpp"
#include "test_resolver.hpp"

#if defined(__clang__)
#pragma clang diagnostic ignored "-Wreturn-type"
#endif

using namespace std::chrono_literals;

namespace {

using namespace taut;

ParsedReply ask(ServerFactory& factory, std::string_view name) {
  const Bytes message = makeQuery(name, Type::A);
  const Query query = Query::parse(message, {Address::loopbackV4(4711), Transport::udp}).value();
  TestChannel channel;
  syncWait(factory.serve(query, channel));
  REQUIRE(channel.sends == 1);
  return ParsedReply(channel.reply);
}

// The first label of the name says which mistake is made.
class Mistaken final : public Resolver {
 public:
  Task<std::optional<Answer>> resolve(const Query& query) override {
    const std::string_view mistake = NameView(query.name()).firstLabel();
    if (mistake == "noreturn") return withoutReturn(query);
    if (mistake == "twice") return awaitedTwice(query);
    if (mistake == "movedtask") return movedTask();
    if (mistake == "changed") return changedAfterMove(query);
    if (mistake == "moved") return givenAfterMove();
    return correct_->resolve(query);
  }

 private:
  using Outcome = std::optional<Answer>;

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

  std::shared_ptr<Resolver> correct_ = std::make_shared<TestResolver>();
};

void requireFailure(ServerFactory& factory, std::string_view name, std::string_view reason) {
  const LogCapture log;
  CHECK(ask(factory, name).rcode == Rcode::SERVFAIL);
  CAPTURE(reason);
  CHECK(log.lines().size() == 1);
  CHECK(log.has(name));
  CHECK(log.has(reason));
}

}  // namespace

TEST_CASE(
    "a handler that ends without co_return, awaits twice or uses what it moved fails its own query, and says why") {
  ServerFactory factory({std::make_shared<Mistaken>()});
  requireFailure(factory, "noreturn.example", "a coroutine ended without co_return");
  requireFailure(factory, "twice.example", "awaited before or moved from");
  requireFailure(factory, "movedtask.example", "awaited before or moved from");
  requireFailure(factory, "changed.example", "an answer was used that had been moved from");
  requireFailure(factory, "moved.example", "the answer had been moved from");
  CHECK(ask(factory, "www.example").counts[0] == 1);
}

TEST_CASE("an answer of a client that was moved from fails, and is not cached") {
  const auto cache = std::make_shared<Cache>(65536);
  ServerFactory factory({}, {cache}, {std::make_shared<Mistaken>()});
  for (int i = 0; i < 2; ++i) requireFailure(factory, "moved.example", "the answer had been moved from");
}

TEST_CASE("a null authority, cache or client fails the queries that reach it, and not those before it") {
  ServerFactory authorities({std::make_shared<Mistaken>(), std::shared_ptr<Resolver>()});
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

TEST_CASE("an authority without zones says so once, and its queries fail") {
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

TEST_CASE("failing queries write ten lines a second to the log, and then how many they were") {
  ManualClock clock;
  ServerFactory factory({std::make_shared<Mistaken>()});
  factory.setClock(clock);
  const LogCapture log;
  for (int i = 0; i < 50; ++i) ask(factory, "noreturn.example");
  CHECK(log.lines().size() == FailureLog::linesPerSecond);
  clock.advance(1s);
  ask(factory, "noreturn.example");
  CHECK(log.lines().size() == FailureLog::linesPerSecond + 2);
  CHECK(log.has("40 more queries failed"));
}
