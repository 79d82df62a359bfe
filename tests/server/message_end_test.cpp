// Every message that comes in is told of once, whatever becomes of it.
#include "taut/server/message_end.hpp"

#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "blocking_client.hpp"
#include "messages.hpp"
#include "taut/base/clock.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/resolver/authority.hpp"
#include "taut/server/server.hpp"
#include "taut/zone/zone_file.hpp"
#include "test_resolver.hpp"

namespace message_end_test {

namespace {

using namespace taut;
using namespace std::chrono_literals;

const Address client = Address::v4({192, 0, 2, 100}, 53);

// What is kept of a MessageEnd.
struct End {
  std::string name;  // empty without a question
  Transport transport{};
  std::optional<Rcode> rcode;
  std::optional<DropReason> dropped;
  std::size_t size = 0;
  std::size_t messages = 0;
  bool truncated = false;
  std::string source;
  std::string outcome;
  Duration duration{};
};

class Ends {
 public:
  ServerFactory::OnReply hook() {
    return [this](const MessageEnd& end) {
      const bool named = end.query && end.query->hasQuestion();
      const std::scoped_lock lock(mutex_);
      ends_.push_back({named ? end.query->name().toString() : std::string(), end.transport, end.rcode, end.dropped,
                       end.size(), end.messages, end.truncated(), end.source.toText(), std::string(end.outcome),
                       end.duration});
    };
  }
  std::vector<End> all() const {
    const std::scoped_lock lock(mutex_);
    return ends_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<End> ends_;
};

// Goes every way that an override may go.
class Wayward : public ServerFactory {
 public:
  using ServerFactory::ServerFactory;

  Task<Admission> allowQuery(const Query& query, const ReplyChannel& channel) override {
    if (label(query) == "drop") return Task<Admission>::ready(Admission::drop);
    if (label(query) == "refuse") return Task<Admission>::ready(Admission::refuse);
    if (label(query) == "throwfirst") throw std::runtime_error("thrown first");
    return ServerFactory::allowQuery(query, channel);
  }
  Task<std::optional<Answer>> handleQuery(const Query& query, ReplyChannel& channel) override {
    if (label(query) == "silent") return Task<std::optional<Answer>>::ready(Answer::noReply());
    if (label(query) == "messages") return writeMessages(query, channel);
    return ServerFactory::handleQuery(query, channel);
  }
  Task<> sendReply(ReplyChannel& channel, const Query& query, Answer answer) override {
    if (label(query) == "unsent") co_return;
    if (label(query) == "throwlast") throw std::runtime_error("thrown last");
    if (label(query) == "own") {
      const std::size_t size = responseFromMessage(query, answer, channel.replyBuffer());
      co_await channel.write(size);
      co_return;
    }
    co_await ServerFactory::sendReply(channel, query, std::move(answer));
    if (label(query) == "throwafter") throw std::runtime_error("thrown after");
  }

 private:
  static std::string_view label(const Query& query) { return NameView(query.name()).firstLabel(); }

  Task<std::optional<Answer>> writeMessages(const Query& query, ReplyChannel& channel) {
    for (int i = 0; i < 3; ++i) {
      const std::size_t size = responseFromMessage(query, Answer(), channel.replyBuffer());
      co_await channel.write(size);
    }
    co_return Answer::noReply();
  }
};

struct Fixture {
  Fixture() {
    factory.setClock(clock);
    factory.setOnReply(ends.hook());
  }

  // What is told of the message.
  End ask(const Bytes& message, Transport transport = Transport::udp) {
    const auto query = Query::parse(message, {client, transport, clock.now() - 18us});
    TestChannel channel(transport);
    const std::size_t before = ends.all().size();
    syncWait(factory.serve(*query, channel));
    const std::vector<End> after = ends.all();
    REQUIRE(after.size() == before + 1);
    CHECK(after.back().transport == transport);
    CHECK(after.back().duration == 18us);
    if (after.back().rcode) CHECK(after.back().size == channel.reply.size());
    return after.back();
  }
  End ask(const char* name, Transport transport = Transport::udp) { return ask(makeQuery(name, Type::A), transport); }

  LogCapture log;
  ManualClock clock;
  Ends ends;
  Wayward factory{{std::make_shared<TestResolver>()}};
};

std::uint64_t dropsOf(const ServerFactory& factory) {
  std::uint64_t sum = 0;
  for (const Counter& counter : factory.counters().dropped) sum += counter;
  return sum;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a reply is told with its RCODE, its size and who gave it") {
  for (const Transport transport : {Transport::udp, Transport::tcp}) {
    const End end = ask("www.example.com", transport);
    CHECK(end.name == "www.example.com.");
    CHECK(end.rcode == Rcode::NOERROR);
    CHECK_FALSE(end.dropped);
    CHECK_FALSE(end.truncated);
    CHECK(end.source == "handler");
    CHECK(end.outcome.empty());
    CHECK(ask("missing.example.com", transport).rcode == Rcode::NXDOMAIN);
    const End refused = ask("nothing.example.com", transport);
    CHECK(refused.rcode == Rcode::REFUSED);
    CHECK(refused.source == "server");
  }
  CHECK(ask("many.example.com").truncated);
}

TEST_CASE_FIXTURE(Fixture, "what the server answers itself is told as its own") {
  for (const char* const name : {"refuse.example.com", "throw.example.com", "throwfirst.example.com"}) {
    CAPTURE(name);
    CHECK(ask(name).source == "server");
  }
  QueryShape notify;
  notify.opcode = Opcode::NOTIFY;
  const End unknown = ask(makeQuery("www.example.com", Type::SOA, notify));
  CHECK(unknown.rcode == Rcode::NOTIMP);
  CHECK(unknown.source == "server");
  Bytes broken = makeQuery("www.example.com", Type::A);
  broken.resize(20);
  const End malformed = ask(broken);
  CHECK(malformed.rcode == Rcode::FORMERR);
  CHECK(malformed.name.empty());
  CHECK(malformed.source == "server");
  QueryShape version;
  version.payloadSize = 1232;
  version.ednsVersion = 1;
  CHECK(ask(makeQuery("www.example.com", Type::A, version)).rcode == Rcode::BADVERS);
}

TEST_CASE_FIXTURE(Fixture, "what gets no reply is told with the reason, and counted by it") {
  CHECK(ask("drop.example.com").dropped == DropReason::policy);
  CHECK(ask("silent.example.com").dropped == DropReason::handler);
  CHECK(dropsOf(factory) == 2);
  CHECK(ask("unsent.example.com").dropped == DropReason::handler);
  RateLimit limit;
  limit.slip = 0;
  factory.setRateLimit(limit);
  std::size_t limited = 0;
  for (int i = 0; i < 50; ++i) {
    const End end = ask("www.example.com");
    if (!end.dropped) continue;
    CHECK(end.dropped == DropReason::rateLimit);
    CHECK(end.outcome == "rate-limit");
    CHECK(end.source == "handler");
    ++limited;
  }
  CHECK(limited > 0);
  CHECK(dropsOf(factory) == 2 + limited);
}

TEST_CASE_FIXTURE(Fixture, "messages that a handler or an override has written are told once, with their number") {
  const End transfer = ask("messages.example.com", Transport::tcp);
  CHECK(transfer.messages == 3);
  CHECK(transfer.outcome == "messages");
  CHECK_FALSE(transfer.rcode);
  const End own = ask("own.example.com");
  CHECK(own.messages == 1);
  CHECK_FALSE(own.dropped);
  CHECK(ask("throwafter.example.com").rcode == Rcode::NOERROR);
  const End last = ask("throwlast.example.com");
  CHECK(last.rcode == Rcode::SERVFAIL);
  CHECK(last.source == "server");
}

TEST_CASE_FIXTURE(Fixture, "a message without a query is told with the address that it came from") {
  factory.ignore(client, Transport::tcp, DropReason::unparsable);
  REQUIRE(ends.all().size() == 1);
  CHECK(ends.all()[0].dropped == DropReason::unparsable);
  CHECK(ends.all()[0].name.empty());
}

TEST_CASE_FIXTURE(Fixture, "what the function throws becomes a line of the log, and the reply leaves") {
  factory.setOnReply([](const MessageEnd&) { throw std::runtime_error("full disk"); });
  const Bytes message = makeQuery("www.example.com", Type::A);
  const auto query = Query::parse(message, {client, Transport::udp, clock.now()});
  for (const bool throws : {true, false}) {
    TestChannel channel;
    syncWait(factory.serve(*query, channel));
    CHECK(channel.sends == 1);
    CHECK(log.count("onReply: full disk") == 1);
    if (throws) factory.setOnReply({});
  }
}

namespace {

// A server whose queries have half a second.
class Served {
 public:
  Served()
      : server_(options(), [this](Shard& shard) {
          auto factory = std::make_unique<Wayward>(ServerFactory::Resolvers{std::make_shared<TestResolver>(&shard)});
          factory->setAnswerTimeout(50ms);
          factory->setOnReply(ends_.hook());
          return factory;
        }) {
    server_.start();
  }

  BlockingClient client(int type) { return BlockingClient(type, server_.addresses()[0]); }

  // What was told, when all work has ended.
  std::vector<End> end() {
    server_.stop();
    server_.wait();
    return ends_.all();
  }

 private:
  static ServerOptions options() {
    ServerOptions options;
    options.listen = {Address::loopbackV4()};
    options.threads = 1;
    options.datagramBuffers = 64;
    return options;
  }

  LogCapture log_;
  Ends ends_;
  Server server_;
};

constexpr std::array names = {"www",    "missing", "failing", "throw",   "throwfirst", "throwlast", "refuse", "drop",
                              "silent", "unsent",  "own",     "nothing", "later",      "many",      "gate"};

}  // namespace

TEST_CASE("over UDP and TCP each message that has come is told of once, whatever becomes of it") {
  for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
    CAPTURE(type);
    Served served;
    BlockingClient asking = served.client(type);
    for (const char* const name : names) asking.send(makeQuery(std::string(name) + ".example.com", Type::A));
    asking.send({1, 2, 3});                                      // no header
    asking.send(Bytes{0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0});      // no question
    asking.send(Bytes{0, 1, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0});   // a response
    asking.send(Bytes{0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 63});  // a name that is cut
    // gate.… and later.… are given up, and all others have ended then.
    std::size_t replies = 0;
    while (replies < names.size() - 3 + 2) {
      REQUIRE(asking.receive());
      ++replies;
    }
    const std::vector<End> ends = served.end();
    CHECK(ends.size() == names.size() + 4);
    std::map<std::string, std::size_t> byName;
    for (const End& end : ends) ++byName[end.name];
    for (const char* const name : names) CHECK(byName[std::string(name) + ".example.com."] == 1);
    CHECK(byName[""] == 4);
    for (const End& end : ends) {
      const bool isGivenUp = end.name == "gate.example.com." || end.name == "later.example.com.";
      CHECK((end.outcome == MessageEnd::givenUp) == isGivenUp);
      if (isGivenUp) CHECK(end.rcode == Rcode::SERVFAIL);
    }
  }
}

}  // namespace message_end_test
