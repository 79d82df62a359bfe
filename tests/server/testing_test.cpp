#include "taut/testing.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "taut/base/address.hpp"
#include "taut/base/log.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/io/shard.hpp"
#include "taut/resolver/resolver.hpp"
#include "taut/server/server_factory.hpp"

namespace testing_test {

using namespace taut;
using namespace std::chrono_literals;

namespace {

using Texts = std::vector<std::string>;

// Answers with what it sees of the query.
class Echo final : public Resolver {
 public:
  Task<std::optional<Answer>> resolve(const Query& query) override {
    last.emplace(query);
    return Answer();
  }

  std::optional<Query> last;
};

class Throwing final : public Resolver {
 public:
  Task<std::optional<Answer>> resolve(const Query&) override { throw std::runtime_error("no luck"); }
};

// Neither token nor deadline reaches it.
class Waiting final : public Resolver {
 public:
  Task<std::optional<Answer>> resolve(const Query&) override {
    co_await never_.wait();
    co_return std::nullopt;
  }

 private:
  Event never_;
};

class Silent final : public ServerFactory {
 public:
  Task<Admission> allowQuery(const Query&, const ReplyChannel&) override { return Admission::drop; }
};

}  // namespace

TEST_CASE("a query has the question, the client and the OPT that its shape says") {
  const auto plain = testing::query("www.Example", Type::MX);
  CHECK(plain->name() == Name("www.example"));
  CHECK(plain->type() == Type::MX);
  CHECK(plain->recursionDesired());
  CHECK(plain->transport() == Transport::udp);
  CHECK_FALSE(plain->edns());

  const ClientSubnet subnet{*Address::parse("198.51.100.0"), 24};
  const auto full =
      testing::query("www.example", Type::A,
                     {.payloadSize = 4096, .dnssecOk = true, .clientSubnet = subnet, .client = Address::loopbackV6(7)});
  REQUIRE(full->edns());
  CHECK(full->edns()->udpPayloadSize == 4096);
  CHECK(full->dnssecOk());
  CHECK(full->edns()->clientSubnet == subnet);
  CHECK(full->peer() == Address::loopbackV6(7));
  CHECK_FALSE(full->formatError());
}

TEST_CASE("a query refers to its own octets, also after it was moved") {
  auto first = testing::query("www.example", Type::A);
  const auto second = std::move(first);
  CHECK(second->message().data() == second.message().data());
  CHECK(second.message() == testing::makeQuery("www.example", Type::A));
}

TEST_CASE("text that is no name, and a message that is a response, make no query") {
  CHECK_THROWS_AS(testing::query("www..example", Type::A), std::invalid_argument);
  CHECK_THROWS_AS(testing::query("www.example", Type::A, {.flags = flag::QR}), std::bad_optional_access);
}

TEST_CASE("a resolver sees the query that it is asked") {
  Echo handler;
  const auto reply = testing::ask(handler, testing::query("www.example", Type::A, {.transport = Transport::tcp}));
  CHECK(reply.rcode == Rcode::NOERROR);
  CHECK(handler.last->transport() == Transport::tcp);
  CHECK(handler.last->peer() == testing::QueryShape().client);
}

TEST_CASE("an upstream answers each question as it was told to, and no other") {
  testing::ManualShard shard;
  testing::FakeUpstream upstream(shard);
  upstream.at("www.example", Type::A).add(5min, rdata::A(192, 0, 2, 1)).add(5min, rdata::A(192, 0, 2, 2)).after(300ms);
  upstream.at("broken.example", Type::A).fail(Rcode::SERVFAIL).after(2s);
  const auto ask = [&](std::string_view name, Type type) {
    return testing::ask(shard, upstream, testing::query(name, type));
  };
  const Texts both{"WWW.example. 300 A 192.0.2.1", "WWW.example. 300 A 192.0.2.2"};
  CHECK(ask("WWW.example", Type::A).texts() == both);
  CHECK(shard.elapsed() == 300ms);
  CHECK(ask("www.example", Type::AAAA).rcode == Rcode::NOERROR);
  CHECK(ask("missing.example", Type::A).rcode == Rcode::NXDOMAIN);
  CHECK(shard.elapsed() == 300ms);
  CHECK(ask("broken.example", Type::A).rcode == Rcode::SERVFAIL);
  CHECK(shard.elapsed() == 2300ms);
  REQUIRE(upstream.asked().size() == 4);
  CHECK(upstream.asked()[1].type == Type::AAAA);
}

TEST_CASE("a handler that waits for ever is stopped after a day of the shard's clock, and fails") {
  testing::ManualShard shard;
  testing::FakeUpstream upstream(shard);
  upstream.at("silent.example", Type::A).never();
  CHECK(testing::ask(shard, upstream, testing::query("silent.example", Type::A)).rcode == Rcode::SERVFAIL);
  CHECK(shard.elapsed() == 24h);
  Waiting waiting;
  CHECK(testing::ask(shard, waiting, testing::query("www.example", Type::A)).rcode == Rcode::SERVFAIL);
  CHECK(shard.elapsed() == 48h);
}

TEST_CASE("the log of a test has what a handler throws") {
  const testing::LogCapture log;
  Throwing handler;
  CHECK(testing::ask(handler, testing::query("www.example", Type::A)).rcode == Rcode::SERVFAIL);
  CHECK(log.lines() == Texts{"www.example. A from 192.0.2.100:53211: no luck"});
}

TEST_CASE("a query without a reply is no reply, and the channel says so") {
  Silent factory;
  const auto query = testing::query("www.example", Type::A);
  CHECK_THROWS_AS(testing::ask(factory, query), std::logic_error);
  testing::RecordingChannel channel;
  syncWait(factory.serve(query, channel));
  CHECK(channel.sends == 0);
  CHECK(channel.messages.empty());
}

TEST_CASE("a reply has its records by section, as text and as structs, and says why it failed") {
  testing::ManualShard shard;
  testing::FakeUpstream upstream(shard);
  upstream.at("example", Type::MX)
      .add(1h, rdata::MX(10, Name("mail.example")))
      .add(1h, rdata::A(192, 0, 2, 25), Section::additional);
  const auto reply = testing::ask(shard, upstream, testing::query("example", Type::MX));
  CHECK(reply.whole);
  CHECK(reply.all<rdata::MX>().at(0).exchange == Name("mail.example"));
  CHECK(reply.all<rdata::A>().empty());
  CHECK(reply.texts(Section::additional) == Texts{"example. 3600 A 192.0.2.25"});
  CHECK(reply.texts(Section::authority).empty());

  ServerFactory empty;
  const auto refused = testing::ask(empty, testing::query("example", Type::MX, {.payloadSize = 1232}));
  CHECK(refused.rcode == Rcode::REFUSED);
  CHECK(refused.extendedError() == ExtendedErrorCode::notAuthoritative);
}

}  // namespace testing_test
