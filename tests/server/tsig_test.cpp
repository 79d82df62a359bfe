#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "messages.hpp"
#include "server/signing_channel.hpp"
#include "taut/base/clock.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/dns/access_list.hpp"
#include "taut/dns/tsig.hpp"
#include "taut/resolver/view.hpp"
#include "taut/server/message_end.hpp"
#include "taut/server/server_factory.hpp"
#include "test_resolver.hpp"

namespace tsig_test {

namespace {

using namespace taut;

const Address client = Address::v4({192, 0, 2, 100}, 53);

TsigKey makeKey(std::string_view name = "transfer.example", std::string_view secret = "a secret of the two") {
  const ByteSpan octets = asBytes(secret);
  return {Name(name), TsigAlgorithm::hmacSha256, {octets.begin(), octets.end()}};
}

std::shared_ptr<const KeyRing> ringOf(TsigKey key) {
  std::vector<TsigKey> keys;
  keys.push_back(std::move(key));
  return std::make_shared<const KeyRing>(std::move(keys));
}

std::uint64_t secondsOf(const Clock& clock) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(clock.wallTime().time_since_epoch()).count());
}

// A client with a key, and a server with a resolver and a clock.
struct Exchange {
  explicit Exchange(TsigKey used = makeKey()) : key(std::move(used)) {
    factory.setClock(clock);
    factory.setKeys(ringOf(makeKey()));
  }

  Bytes signedQuery(const Bytes& message, std::int64_t skew = 0) {
    TsigSigner signer(key);
    Bytes octets = message;
    octets.resize(message.size() + signer.room());
    const auto time = static_cast<std::uint64_t>(static_cast<std::int64_t>(secondsOf(clock)) + skew);
    CHECK(signer.sign({reinterpret_cast<std::uint8_t*>(octets.data()), octets.size()}, message.size(), time) ==
          octets.size());
    mac = TsigMacOctets(signer.mac());
    return octets;
  }
  Bytes signedQuery(std::string_view name, Type type = Type::A, std::int64_t skew = 0) {
    return signedQuery(makeQuery(name, type), skew);
  }

  TestChannel& serve(const Bytes& message, Transport transport = Transport::udp) {
    channel = std::make_unique<TestChannel>(transport, client);
    const Query query = Query::parse(message, {client, transport, clock.now()}, factory.udpPayloadSize()).value();
    syncWait(factory.serve(query, *channel));
    return *channel;
  }

  // Whether the client accepts all that has come.
  bool accepts() const {
    TsigVerifier verifier(key, mac.span());
    for (const auto& message : channel->messages)
      if (!verifier.add(message, secondsOf(clock))) return false;
    return verifier.complete();
  }
  Rcode rcode() const { return static_cast<Rcode>(channel->reply.at(3) & 0x0f); }
  TsigRecord tsig() const { return findTsig(channel->reply).record; }
  std::uint16_t error() const { return tsig().error; }

  ManualClock clock;
  std::shared_ptr<TestResolver> resolver = std::make_shared<TestResolver>();
  ServerFactory factory{{resolver}};
  TsigKey key;
  TsigMacOctets mac;
  std::unique_ptr<TestChannel> channel;
};

// Remembers which key a query has when it is decided about, and writes several messages for AXFR.
class Witness final : public ServerFactory {
 public:
  using ServerFactory::ServerFactory;

  Task<Admission> allowQuery(const Query& query, const ReplyChannel& channel) override {
    ++asked;
    seen = query.key() ? query.key()->name.toString() : "none";
    return ServerFactory::allowQuery(query, channel);
  }

  Task<std::optional<Answer>> handleQuery(const Query& query, ReplyChannel& channel) override {
    for (int i = 0; i < 3; ++i) {
      const MutableByteSpan buffer = channel.replyBuffer();
      const std::size_t size = responseFromMessage(query, Answer(), buffer);
      co_await channel.write(size);
    }
    co_return Answer::noReply();
  }

  std::string seen;
  int asked = 0;
};

Task<> joined(TaskScope& scope) {
  co_await scope.join();
}

}  // namespace

TEST_CASE("a signed query is answered, and the reply is signed") {
  Exchange exchange;
  for (const Transport transport : {Transport::udp, Transport::tcp}) {
    exchange.serve(exchange.signedQuery("www.example.com"), transport);
    CHECK(exchange.rcode() == Rcode::NOERROR);
    CHECK(exchange.accepts());
  }
  CHECK(exchange.factory.counters().tsig.good == 2);
}

TEST_CASE("the reply to an unsigned query is not signed") {
  Exchange exchange;
  exchange.serve(makeQuery("www.example.com", Type::A));
  CHECK(findTsig(exchange.channel->reply).outcome == TsigSearch::Outcome::none);
}

TEST_CASE("the key is known when the server decides about a query, and only where it is right") {
  Exchange exchange;
  Witness factory;
  factory.setClock(exchange.clock);
  factory.setKeys(ringOf(makeKey()));
  const auto seenFor = [&](const Bytes& message) {
    const Query query = Query::parse(message, {client, Transport::tcp}).value();
    TestChannel channel(Transport::tcp, client);
    syncWait(factory.serve(query, channel));
    return std::exchange(factory.seen, {});
  };
  CHECK(seenFor(exchange.signedQuery("www.example.com")) == "transfer.example.");
  CHECK(seenFor(makeQuery("www.example.com", Type::A)) == "none");
  Bytes forged = exchange.signedQuery("www.example.com");
  forged[14] ^= 1;
  CHECK(seenFor(forged) == "none");
  CHECK(factory.asked == 3);
}

TEST_CASE("every message that a handler writes is signed, each with the MAC of the one before") {
  Exchange exchange;
  Witness factory;
  factory.setClock(exchange.clock);
  factory.setKeys(ringOf(makeKey()));
  const Bytes message = exchange.signedQuery("example.com", Type::AXFR);
  const Query query = Query::parse(message, {client, Transport::tcp}).value();
  exchange.channel = std::make_unique<TestChannel>(Transport::tcp, client);
  syncWait(factory.serve(query, *exchange.channel));
  CHECK(exchange.channel->sends == 3);
  CHECK(exchange.accepts());
  std::swap(exchange.channel->messages[1], exchange.channel->messages[2]);
  CHECK_FALSE(exchange.accepts());
}

TEST_CASE("an unknown key is NOTAUTH with BADKEY and without a MAC, and no resolver hears of the query") {
  Exchange exchange(makeKey("other.example"));
  exchange.serve(exchange.signedQuery("www.example.com"));
  CHECK(exchange.rcode() == Rcode::NOTAUTH);
  CHECK(exchange.error() == 17);
  CHECK(exchange.tsig().mac.empty());
  CHECK(exchange.resolver->asked == 0);
  CHECK(exchange.factory.counters().tsig.badKey == 1);
}

TEST_CASE("a server without keys answers BADKEY") {
  Exchange exchange;
  exchange.factory.setKeys(nullptr);
  exchange.serve(exchange.signedQuery("www.example.com"));
  CHECK(exchange.rcode() == Rcode::NOTAUTH);
  CHECK(exchange.error() == 17);
}

TEST_CASE("a wrong secret is NOTAUTH with BADSIG and without a MAC") {
  Exchange exchange(makeKey("transfer.example", "another secret"));
  exchange.serve(exchange.signedQuery("www.example.com"));
  CHECK(exchange.rcode() == Rcode::NOTAUTH);
  CHECK(exchange.error() == 16);
  CHECK(exchange.tsig().mac.empty());
  CHECK(exchange.resolver->asked == 0);
  CHECK(exchange.factory.counters().tsig.badSig == 1);
}

TEST_CASE(
    "a clock that is too far off is NOTAUTH with BADTIME, signed, with both times, and in the log once a minute") {
  Exchange exchange;
  const LogCapture log;
  exchange.clock.advance(std::chrono::hours(24));  // after what other tests may have logged
  for (int i = 0; i < 3; ++i) {
    exchange.serve(exchange.signedQuery("www.example.com", Type::A, -301));
    CHECK(exchange.rcode() == Rcode::NOTAUTH);
    CHECK(exchange.error() == 18);
    CHECK_FALSE(exchange.tsig().mac.empty());
    CHECK(exchange.tsig().timeSigned == secondsOf(exchange.clock) - 301);
    TsigVerifier verifier(exchange.key, exchange.mac.span());
    CHECK(verifier.add(exchange.channel->reply, secondsOf(exchange.clock)).error() == TsigFault::refusedByServer);
    CHECK(verifier.serverTime() == secondsOf(exchange.clock));
  }
  CHECK(log.count("BADTIME") == 1);
  CHECK(log.has("transfer.example."));
  CHECK(log.has("301 s behind"));
  exchange.clock.advance(std::chrono::minutes(1));
  exchange.serve(exchange.signedQuery("www.example.com", Type::A, 1000));
  CHECK(log.count("BADTIME") == 2);
  CHECK(log.has("1000 s ahead"));
  CHECK(exchange.factory.counters().tsig.badTime == 4);
  CHECK(exchange.resolver->asked == 0);
}

TEST_CASE("a time of 48 bits that is in no calendar is logged as a number") {
  Exchange exchange;
  const LogCapture log;
  exchange.clock.advance(std::chrono::hours(48));
  exchange.serve(exchange.signedQuery("www.example.com", Type::A, std::int64_t{1} << 47));
  CHECK(exchange.error() == 18);
  CHECK(log.has("since 1970"));
}

TEST_CASE("a MAC that is truncated is accepted down to half its size, and below is a format error without a TSIG") {
  Exchange exchange;
  for (const std::size_t size : {31u, 16u, 15u, 0u}) {
    Bytes message = exchange.signedQuery("www.example.com");
    const TsigRecord record = findTsig(message).record;
    const auto macAt = static_cast<std::ptrdiff_t>(record.mac.data() - message.data());
    const auto rdlengthAt = record.offset + record.key.size() + 8;
    message.erase(message.begin() + macAt + static_cast<std::ptrdiff_t>(size), message.begin() + macAt + 32);
    message[static_cast<std::size_t>(macAt) - 1] = static_cast<std::uint8_t>(size);
    message[rdlengthAt + 1] = static_cast<std::uint8_t>(message[rdlengthAt + 1] - (32 - size));
    exchange.mac = TsigMacOctets(findTsig(message).record.mac);
    exchange.serve(message);
    CAPTURE(size);
    const bool allowed = size >= 16;
    CHECK(exchange.rcode() == (allowed ? Rcode::NOERROR : Rcode::FORMERR));
    CHECK(exchange.accepts() == allowed);
    if (!allowed) CHECK(findTsig(exchange.channel->reply).outcome == TsigSearch::Outcome::none);
  }
  CHECK(exchange.factory.counters().tsig.good == 2);
  CHECK(exchange.factory.counters().tsig.malformed == 2);
}

TEST_CASE("a truncated reply is signed, and no larger than the client takes with its signature") {
  Exchange exchange;
  exchange.serve(exchange.signedQuery("many.example.com"));
  CHECK(exchange.channel->reply.size() <= 512);
  CHECK((exchange.channel->reply[2] & 2) != 0);
  CHECK(exchange.accepts());
}

TEST_CASE("a reply of the largest size keeps room for its signature over TCP") {
  Exchange exchange;
  exchange.serve(exchange.signedQuery("large.example.com"), Transport::tcp);
  CHECK(exchange.channel->reply.size() > 60000);
  CHECK(exchange.accepts());
}

TEST_CASE("the longest names of key and question leave room for a reply over UDP") {
  const std::string label(63, 'k');
  const std::string longest = label + '.' + label + '.' + label + '.' + std::string(61, 'k');
  Exchange exchange(makeKey(longest));
  exchange.serve(exchange.signedQuery(longest));
  CHECK(exchange.rcode() == Rcode::NOTAUTH);
  CHECK(exchange.channel->reply.size() <= 512);
  exchange.factory.setKeys(ringOf(makeKey(longest)));
  exchange.serve(exchange.signedQuery(longest));
  CHECK(exchange.channel->reply.size() <= 512);
  CHECK(exchange.accepts());
}

TEST_CASE("access can be by address, by key, or by both together") {
  Exchange exchange;
  const auto rcodeFor = [&](const Bytes& message) {
    exchange.serve(message);
    return exchange.rcode();
  };
  const AddressPolicy nobody(AddressPolicy::Action::refuse);
  const Bytes plain = makeQuery("www.example.com", Type::A);
  exchange.factory.setAddressPolicy(AccessList(nobody).allow(AddressPolicy(), {Name("TRANSFER.example")}));
  CHECK(rcodeFor(plain) == Rcode::REFUSED);
  CHECK(rcodeFor(exchange.signedQuery("www.example.com")) == Rcode::NOERROR);
  CHECK(exchange.accepts());

  AddressPolicy elsewhere(AddressPolicy::Action::refuse);
  elsewhere.allow("198.51.100.0/24");
  exchange.factory.setAddressPolicy(AccessList(nobody).allow(elsewhere, {Name("transfer.example")}));
  CHECK(rcodeFor(exchange.signedQuery("www.example.com")) == Rcode::REFUSED);
  CHECK(exchange.accepts());  // a refusal is signed too

  exchange.factory.setAddressPolicy(AccessList(nobody).allow(AddressPolicy(), {Name("other.example")}));
  CHECK(rcodeFor(exchange.signedQuery("www.example.com")) == Rcode::REFUSED);

  AddressPolicy here(AddressPolicy::Action::refuse);
  here.allow("192.0.2.0/24");
  exchange.factory.setAddressPolicy(AccessList(here).allow(elsewhere, {Name("other.example")}));
  CHECK(rcodeFor(plain) == Rcode::NOERROR);
}

TEST_CASE("what is wrong with a TSIG is told to those too who may not ask") {
  Exchange exchange(makeKey("transfer.example", "another secret"));
  exchange.factory.setAddressPolicy(AddressPolicy(AddressPolicy::Action::refuse));
  exchange.serve(exchange.signedQuery("www.example.com"));
  CHECK(exchange.rcode() == Rcode::NOTAUTH);
  CHECK(exchange.error() == 16);
}

TEST_CASE("a view is chosen by the key that a query is signed with") {
  Exchange exchange;
  const auto inside = std::make_shared<TestResolver>();
  auto view = std::make_shared<View>(false, "inside");
  view->add(inside);
  exchange.factory.setViews(
      {{AccessList(AddressPolicy(AddressPolicy::Action::refuse)).allow(AddressPolicy(), {Name("transfer.example")}),
        view}});
  exchange.serve(makeQuery("www.example.com", Type::A));
  CHECK(inside->asked == 0);
  exchange.serve(exchange.signedQuery("www.example.com"));
  CHECK(inside->asked == 1);
  CHECK(exchange.accepts());
  syncWait(exchange.factory.closeResolvers());
}

TEST_CASE("keys that take the place of others leave a query alone that is being answered") {
  Exchange exchange;
  const Bytes message = exchange.signedQuery("gate.example.com");
  const Query query = Query::parse(message, {client, Transport::tcp}).value();
  exchange.channel = std::make_unique<TestChannel>(Transport::tcp, client);
  auto serving = exchange.factory.serve(query, *exchange.channel);
  TaskScope scope;
  scope.spawn(std::move(serving));
  exchange.factory.setKeys(nullptr);
  exchange.resolver->gate.set();
  syncWait(joined(scope));
  CHECK(exchange.rcode() == Rcode::NOERROR);
  CHECK(exchange.accepts());
}

TEST_CASE("who is told of replies is told of the octets that leave, with the signature") {
  Exchange exchange;
  Bytes told;
  exchange.factory.setOnReply([&](const MessageEnd& end) { told = Bytes(end.reply.begin(), end.reply.end()); });
  exchange.serve(exchange.signedQuery("www.example.com"));
  CHECK(told == Bytes(exchange.channel->reply.begin(), exchange.channel->reply.end()));
  CHECK(exchange.accepts());
}

TEST_CASE("an exception while a signed query is answered becomes a SERVFAIL that is signed") {
  Exchange exchange;
  const LogCapture log;
  exchange.serve(exchange.signedQuery("throw.example.com"));
  CHECK(exchange.rcode() == Rcode::SERVFAIL);
  CHECK(exchange.accepts());
}

TEST_CASE("a reply that is signed and then fails on its way leaves no trace in the one that takes its place") {
  Exchange exchange;
  const LogCapture log;
  class Unlucky final : public ServerFactory {
   public:
    using ServerFactory::ServerFactory;
    Task<> sendReply(ReplyChannel& channel, const Query& query, Answer answer) override {
      if (failed_) return ServerFactory::sendReply(channel, query, std::move(answer));
      failed_ = true;
      SigningChannel::of(query)->seal(responseFromMessage(query, answer, channel.replyBuffer()));
      throw std::runtime_error("on its way");
    }

   private:
    bool failed_ = false;
  };
  Unlucky factory{{exchange.resolver}};
  factory.setClock(exchange.clock);
  factory.setKeys(ringOf(makeKey()));
  const Bytes message = exchange.signedQuery("three.example.com");
  const Query query = Query::parse(message, {client, Transport::udp}).value();
  exchange.channel = std::make_unique<TestChannel>(Transport::udp, client);
  syncWait(factory.serve(query, *exchange.channel));
  CHECK(exchange.rcode() == Rcode::SERVFAIL);
  CHECK(exchange.accepts());
}

TEST_CASE("a signed message of another opcode is verified too, and its reply signed") {
  Exchange exchange;
  Bytes message = makeQuery("example.com", Type::SOA);
  message[2] = 4 << 3;  // NOTIFY
  exchange.serve(exchange.signedQuery(message));
  CHECK(exchange.rcode() == Rcode::NOTIMP);
  CHECK(exchange.accepts());
  Bytes forged = exchange.signedQuery(message);
  forged[14] ^= 1;
  exchange.serve(forged);
  CHECK(exchange.rcode() == Rcode::NOTAUTH);
}

}  // namespace tsig_test
