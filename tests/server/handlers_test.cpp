// The handlers that docs/handlers.md shows, tested as it says handlers are tested.
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "messages.hpp"
#include "stream_fixture.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/io/shard.hpp"
#include "taut/io/sleep.hpp"
#include "taut/io/with_deadline.hpp"
#include "taut/resolver/resolver.hpp"
#include "taut/server/server_factory.hpp"
#include "taut/testing.hpp"
#include "test_resolver.hpp"

namespace handlers_test {

using namespace taut;
using namespace std::chrono_literals;

namespace {

class Localhost final : public Resolver {
 public:
  Task<std::optional<Answer>> resolve(const Query& query) override {
    if (query.name() != name_) return std::nullopt;
    Answer answer;
    if (query.type() == Type::A) answer.add(query.name(), 24h, rdata::A(127, 0, 0, 1));
    return answer;
  }

 private:
  Name name_{"localhost"};
};

class Tarpit final : public Resolver {
 public:
  Tarpit(Shard& shard, std::shared_ptr<Resolver> next) : shard_(shard), next_(std::move(next)) {}

  Task<std::optional<Answer>> resolve(const Query& query) override {
    if (query.type() == Type::ANY) {
      const bool patient = co_await sleepFor(shard_, 2s);
      if (!patient) co_return std::nullopt;  // the client is gone, or the server is about to end
    }
    auto answer = co_await next_->resolve(query);
    co_return answer;
  }

 private:
  Shard& shard_;
  std::shared_ptr<Resolver> next_;
};

class Either final : public Resolver {
 public:
  Either(std::shared_ptr<Resolver> first, std::shared_ptr<Resolver> second)
      : first_(std::move(first)), second_(std::move(second)) {}

  Task<std::optional<Answer>> resolve(const Query& query) override {
    auto answer = co_await first_->resolve(query);
    if (answer && answer->rcode() != Rcode::SERVFAIL) co_return answer;
    auto other = co_await second_->resolve(query);
    co_return other;
  }

 private:
  std::shared_ptr<Resolver> first_;
  std::shared_ptr<Resolver> second_;
};

struct Account {
  std::string name;
  int questions = 0;
};

class Accounting final : public ServerFactory {
 public:
  using ServerFactory::ServerFactory;

  Task<Admission> allowQuery(const Query& query, const ReplyChannel& channel) override {
    query.setContext(Account{query.peer().hostText()});
    return ServerFactory::allowQuery(query, channel);
  }
};

class AccountName final : public Resolver {
 public:
  Task<std::optional<Answer>> resolve(const Query& query) override {
    Account& account = *query.context<Account>();
    ++account.questions;
    Answer answer;
    answer.add(query.name(), 0s, rdata::TXT(account.name));
    return answer;
  }
};

}  // namespace

TEST_CASE("localhost has an address and no other data, and other names are not answered") {
  Localhost handler;
  const auto ask = [&](const char* name, Type type) { return testing::ask(handler, testing::query(name, type)); };
  CHECK(ask("localhost", Type::A).texts() == std::vector<std::string>{"localhost. 86400 A 127.0.0.1"});
  CHECK(ask("LOCALHOST", Type::MX).counts[0] == 0);
  CHECK(ask("www.localhost", Type::A).rcode == Rcode::REFUSED);
}

TEST_CASE("a question of type ANY waits for two seconds") {
  testing::ManualShard shard;
  Tarpit handler(shard, std::make_shared<Localhost>());
  const auto reply = testing::ask(shard, handler, testing::query("localhost", Type::ANY));
  CHECK(reply.rcode == Rcode::NOERROR);
  CHECK(shard.elapsed() == 2s);
}

TEST_CASE("a query that is stopped waits no longer") {
  testing::ManualShard shard;
  Tarpit handler(shard, std::make_shared<Localhost>());
  const Query query(Name("localhost"), Type::ANY);
  CHECK_FALSE(shard.run(withDeadline(shard, 1s, handler.resolve(query))));
  CHECK(shard.elapsed() == 1s);
}

TEST_CASE("a whole server answers without a socket") {
  ServerFactory factory({std::make_shared<Localhost>()});
  CHECK(testing::ask(factory, testing::query("localhost", Type::A)).counts[0] == 1);
}

TEST_CASE("a resolver finds what a step before has put on the query") {
  Accounting factory({std::make_shared<AccountName>()});
  const Bytes message = makeQuery("www.example.com", Type::TXT);
  const auto query = Query::parse(message, {Address::loopbackV4(4711), Transport::udp});
  TestChannel channel;
  syncWait(factory.serve(*query, channel));
  CHECK(query->context<Account>()->name == "127.0.0.1");
  CHECK(query->context<Account>()->questions == 1);
}

TEST_CASE("the second resolver is asked where the first has nothing or fails") {
  const auto working = std::make_shared<TestResolver>();
  const auto failing = std::make_shared<TestResolver>();
  Either handler(failing, working);
  const auto ask = [&](const char* name) { return syncWait(handler.resolve(Query(Name(name), Type::A))); };
  CHECK(ask("www.example.com"));
  CHECK(working->asked == 0);
  CHECK(ask("failing.example.com")->rcode() == Rcode::SERVFAIL);
  CHECK(working->asked == 1);
  CHECK_FALSE(ask("nothing.example.com"));
  CHECK(working->asked == 2);
}

namespace {

// Gives the zone to those who ask over TCP: a message for each record, the SOA record first and last (RFC 5936).
class TransferFactory final : public ServerFactory {
 public:
  Task<std::optional<Answer>> handleQuery(const Query& query, ReplyChannel& channel) override {
    const bool wanted = query.type() == Type::AXFR && query.name() == zone_ && channel.transport() == Transport::tcp;
    return wanted ? transfer(query, channel) : ServerFactory::handleQuery(query, channel);
  }

 private:
  Task<std::optional<Answer>> transfer(const Query& query, ReplyChannel& channel) {
    Answer soa;
    soa.add(zone_, 1h, rdata::SOA(Name("ns.example."), Name("hostmaster.example."), 1, 3600, 600, 86400, 300));
    Answer address;
    address.add(Name("www.example."), 1h, rdata::A(192, 0, 2, 1));
    for (const Answer* part : {&soa, &address, &soa}) {
      const std::size_t size = responseFromMessage(query, *part, channel.replyBuffer());
      co_await channel.write(size);
    }
    co_return Answer::noReply();
  }

  Name zone_{"example."};
};

}  // namespace

TEST_CASE("a handler answers one query by several messages") {
  StreamFixture fixture(std::make_shared<TransferFactory>());
  fixture.run([](StreamFixture&, StreamClient& client) -> Task<> {
    const Bytes query = framed(makeQuery("example", Type::AXFR));
    co_await client.write(query);
    for (const bool isAddress : {false, true, false}) {
      const auto message = co_await client.read();
      REQUIRE(message);
      const ParsedReply reply(*message);
      CHECK(reply.rcode == Rcode::NOERROR);
      CHECK(reply.counts[0] == 1);
      const MessageView view = MessageView::parse(*message).value();
      MessageView records = view;
      CHECK(records.nextQuestion());
      CHECK(records.nextRecord()->type == (isAddress ? Type::A : Type::SOA));
    }
  });
}

}  // namespace handlers_test
