#include "taut/server/current_query.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "messages.hpp"
#include "taut/coro/event.hpp"
#include "taut/io/shard.hpp"
#include "taut/resolver/resolver.hpp"
#include "taut/server/queries_in_work.hpp"
#include "taut/server/server_factory.hpp"

namespace current_query_test {

namespace {

using namespace taut;

using Outcome = std::optional<Answer>;

class TestQuery final : public WaitingQuery {
 public:
  explicit TestQuery(const Bytes& message)
      : WaitingQuery(message, {Address::v4({192, 0, 2, 1}, 53), Transport::udp, {}, {}, {}}), buffer_(512) {}
  ~TestQuery() override { leave(); }
  MutableByteSpan replyBuffer() override { return buffer_; }

 private:
  Task<> send(std::size_t) override { return Task<>::ready(); }
  void leaveTransport() override {}

  Bytes buffer_;
};

// Notes which query is current while it is asked: "waits" waits for the gate, and "nests" starts another query first.
class Noting final : public Resolver {
 public:
  Task<Outcome> resolve(const Query& query) override {
    const std::string_view label = NameView(query.name()).firstLabel();
    note();
    if (label == "waits") return wait();
    if (label == "nests") {
      ask("inner.example");
      note();
      ask("waits.example");
      note();
    }
    return Task<Outcome>::ready(Answer::nameError());
  }

  void ask(std::string_view name) { queries.start(std::make_unique<TestQuery>(makeQuery(name, Type::MX))); }
  void note() { noted.push_back(factory.waitingQueries().current().describe().value_or("none")); }

  Shard shard;
  ServerFactory factory{{std::shared_ptr<Resolver>(std::shared_ptr<void>(), this)}};
  QueriesInWork queries{shard, factory};
  std::vector<std::string> noted;
  Event gate;

 private:
  Task<Outcome> wait() {
    co_await gate.wait();
    note();
    co_return std::nullopt;
  }
};

std::string question(const char* name) {
  return std::string(name) + ".example. MX from 192.0.2.1:53";
}

}  // namespace

TEST_CASE("a query is the current one from its start until it has ended or waits") {
  Noting resolver;
  resolver.note();
  resolver.ask("ends.example");
  resolver.note();
  resolver.ask("waits.example");
  resolver.note();
  resolver.gate.set();
  resolver.note();
  CHECK(resolver.noted ==
        std::vector<std::string>{"none", question("ends"), "none", question("waits"), "none", "none", "none"});
  CHECK(resolver.queries.tasks().empty());
}

TEST_CASE("after a query that was started within another, whether it ends or waits, the other is current again") {
  Noting resolver;
  resolver.ask("nests.example");
  resolver.note();
  CHECK(resolver.noted == std::vector<std::string>{question("nests"), question("inner"), question("nests"),
                                                   question("waits"), question("nests"), "none"});
  CHECK(resolver.factory.waitingQueries().size() == 1);
  resolver.gate.set();
  CHECK(resolver.queries.tasks().empty());
}

TEST_CASE("another thread may ask for the current query at any time") {
  ServerFactory factory;
  Shard shard;
  QueriesInWork queries(shard, factory);
  std::atomic<bool> done = false;
  std::size_t wrong = 0;
  std::thread reader([&] {
    while (!done) {
      const auto said = factory.waitingQueries().current().describe();
      if (said && *said != question("ends")) ++wrong;
    }
  });
  const Bytes message = makeQuery("ends.example", Type::MX);
  for (int i = 0; i < 20000; ++i) queries.start(std::make_unique<TestQuery>(message));
  done = true;
  reader.join();
  CHECK(wrong == 0);
}

}  // namespace current_query_test
