#include "taut/server/server_factory.hpp"

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
#include "taut/base/clock.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/dnstap/dnstap.hpp"
#include "taut/io/shard.hpp"
#include "taut/server/stream_connection.hpp"
#include "test_resolver.hpp"

namespace server_factory_test {

namespace {

using namespace taut;

const Address client = Address::v4({192, 0, 2, 100}, 53);

Query parse(const Bytes& message, Transport transport = Transport::udp, std::size_t udpLimit = defaultUdpSize) {
  return Query::parse(message, {client, transport, Clock::system().now()}, udpLimit).value();
}

// The reply to one message; nothing where none was sent.
std::optional<ParsedReply> ask(ServerFactory& factory, const Bytes& message, Transport transport = Transport::udp) {
  const Query query = parse(message, transport, factory.udpPayloadSize());
  TestChannel channel(transport, client);
  syncWait(factory.serve(query, channel));
  if (channel.sends == 0) return std::nullopt;
  CHECK(channel.sends == 1);
  return ParsedReply(channel.reply);
}

std::unique_ptr<ServerFactory> makeFactory(int verbose = 0) {
  return std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::make_shared<TestResolver>()},
                                         ServerFactory::Caches{}, ServerFactory::Resolvers{}, verbose);
}

// Answers with a fixed RCODE, or passes on; remembers in which order such resolvers were asked.
class Witness final : public Resolver {
 public:
  Witness(std::string& order, char name, std::optional<Rcode> rcode = {}) : order_(order), name_(name), rcode_(rcode) {}
  Task<std::optional<Answer>> resolve(const Query&) override {
    order_ += name_;
    if (!rcode_) return Task<std::optional<Answer>>::ready(std::nullopt);
    return Task<std::optional<Answer>>::ready(Answer(*rcode_));
  }

 private:
  std::string& order_;
  char name_;
  std::optional<Rcode> rcode_;
};

Bytes headerOnly(std::uint16_t flags, std::uint16_t questions) {
  Bytes bytes;
  for (const std::uint16_t word :
       {std::uint16_t{7}, flags, questions, std::uint16_t{0}, std::uint16_t{0}, std::uint16_t{0}})
    putU16(bytes, word);
  return bytes;
}

}  // namespace

TEST_CASE("a factory of nothing has an empty chain, no cache, no recursion, no connection and is quiet") {
  ServerFactory factory;
  CHECK(factory.resolver().resolvers().empty());
  CHECK(factory.cache() == nullptr);
  CHECK_FALSE(factory.recursionAvailable());
  CHECK(factory.verbose() == 0);
  CHECK(factory.connections().empty());
}

TEST_CASE("the chain asks authorities, then caches, then clients, each in the order given") {
  std::string order;
  const auto cache = std::make_shared<Cache>(65536);
  ServerFactory factory({std::make_shared<Witness>(order, 'a'), std::make_shared<Witness>(order, 'b')}, {cache},
                        {std::make_shared<Witness>(order, 'c'), std::make_shared<Witness>(order, 'd')});
  const auto reply = ask(factory, makeQuery("www.example.com", Type::A));
  CHECK(order == "abcd");
  CHECK(cache->statistics().misses == 1);
  CHECK(reply.value().rcode == Rcode::REFUSED);
}

TEST_CASE("the health name says whether the server is ready, for all types, and nothing is asked about it") {
  std::string order;
  ServerFactory factory({std::make_shared<Witness>(order, 'a', Rcode::NXDOMAIN)});
  bool ready = false;
  factory.setHealthName(ServerFactory::HealthName{Name("health.invalid"), [&ready] { return ready; }});
  for (const Rcode rcode : {Rcode::SERVFAIL, Rcode::NOERROR}) {
    for (const Type type : {Type::A, Type::TXT, Type::ANY, Type::AXFR}) {
      const auto reply = ask(factory, makeQuery("HEALTH.invalid", type));
      REQUIRE(reply);
      CHECK(reply->rcode == rcode);
      CHECK(reply->counts[0] + reply->counts[1] == 0);
    }
    CHECK(ask(factory, makeQuery("health.invalid", Type::A), Transport::tcp).value().rcode == rcode);
    ready = true;
  }
  CHECK(order.empty());
  CHECK(ask(factory, makeQuery("more.health.invalid", Type::A)).value().rcode == Rcode::NXDOMAIN);
  factory.setHealthName(std::nullopt);
  CHECK(ask(factory, makeQuery("health.invalid", Type::A)).value().rcode == Rcode::NXDOMAIN);
}

TEST_CASE("the health name is answered for clients that may not ask, and above the limit of responses") {
  ServerFactory factory;
  factory.setAddressPolicy(AddressPolicy(AddressPolicy::Action::refuse));
  RateLimit limit;
  limit.slip = 0;
  factory.setRateLimit(limit);
  factory.setHealthName(ServerFactory::HealthName{Name("health.invalid"), [] { return true; }});
  for (int i = 0; i < 5; ++i) {
    const auto reply = ask(factory, makeQuery("health.invalid", Type::A));
    REQUIRE(reply);
    CHECK(reply->rcode == Rcode::NOERROR);
  }
}

TEST_CASE("a message about the health name that no query is gets the answer of any other such message") {
  ServerFactory factory;
  factory.setHealthName(ServerFactory::HealthName{Name("health.invalid"), [] { return true; }});
  QueryShape notify;
  notify.opcode = Opcode::NOTIFY;
  CHECK(ask(factory, makeQuery("health.invalid", Type::SOA, notify)).value().rcode == Rcode::NOTIMP);
  QueryShape version;
  version.payloadSize = 1232;
  version.ednsVersion = 1;
  CHECK(ask(factory, makeQuery("health.invalid", Type::A, version)).value().extendedRcode == 16);
}

TEST_CASE("the first answer ends the chain, whatever its RCODE") {
  std::string order;
  ServerFactory factory({std::make_shared<Witness>(order, 'a'), std::make_shared<Witness>(order, 'b', Rcode::SERVFAIL),
                         std::make_shared<Witness>(order, 'c', Rcode::NOERROR)});
  CHECK(ask(factory, makeQuery("www.example.com", Type::A)).value().rcode == Rcode::SERVFAIL);
  CHECK(order == "ab");
}

TEST_CASE("the cache is the last one given") {
  const auto first = std::make_shared<Cache>(65536);
  const auto last = std::make_shared<Cache>(65536);
  CHECK(ServerFactory({}, {first, last}).cache() == last.get());
}

TEST_CASE("what a client answers is kept in the last cache, and what an authority answers is not") {
  const auto first = std::make_shared<Cache>(65536);
  const auto last = std::make_shared<Cache>(65536);
  const auto upstream = std::make_shared<TestResolver>();
  {
    ServerFactory factory({}, {first, last}, {upstream});
    for (int i = 0; i < 3; ++i) CHECK(ask(factory, makeQuery("www.example.com", Type::A)).value().counts[0] == 1);
    CHECK(upstream->asked == 1);
    CHECK(first->statistics().entries == 0);
    CHECK(last->statistics().entries == 1);
  }
  const auto untouched = std::make_shared<Cache>(65536);
  ServerFactory factory({upstream}, {untouched}, {upstream});
  CHECK(ask(factory, makeQuery("www.example.com", Type::A)).value().counts[0] == 1);
  CHECK(untouched->statistics().entries == 0);
}

TEST_CASE("an answer that a client had to wait for is kept as well") {
  const auto cache = std::make_shared<Cache>(65536);
  const auto upstream = std::make_shared<TestResolver>();
  ServerFactory factory({}, {cache}, {upstream});
  const Bytes message = makeQuery("gate.example.com", Type::A);
  const Query query = parse(message);
  TestChannel channel;
  syncWait(factory.serve(query, channel), [&] { upstream->gate.set(); });
  CHECK(ParsedReply(channel.reply).counts[0] == 1);
  CHECK(cache->statistics().entries == 1);
}

TEST_CASE(
    "a client that may not recurse is refused before and after another has filled the cache, with RD and without") {
  const auto upstream = std::make_shared<TestResolver>();
  const auto cache = std::make_shared<Cache>(65536);
  ServerFactory factory({}, {cache}, {upstream});
  AddressPolicy policy(AddressPolicy::Action::refuse);
  policy.allow("198.51.100.0/24");
  factory.setRecursionPolicy(policy);
  const auto rcodeFor = [&](const Address& peer, std::uint16_t flags) {
    QueryShape shape;
    shape.flags = flags;
    const Bytes message = makeQuery("www.example.com", Type::A, shape);
    const Query query = Query::parse(message, {peer, Transport::udp}).value();
    TestChannel channel;
    syncWait(factory.serve(query, channel));
    return ParsedReply(channel.reply).rcode;
  };
  const Address stranger = Address::v4({192, 0, 2, 100}, 53);
  for (const std::uint16_t flags : {std::uint16_t{0}, std::uint16_t{flag::RD}})
    CHECK(rcodeFor(stranger, flags) == Rcode::REFUSED);
  CHECK(upstream->asked == 0);
  CHECK(rcodeFor(Address::v4({198, 51, 100, 1}, 53), flag::RD) == Rcode::NOERROR);
  CHECK(cache->statistics().entries == 1);
  for (const std::uint16_t flags : {std::uint16_t{0}, std::uint16_t{flag::RD}})
    CHECK(rcodeFor(stranger, flags) == Rcode::REFUSED);
  CHECK(upstream->asked == 1);
}

TEST_CASE("RA says whether there is a client, and never what the query said") {
  const auto resolver = std::make_shared<TestResolver>();
  ServerFactory authority({resolver});
  ServerFactory forwarder({}, {}, {resolver});
  CHECK(forwarder.recursionAvailable());
  QueryShape shape;
  shape.flags = flag::RD | flag::RA;
  CHECK_FALSE(ask(authority, makeQuery("www.example.com", Type::A, shape)).value().has(flag::RA));
  shape.flags = flag::RD;
  CHECK(ask(forwarder, makeQuery("www.example.com", Type::A, shape)).value().has(flag::RA));
}

TEST_CASE("a reply has QR, the ID, the question in its own case, RD and CD of the query, and not its AD") {
  const auto factory = makeFactory();
  QueryShape shape;
  shape.id = 0xabcd;
  for (const std::string_view name :
       {"www.ExAmPle.com", "missing.example.com", "nothing.example.com", "throw.example.com"}) {
    CAPTURE(name);
    const LogCapture log;
    shape.flags = flag::RD | flag::CD | flag::AD;
    const auto reply = ask(*factory, makeQuery(name, Type::A, shape)).value();
    CHECK(reply.whole);
    CHECK(reply.id == 0xabcd);
    CHECK(reply.has(flag::QR));
    CHECK(reply.has(flag::RD));
    CHECK(reply.has(flag::CD));
    CHECK_FALSE(reply.has(flag::AD));
    CHECK(reply.question.value().name.toString() == std::string(name) + ".");
    shape.flags = 0;
    const auto plain = ask(*factory, makeQuery(name, Type::A, shape)).value();
    CHECK_FALSE(plain.has(flag::RD));
    CHECK_FALSE(plain.has(flag::CD));
  }
}

TEST_CASE("AA is what the answer says, and not what the query says") {
  const auto factory = makeFactory();
  QueryShape shape;
  shape.flags = flag::AA;
  CHECK_FALSE(ask(*factory, makeQuery("www.example.com", Type::A, shape)).value().has(flag::AA));
}

TEST_CASE("the RCODE of the chain reaches the client as it is") {
  const auto factory = makeFactory();
  CHECK(ask(*factory, makeQuery("missing.example.com", Type::A)).value().rcode == Rcode::NXDOMAIN);
  CHECK(ask(*factory, makeQuery("failing.example.com", Type::A)).value().rcode == Rcode::SERVFAIL);
  CHECK(ask(*factory, makeQuery("empty.example.com", Type::A)).value().rcode == Rcode::NOERROR);
  CHECK(ask(*factory, makeQuery("nothing.example.com", Type::A)).value().rcode == Rcode::REFUSED);
}

TEST_CASE("a query without a question is REFUSED, and one whose question is cut off is a format error") {
  const auto factory = makeFactory();
  const auto empty = ask(*factory, headerOnly(0, 0)).value();
  CHECK(empty.rcode == Rcode::REFUSED);
  CHECK(empty.has(flag::QR));
  CHECK_FALSE(empty.question);
  const auto cut = ask(*factory, headerOnly(flag::RD, 1)).value();
  CHECK(cut.rcode == Rcode::FORMERR);
  CHECK(cut.has(flag::QR));
  CHECK(cut.has(flag::RD));
}

TEST_CASE("two questions in one query are a format error, and no resolver hears of them") {
  const auto resolver = std::make_shared<TestResolver>();
  ServerFactory factory({resolver});
  Bytes message = makeQuery("www.example.com", Type::A);
  message[5] = 2;
  const Bytes second = makeQuery("www.example.com", Type::AAAA);
  message.insert(message.end(), second.begin() + 12, second.end());
  CHECK(ask(factory, message).value().rcode == Rcode::FORMERR);
  CHECK(resolver->asked == 0);
}

TEST_CASE("octets after a query are ignored") {
  const auto factory = makeFactory();
  Bytes message = makeQuery("www.example.com", Type::A);
  message += Bytes{1, 2, 3};
  CHECK(ask(*factory, message).value().counts[0] == 1);
}

TEST_CASE("the opcodes that are not served are NOTIMP, real responses that echo opcode and question and no OPT") {
  const auto factory = makeFactory();
  for (const int opcode : {1, 2, 3, 4, 5, 6, 15}) {
    CAPTURE(opcode);
    QueryShape shape;
    shape.opcode = static_cast<Opcode>(opcode);
    const auto reply = ask(*factory, makeQuery("www.example.com", Type::SOA, shape)).value();
    CHECK(reply.rcode == Rcode::NOTIMP);
    CHECK(reply.has(flag::QR));
    CHECK(reply.has(flag::RD));
    CHECK(static_cast<int>(reply.opcode) == opcode);
    CHECK(reply.question.value().type == Type::SOA);
    CHECK_FALSE(reply.hasOpt);
    CHECK(reply.counts[0] + reply.counts[1] + reply.counts[2] == 0);
  }
}

TEST_CASE(
    "a message of an opcode that is not served is NOTIMP without a question too, and with whatever follows the "
    "header") {
  const auto factory = makeFactory();
  for (const int opcode : {1, 2, 3, 4, 5, 6, 15}) {
    CAPTURE(opcode);
    const auto flags = static_cast<std::uint16_t>(opcode << 11);
    Bytes garbage = headerOnly(flags, 1);
    garbage += Bytes{0xff, 0xff, 3, 'a'};
    Bytes countsOnly = headerOnly(flags, 0xffff);
    for (std::size_t at = 6; at < countsOnly.size(); ++at) countsOnly[at] = 0xff;
    for (const Bytes& message : {headerOnly(flags, 0), garbage, countsOnly}) {
      const auto reply = ask(*factory, message).value();
      CHECK(reply.rcode == Rcode::NOTIMP);
      CHECK(reply.id == 7);
      CHECK(reply.has(flag::QR));
      CHECK(static_cast<int>(reply.opcode) == opcode);
      CHECK_FALSE(reply.question);
    }
  }
}

TEST_CASE("a query with a TSIG that cannot be interpreted is a format error, and no resolver hears of it") {
  const auto resolver = std::make_shared<TestResolver>();
  ServerFactory factory({resolver});
  Bytes message = makeQuery("www.example.com", Type::A);
  message[11] = 1;
  message += Bytes{0, 0, 250, 0, 255, 0, 0, 0, 0, 0, 1, 0};  // no more than an algorithm's name
  const auto reply = ask(factory, message).value();
  CHECK(reply.rcode == Rcode::FORMERR);
  CHECK(reply.question);
  CHECK(resolver->asked == 0);
}

TEST_CASE("no record of a request comes back in a reply, OPT being answered by one of our own") {
  const auto factory = makeFactory();
  QueryShape shape;
  shape.payloadSize = 4096;
  const auto reply = ask(*factory, makeQuery("www.example.com", Type::A, shape)).value();
  CHECK(reply.hasOpt);
  CHECK(reply.counts[2] == 0);
  CHECK_FALSE(ask(*factory, makeQuery("www.example.com", Type::A)).value().hasOpt);
}

TEST_CASE("an unknown version of EDNS is BADVERS, and no resolver hears of it") {
  const auto resolver = std::make_shared<TestResolver>();
  ServerFactory factory({resolver});
  QueryShape shape;
  shape.payloadSize = 1232;
  shape.ednsVersion = 1;
  const auto reply = ask(factory, makeQuery("www.example.com", Type::A, shape)).value();
  CHECK(reply.hasOpt);
  CHECK(reply.extendedRcode == 16);
  CHECK(reply.question);
  CHECK(resolver->asked == 0);
}

TEST_CASE("types that only ask are answered without the chain") {
  const auto resolver = std::make_shared<TestResolver>();
  ServerFactory factory({resolver});
  CHECK(ask(factory, makeQuery("www.example.com", Type::AXFR)).value().rcode == Rcode::REFUSED);
  CHECK(ask(factory, makeQuery("www.example.com", Type::IXFR)).value().rcode == Rcode::REFUSED);
  CHECK(ask(factory, makeQuery("www.example.com", Type::MAILB)).value().rcode == Rcode::NOTIMP);
  CHECK(ask(factory, makeQuery("www.example.com", Type::TSIG)).value().rcode == Rcode::FORMERR);
  CHECK(ask(factory, makeQuery("www.example.com", Type::OPT)).value().rcode == Rcode::FORMERR);
  CHECK(resolver->asked == 0);
  CHECK(ask(factory, makeQuery("www.example.com", Type::ANY)).value().rcode == Rcode::NOERROR);
  CHECK(resolver->asked == 1);
}

TEST_CASE("a hundred addresses over UDP are truncated at the size that was offered, and over a stream they are whole") {
  const auto factory = makeFactory();
  const Bytes plain = makeQuery("many.example.com", Type::A);
  const auto small = ask(*factory, plain).value();
  CHECK(small.has(flag::TC));
  CHECK(small.counts[0] == 0);
  QueryShape shape;
  shape.payloadSize = 4096;
  CHECK(ask(*factory, makeQuery("many.example.com", Type::A, shape)).value().has(flag::TC));
  factory->setUdpPayloadSize(4096);
  CHECK(ask(*factory, makeQuery("many.example.com", Type::A, shape)).value().counts[0] == 100);
  const auto whole = ask(*factory, plain, Transport::tcp).value();
  CHECK_FALSE(whole.has(flag::TC));
  CHECK(whole.counts[0] == 100);
}

TEST_CASE("the payload size has its limits") {
  ServerFactory factory;
  CHECK(factory.udpPayloadSize() == 1232);
  CHECK_THROWS_AS(factory.setUdpPayloadSize(511), std::invalid_argument);
  CHECK_THROWS_AS(factory.setUdpPayloadSize(4097), std::invalid_argument);
  factory.setUdpPayloadSize(512);
  CHECK(factory.udpPayloadSize() == 512);
}

TEST_CASE("an exception that is thrown at once becomes SERVFAIL and one line of the log") {
  const auto factory = makeFactory();
  const LogCapture log;
  const auto reply = ask(*factory, makeQuery("throw.example.com", Type::A)).value();
  CHECK(reply.rcode == Rcode::SERVFAIL);
  CHECK(log.lines() == std::vector<std::string>{"throw.example.com. A from 192.0.2.100:53: thrown at once"});
  CHECK(log.errors() == 1);
}

TEST_CASE("an exception that is thrown after a wait becomes SERVFAIL and one line of the log") {
  const auto resolver = std::make_shared<TestResolver>();
  ServerFactory factory({resolver});
  const LogCapture log;
  const Bytes message = makeQuery("later.example.com", Type::A);
  const Query query = parse(message);
  TestChannel channel;
  syncWait(factory.serve(query, channel), [&] { resolver->gate.set(); });
  CHECK(channel.sends == 1);
  CHECK(ParsedReply(channel.reply).rcode == Rcode::SERVFAIL);
  CHECK(log.lines().size() == 1);
  CHECK(log.has("thrown later"));
}

TEST_CASE("an address that the policy refuses is REFUSED, whatever it sends") {
  const auto resolver = std::make_shared<TestResolver>();
  ServerFactory factory({resolver});
  AddressPolicy policy;
  policy.refuse("192.0.2.0/24");
  factory.setAddressPolicy(policy);
  CHECK(ask(factory, makeQuery("www.example.com", Type::A)).value().rcode == Rcode::REFUSED);
  CHECK(ask(factory, headerOnly(0, 1)).value().rcode == Rcode::REFUSED);
  QueryShape shape;
  shape.opcode = Opcode::NOTIFY;
  CHECK(ask(factory, makeQuery("www.example.com", Type::A, shape)).value().rcode == Rcode::REFUSED);
  CHECK(resolver->asked == 0);
}

namespace {

// Overrides every step, as a plain function or as a coroutine that waits, and notes which were taken.
class Overriding : public ServerFactory {
 public:
  using Outcome = Task<std::optional<Answer>>;

  Overriding(Resolvers authorities, bool waits) : ServerFactory(std::move(authorities)), waits_(waits) {}

  Task<Admission> allowQuery(const Query& query, const ReplyChannel& channel) override {
    allowedPeer = channel.peer();
    return step<Admission>("a", allow ? ServerFactory::allowQuery(query, channel) : Task<Admission>::ready(denial));
  }
  Outcome messageReceived(const Query& query, ReplyChannel& channel) override {
    steps += 'm';
    return step({}, ServerFactory::messageReceived(query, channel));
  }
  Outcome handleQuery(const Query& query, ReplyChannel& channel) override {
    steps += 'q';
    return step({}, ServerFactory::handleQuery(query, channel));
  }
  Outcome handleInverseQuery(const Query&, ReplyChannel&) override { return step("i", Outcome::ready(Answer())); }
  Outcome handleStatus(const Query&, ReplyChannel&) override { return step("s", Outcome::ready(Answer())); }
  Outcome handleNotify(const Query&, ReplyChannel&) override { return step("n", Outcome::ready(Answer())); }
  Outcome handleOther(const Query&, ReplyChannel&) override { return step("o", Outcome::ready(Answer())); }
  Answer gotResolverResponse(std::optional<Answer> answer, const Query& query) override {
    steps += 'r';
    return ServerFactory::gotResolverResponse(std::move(answer), query);
  }
  Answer gotResolverError(std::exception_ptr, const Query&) override {
    steps += 'e';
    return Answer::nameError();
  }
  Task<> sendReply(ReplyChannel& channel, const Query& query, Answer answer) override {
    steps += 'S';
    if (!waits_) return ServerFactory::sendReply(channel, query, std::move(answer));
    return waitAndSend(channel, query, std::move(answer));
  }
  std::size_t responseFromMessage(const Query& query, const Answer& answer, MutableByteSpan buffer) override {
    steps += 'R';
    return ServerFactory::responseFromMessage(query, answer, buffer);
  }

  std::string steps;
  bool allow = true;
  Admission denial = Admission::refuse;
  Address allowedPeer;
  Event event;

 private:
  template <typename Result = std::optional<Answer>>
  Task<Result> step(std::string_view name, Task<Result> task) {
    steps += name;
    if (!waits_) return task;
    return afterEvent(std::move(task));
  }
  template <typename Result>
  Task<Result> afterEvent(Task<Result> task) {
    co_await event.wait();
    Result result = co_await std::move(task);
    co_return result;
  }
  Task<> waitAndSend(ReplyChannel& channel, const Query& query, Answer answer) {
    co_await event.wait();
    co_await ServerFactory::sendReply(channel, query, std::move(answer));
  }

  bool waits_;
};

ParsedReply askOverriding(Overriding& factory, const Bytes& message) {
  const Query query = parse(message);
  TestChannel channel(Transport::udp, client);
  syncWait(factory.serve(query, channel), [&] { factory.event.set(); });
  CHECK(channel.sends == 1);
  return ParsedReply(channel.reply);
}

}  // namespace

TEST_CASE("every step can be overridden, by a plain function or by a coroutine that waits") {
  for (const bool waits : {false, true}) {
    CAPTURE(waits);
    const auto stepsOf = [&](const Bytes& message, bool allow = true) {
      Overriding factory({std::make_shared<TestResolver>()}, waits);
      factory.allow = allow;
      askOverriding(factory, message);
      CHECK(factory.allowedPeer == client);
      return factory.steps;
    };
    CHECK(stepsOf(makeQuery("www.example.com", Type::A)) == "amqrSR");
    CHECK(stepsOf(makeQuery("www.example.com", Type::A), false) == "aSR");
    const auto stepsOfOpcode = [&](int opcode) {
      QueryShape shape;
      shape.opcode = static_cast<Opcode>(opcode);
      return stepsOf(makeQuery("www.example.com", Type::SOA, shape));
    };
    CHECK(stepsOfOpcode(1) == "amiSR");
    CHECK(stepsOfOpcode(2) == "amsSR");
    CHECK(stepsOfOpcode(4) == "amnSR");
    for (const int opcode : {3, 5, 6, 9, 15}) CHECK(stepsOfOpcode(opcode) == "amoSR");
  }
}

TEST_CASE("an overridden gotResolverError decides what an exception becomes") {
  Overriding factory({std::make_shared<TestResolver>()}, false);
  CHECK(askOverriding(factory, makeQuery("throw.example.com", Type::A)).rcode == Rcode::NXDOMAIN);
  CHECK(factory.steps == "amqeSR");
}

namespace {

class Throwing : public ServerFactory {
 public:
  enum class Where { receive, allow, resolverResponse, resolverError, reply, replyAfterSend, replyLater, response };

  explicit Throwing(Where where) : ServerFactory({std::make_shared<TestResolver>()}), where_(where) {}

  Task<std::optional<Answer>> messageReceived(const Query& query, ReplyChannel& channel) override {
    raise(Where::receive);
    return ServerFactory::messageReceived(query, channel);
  }
  Task<Admission> allowQuery(const Query& query, const ReplyChannel& channel) override {
    raise(Where::allow);
    return ServerFactory::allowQuery(query, channel);
  }
  Answer gotResolverResponse(std::optional<Answer> answer, const Query& query) override {
    raise(Where::resolverResponse);
    return ServerFactory::gotResolverResponse(std::move(answer), query);
  }
  Answer gotResolverError(std::exception_ptr failure, const Query& query) override {
    raise(Where::resolverError);
    return ServerFactory::gotResolverError(failure, query);
  }
  Task<> sendReply(ReplyChannel& channel, const Query& query, Answer answer) override {
    raise(Where::reply);
    co_await ServerFactory::sendReply(channel, query, std::move(answer));
    raise(Where::replyAfterSend);
    if (where_ == Where::replyLater) co_await event.wait();
  }
  std::size_t responseFromMessage(const Query& query, const Answer& answer, MutableByteSpan buffer) override {
    raise(Where::response);
    return ServerFactory::responseFromMessage(query, answer, buffer);
  }

  Event event;

 private:
  void raise(Where where) const {
    if (where == where_) throw std::runtime_error("overridden");
  }

  Where where_;
};

}  // namespace

TEST_CASE("an exception in any step leaves exactly one reply, and one line of the log") {
  using Where = Throwing::Where;
  for (const auto where : {Where::receive, Where::allow, Where::resolverResponse, Where::reply, Where::response}) {
    CAPTURE(static_cast<int>(where));
    const LogCapture log;
    Throwing factory(where);
    const auto reply = ask(factory, makeQuery("www.example.com", Type::A));
    REQUIRE(reply);
    CHECK(reply->rcode == Rcode::SERVFAIL);
    CHECK(reply->question);
    CHECK(log.lines().size() == 1);
    CHECK(log.has("overridden"));
  }
}

TEST_CASE("an exception in the step that handles exceptions is caught as well") {
  const LogCapture log;
  Throwing factory(Throwing::Where::resolverError);
  CHECK(ask(factory, makeQuery("throw.example.com", Type::A)).value().rcode == Rcode::SERVFAIL);
  CHECK(log.count("overridden") == 1);
}

TEST_CASE("an exception after the reply does not replace it") {
  const LogCapture log;
  Throwing factory(Throwing::Where::replyAfterSend);
  const Bytes message = makeQuery("www.example.com", Type::A);
  const Query query = parse(message);
  TestChannel channel;
  syncWait(factory.serve(query, channel));
  CHECK(ParsedReply(channel.reply).rcode == Rcode::NOERROR);
  CHECK(log.lines().size() == 1);
}

TEST_CASE("a step that says so leaves a query without a reply") {
  class Dropping final : public ServerFactory {
   public:
    Task<std::optional<Answer>> messageReceived(const Query&, ReplyChannel&) override {
      return Task<std::optional<Answer>>::ready(Answer::noReply());
    }
  };
  Dropping factory;
  CHECK_FALSE(ask(factory, makeQuery("www.example.com", Type::A)));
  for (const bool waits : {false, true}) {
    Overriding dropping({std::make_shared<TestResolver>()}, waits);
    dropping.allow = false;
    dropping.denial = Admission::drop;
    const Query query = parse(makeQuery("www.example.com", Type::A));
    TestChannel channel;
    syncWait(dropping.serve(query, channel), [&] { dropping.event.set(); });
    CHECK(channel.sends == 0);
    CHECK(dropping.steps == "a");
  }
}

TEST_CASE("a resolver's answer that is no reply ends the chain and is not passed to gotResolverResponse") {
  class Silent final : public Resolver {
   public:
    Task<std::optional<Answer>> resolve(const Query&) override {
      return Task<std::optional<Answer>>::ready(Answer::noReply());
    }
  };
  Overriding factory({std::make_shared<Silent>(), std::make_shared<TestResolver>()}, false);
  const Query query = parse(makeQuery("www.example.com", Type::A));
  TestChannel channel;
  syncWait(factory.serve(query, channel));
  CHECK(channel.sends == 0);
  CHECK(factory.steps == "amq");
}

TEST_CASE("a handler may write several messages, and an exception after the first adds none") {
  class Streaming final : public ServerFactory {
   public:
    explicit Streaming(bool fails) : fails_(fails) {}
    Task<std::optional<Answer>> handleNotify(const Query& query, ReplyChannel& channel) override {
      for (int i = 0; i < 3; ++i) {
        const std::size_t size = responseFromMessage(query, Answer(), channel.replyBuffer());
        co_await channel.write(size);
        if (fails_) throw std::runtime_error("in the middle");
      }
      co_return Answer::noReply();
    }

   private:
    bool fails_;
  };
  for (const bool fails : {false, true}) {
    const LogCapture log;
    Streaming factory(fails);
    QueryShape shape;
    shape.opcode = Opcode::NOTIFY;
    const Query query = parse(makeQuery("www.example.com", Type::SOA, shape), Transport::tcp);
    TestChannel channel(Transport::tcp);
    syncWait(factory.serve(query, channel));
    CHECK(channel.sends == (fails ? 1 : 3));
    CHECK(log.lines().size() == (fails ? 1 : 0));
  }
}

TEST_CASE("buildProtocol makes a StreamConnection, or calls the function that was set with factory and peer") {
  ServerFactory factory;
  const auto usual = factory.buildProtocol(client);
  REQUIRE(usual);
  CHECK(&usual->factory() == &factory);
  CHECK(usual->peer() == client);
  StreamConnection* made = nullptr;
  factory.setProtocol([&](ServerFactory& given, const Address& peer) {
    CHECK(&given == &factory);
    CHECK(peer == client);
    auto protocol = std::make_unique<StreamConnection>(given, peer);
    made = protocol.get();
    return protocol;
  });
  CHECK(factory.buildProtocol(client).get() == made);
  factory.setProtocol([](ServerFactory&, const Address&) { return nullptr; });
  CHECK(factory.buildProtocol(client) == nullptr);
}

TEST_CASE("protocol is the function that setProtocol was given, empty at first") {
  ServerFactory factory;
  CHECK_FALSE(factory.protocol());
  factory.setProtocol([](ServerFactory&, const Address&) { return nullptr; });
  REQUIRE(factory.protocol());
  CHECK(factory.protocol()(factory, client) == nullptr);
}

TEST_CASE("forProtocol makes a factory of its arguments whose streams are of the class") {
  class Own final : public StreamConnection {
   public:
    Own(ServerFactory& factory, const Address& peer) : StreamConnection(factory, peer) {}
  };
  const ServerFactory::Resolvers resolvers = {std::make_shared<TestResolver>()};
  const auto factory = ServerFactory::forProtocol<Own>(resolvers);
  CHECK(factory->resolver().resolvers().size() == 1);
  const auto connection = factory->buildProtocol(client);
  REQUIRE(dynamic_cast<Own*>(connection.get()));
  CHECK(connection->peer() == client);
  CHECK(&connection->factory() == factory.get());
}

TEST_CASE("connections hold exactly those that were made and not lost, in order of arrival") {
  ServerFactory factory;
  StreamConnection first(factory, client);
  StreamConnection second(factory, client);
  StreamConnection third(factory, client);
  for (StreamConnection* connection : {&first, &second, &third}) factory.connectionMade(*connection);
  CHECK(factory.connections() == std::vector<StreamConnection*>{&first, &second, &third});
  factory.connectionLost(second);
  CHECK(factory.connections() == std::vector<StreamConnection*>{&first, &third});
  factory.connectionLost(second);
  factory.connectionLost(first);
  factory.connectionLost(third);
  CHECK(factory.connections().empty());
}

TEST_CASE("startFactory runs for the first doStart and stopFactory for the last doStop") {
  class Counting final : public ServerFactory {
   public:
    void startFactory() override {
      steps += 'a';
      if (refuses) throw std::runtime_error("not now");
    }
    void stopFactory() override { steps += 'o'; }
    std::string steps;
    bool refuses = false;
  };
  Counting factory;
  factory.doStart();
  factory.doStart();
  factory.doStop();
  CHECK(factory.steps == "a");
  factory.doStop();
  CHECK(factory.steps == "ao");
  factory.refuses = true;
  CHECK_THROWS_AS(factory.doStart(), std::runtime_error);
  factory.refuses = false;
  factory.doStart();
  factory.doStop();
  CHECK(factory.steps == "aoaao");
}

namespace {

// How many entries of dnstap wait for a reader that never comes.
std::uint64_t entriesOf(Dnstap& dnstap, Shard& shard) {
  dnstap.start();
  dnstap.stop();
  for (int turn = 0; turn < 3; ++turn) shard.poll();
  REQUIRE(dnstap.join().await_ready());
  return dnstap.counters().dropped;
}

std::shared_ptr<Dnstap> makeDnstap(Shard& shard, const DnstapSelection& selection) {
  auto dnstap = std::make_shared<Dnstap>(shard, DnstapSocket{.path = "/nowhere/dnstap", .logs = false});
  dnstap->setSelection(selection);
  return dnstap;
}

}  // namespace

TEST_CASE("dnstap tells of a query and of its reply, of one query in so many together with its own") {
  for (const auto& [oneIn, expected] : {std::pair<std::uint32_t, std::uint64_t>{1, 12}, {3, 4}, {7, 0}}) {
    CAPTURE(oneIn);
    Shard shard;
    DnstapSelection selection = DnstapSelection::all();
    selection.oneIn = oneIn;
    const auto dnstap = makeDnstap(shard, selection);
    const auto factory = makeFactory();
    factory->setDnstap(dnstap);
    for (int i = 0; i < 6; ++i) CHECK(ask(*factory, makeQuery("www.example.com", Type::A)));
    CHECK(entriesOf(*dnstap, shard) == expected);
  }
}

TEST_CASE("dnstap tells of a query that fails and one that is refused, with their replies") {
  Shard shard;
  const auto dnstap = makeDnstap(shard, DnstapSelection::all());
  const auto factory = makeFactory();
  factory->setDnstap(dnstap);
  CHECK(ask(*factory, makeQuery("throw.example.com", Type::A)).value().rcode == Rcode::SERVFAIL);
  CHECK(ask(*factory, makeQuery("www.example.com", Type::AXFR)).value().rcode == Rcode::REFUSED);
  CHECK(entriesOf(*dnstap, shard) == 4);
}

TEST_CASE(
    "dnstap calls a query a client's where the server forwards and recursion is desired, and an authority's else") {
  for (const bool forwards : {false, true}) {
    CAPTURE(forwards);
    Shard shard;
    DnstapSelection selection;
    selection.add(DnstapType::clientQuery);
    selection.add(DnstapType::clientResponse);
    const auto dnstap = makeDnstap(shard, selection);
    const auto resolver = std::make_shared<TestResolver>();
    ServerFactory factory({resolver}, {}, forwards ? ServerFactory::Resolvers{resolver} : ServerFactory::Resolvers{});
    factory.setDnstap(dnstap);
    Bytes query = makeQuery("www.example.com", Type::A);
    query[2] &= 0xfe;
    CHECK(ask(factory, query));
    query[2] |= 1;
    CHECK(ask(factory, query));
    CHECK(entriesOf(*dnstap, shard) == (forwards ? 2 : 0));
  }
}

}  // namespace server_factory_test
