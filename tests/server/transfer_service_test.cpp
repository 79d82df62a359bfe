#include "taut/server/transfer_service.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "messages.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/tsig.hpp"
#include "taut/resolver/authority.hpp"
#include "taut/resolver/view.hpp"
#include "taut/server/server_factory.hpp"
#include "taut/testing/log_capture.hpp"
#include "taut/testing/manual_shard.hpp"
#include "taut/testing/recording_channel.hpp"
#include "taut/zone/recent_differences.hpp"
#include "taut/zone/transfer_reader.hpp"
#include "taut/zone/transfer_writer.hpp"
#include "taut/zone/zone_file.hpp"

namespace transfer_service_test {

namespace {

using namespace taut;
using testing::Octets;
using Zones = std::vector<std::shared_ptr<const Zone>>;

const Address client = Address::v4({192, 0, 2, 53}, 4000);
const Address stranger = Address::v4({198, 51, 100, 1}, 4000);

std::shared_ptr<const Zone> version(std::uint32_t serial, std::string_view body = "",
                                    std::string_view origin = "example.") {
  const std::string text =
      fmt::format("$ORIGIN {}\n$TTL 300\n@ SOA ns1 hostmaster {} 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.1\n{}",
                  origin, serial, body);
  const ZoneLoad loaded = parseZone(text, Name(origin));
  REQUIRE_MESSAGE(loaded.ok(), loaded.firstError());
  return loaded.zone;
}

std::string hosts(std::size_t count) {
  std::string body;
  for (std::size_t i = 0; i < count; ++i) body += fmt::format("host{} A 10.0.{}.{}\n", i, i >> 8 & 255, i & 255);
  return body;
}

// With the SOA of the version that the client has in the authority section.
Octets ixfr(std::uint32_t serial, const QueryShape& shape = {}, std::string_view name = "example.") {
  Octets message = makeQuery(name, Type::IXFR, shape);
  const std::size_t end = 12 + Name(name).size() + 4;
  Octets soa = {0xc0, 12, 0, 6, 0, 1, 0, 0, 0, 0, 0, 22, 0, 0};
  for (const std::uint32_t number : {serial, 1u, 1u, 1u, 1u}) {
    testing::putU16(soa, number >> 16);
    testing::putU16(soa, number & 0xffff);
  }
  message.insert(message.begin() + static_cast<std::ptrdiff_t>(end), soa.begin(), soa.end());
  message[9] = 1;
  return message;
}

// A client that reads one message each time it is let.
class SlowChannel final : public ReplyChannel {
 public:
  Transport transport() const override { return Transport::tcp; }
  const Address& peer() const override { return client; }
  MutableByteSpan replyBuffer() override { return buffer_; }

  std::vector<Octets> messages;
  Event read;

 private:
  Task<> send(std::size_t size) override {
    messages.emplace_back(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(size));
    co_await read.wait();
  }

  Octets buffer_ = Octets(maxMessageSize);
};

struct Fixture {
  Fixture() {
    factory.setClock(shard.clock());
    settings->differences = differences;
    settings->allow(Name("example."), AddressPolicy(AddressPolicy::Action::refuse).allow("192.0.2.53"));
    settings->allow(Name("unloaded."), AddressPolicy());
    serve({version(7, "www A 192.0.2.80\n"), Zone::notLoaded(Name("unloaded."))});
    apply();
  }

  void apply() { factory.setTransfers(shard, settings); }
  void serve(const Zones& zones) { authority->replace(std::make_shared<const ZoneSet>(zones)); }
  // The zone gives way to this one, and the difference is kept.
  void replaceBy(const std::shared_ptr<const Zone>& next) {
    differences->replaced(*authority->zones().get(Name("example.")), *next);
    serve({next});
  }

  testing::RecordingChannel& ask(const Octets& message, Transport transport = Transport::tcp,
                                 const Address& from = client) {
    channel = std::make_unique<testing::RecordingChannel>(transport, from);
    const Query query = Query::parse(message, {from, transport, shard.now()}, factory.udpPayloadSize()).value();
    shard.run(factory.serve(query, *channel));
    return *channel;
  }
  ParsedReply reply(const Octets& message, Transport transport = Transport::tcp, const Address& from = client) {
    ask(message, transport, from);
    REQUIRE(channel->messages.size() == 1);
    return ParsedReply(channel->reply);
  }

  // What a secondary reads that has this version.
  static TransferRequest request(std::optional<std::uint32_t> serial, Transport transport = Transport::tcp) {
    TransferRequest request;
    request.zone = Name("example.");
    request.type = serial ? Type::IXFR : Type::AXFR;
    request.id = QueryShape().id;
    if (serial) request.serial = Serial(*serial);
    request.transport = transport;
    return request;
  }
  TransferReader read(std::optional<std::uint32_t> serial, Transport transport = Transport::tcp) {
    TransferReader reader(request(serial, transport), [](const ZoneRecord&) {});
    for (const Octets& message : channel->messages) reader.add(message);
    INFO(reader.error());
    CHECK(reader.progress() == TransferReader::Progress::finished);
    return reader;
  }

  testing::ManualShard shard;
  std::shared_ptr<RecentDifferences> differences = std::make_shared<RecentDifferences>();
  std::shared_ptr<TransferSettings> settings = std::make_shared<TransferSettings>();
  std::shared_ptr<Authority> authority = std::make_shared<Authority>(std::make_shared<const ZoneSet>());
  ServerFactory factory{{authority}};
  std::unique_ptr<testing::RecordingChannel> channel;
  const TransferCounters& counters = factory.counters().transfers;
};

using Form = TransferReader::Form;

}  // namespace

TEST_CASE_FIXTURE(Fixture, "who may transfer a zone gets all of it, and the log has a line for it") {
  serve({version(7, hosts(20000))});
  testing::LogCapture lines;
  ask(makeQuery("example.", Type::AXFR));
  CHECK(channel->messages.size() > 20);
  const TransferReader reader = read(std::nullopt);
  CHECK(reader.records() == 20004);
  CHECK(reader.serial() == Serial(7));
  CHECK(ParsedReply(channel->reply).has(flag::AA));
  CHECK(lines.has("zone example. to 192.0.2.53:4000: AXFR, serial 7, 20004 records, "));
  CHECK(counters.whole == 1);
  CHECK(counters.records == 20004);
  CHECK(counters.octets > 20 * TransferWriter::usualSize);
  CHECK(counters.begun == counters.ended);
  CHECK(settings->quota->taken() == 0);
}

TEST_CASE_FIXTURE(Fixture, "each request that is not for a transfer gets its RCODE, and why") {
  struct Case {
    const char* what;
    Octets message;
    Transport transport;
    Address from;
    Rcode rcode;
    std::optional<ExtendedErrorCode> why;
  };
  QueryShape edns;
  edns.payloadSize = 1232;
  const Case cases[] = {
      {"AXFR over UDP", makeQuery("example.", Type::AXFR, edns), Transport::udp, client, Rcode::NOTIMP,
       ExtendedErrorCode::notSupported},
      {"no such zone", makeQuery("example.org.", Type::AXFR, edns), Transport::tcp, client, Rcode::NOTAUTH,
       ExtendedErrorCode::notAuthoritative},
      {"a name in a zone", makeQuery("www.example.", Type::AXFR, edns), Transport::tcp, client, Rcode::NOTAUTH,
       ExtendedErrorCode::notAuthoritative},
      {"another client", makeQuery("example.", Type::AXFR, edns), Transport::tcp, stranger, Rcode::REFUSED,
       ExtendedErrorCode::prohibited},
      {"another client, IXFR", ixfr(1, edns), Transport::udp, stranger, Rcode::REFUSED, ExtendedErrorCode::prohibited},
      {"a zone that is not loaded", makeQuery("unloaded.", Type::AXFR, edns), Transport::tcp, stranger, Rcode::SERVFAIL,
       ExtendedErrorCode::notReady},
      {"IXFR without SOA", makeQuery("example.", Type::IXFR, edns), Transport::tcp, client, Rcode::FORMERR,
       std::nullopt},
  };
  for (const Case& each : cases) {
    CAPTURE(each.what);
    const ParsedReply got = reply(each.message, each.transport, each.from);
    CHECK(got.rcode == each.rcode);
    CHECK(got.extendedError() == each.why);
    CHECK(got.records().empty());
  }
  CHECK(counters.refused == 2);
  CHECK(counters.begun == 0);
}

TEST_CASE_FIXTURE(Fixture, "a zone without a rule is transferred to nobody") {
  serve({version(1, "", "other.")});
  CHECK(reply(makeQuery("other.", Type::AXFR)).rcode == Rcode::REFUSED);
}

TEST_CASE("a server without settings for transfers refuses them") {
  testing::ManualShard shard;
  const auto zones = std::make_shared<const ZoneSet>(Zones{version(7)});
  ServerFactory factory{{std::make_shared<Authority>(zones)}};
  testing::RecordingChannel channel(Transport::tcp, client);
  const auto query = testing::query("example.", Type::AXFR, {.transport = Transport::tcp});
  shard.run(factory.serve(query, channel));
  CHECK(ParsedReply(channel.reply).rcode == Rcode::REFUSED);
}

TEST_CASE_FIXTURE(Fixture, "a client with an older version gets the differences") {
  replaceBy(version(8, "www A 192.0.2.81\n"));
  replaceBy(version(9, "www A 192.0.2.82\n"));
  testing::LogCapture lines;
  SUBCASE("over TCP") {
    ask(ixfr(7));
    TransferReader reader = read(7);
    CHECK(reader.form() == Form::differences);
    CHECK(reader.takeDifferences().size() == 2);
    CHECK(lines.has("IXFR, serial 7 to 9, "));
  }
  SUBCASE("over UDP where they fit, with OPT") {
    QueryShape edns;
    edns.payloadSize = 1232;
    ask(ixfr(7, edns), Transport::udp);
    CHECK(channel->messages.size() == 1);
    TransferReader reader = read(7, Transport::udp);
    CHECK(reader.takeDifferences().size() == 2);
    CHECK(ParsedReply(channel->reply).hasOpt);
  }
  CHECK(counters.incremental == 1);
}

TEST_CASE_FIXTURE(Fixture, "over UDP what does not fit, and a version that is not known, is the SOA alone") {
  replaceBy(version(8, hosts(100)));
  SUBCASE("too large") {
    ask(ixfr(7), Transport::udp);
  }
  SUBCASE("not known") {
    ask(ixfr(3), Transport::udp);
  }
  CHECK(channel->messages.size() == 1);
  CHECK(ParsedReply(channel->reply).records().size() == 1);
  CHECK(!ParsedReply(channel->reply).has(flag::TC));
  const TransferReader reader = read(3, Transport::udp);
  CHECK(reader.form() == Form::overflow);
  CHECK(reader.serial() == Serial(8));
}

TEST_CASE_FIXTURE(Fixture, "a client that has nothing older gets the SOA alone") {
  for (const std::uint32_t serial : {7u, 9u, 7u + 0x80000000u}) {
    CAPTURE(serial);
    for (const Transport transport : {Transport::tcp, Transport::udp}) {
      ask(ixfr(serial), transport);
      CHECK(channel->messages.size() == 1);
      CHECK(ParsedReply(channel->reply).has(flag::AA));
      CHECK(read(serial, transport).form() == Form::current);
    }
  }
  CHECK(counters.upToDate == 6);
}

TEST_CASE_FIXTURE(Fixture, "without the differences the whole zone is sent, and the question says IXFR still") {
  replaceBy(version(8, hosts(2000)));
  const auto wholeFor = [this](std::uint32_t serial) {
    ask(ixfr(serial));
    CHECK(read(serial).form() == Form::whole);
    for (const Octets& message : channel->messages) CHECK(ParsedReply(message).question->type == Type::IXFR);
  };
  SUBCASE("from a version that is not known") {
    wholeFor(3);
  }
  SUBCASE("from differences that are larger than the zone") {
    replaceBy(version(9));
    wholeFor(7);
  }
  SUBCASE("without a source of differences") {
    settings->differences = nullptr;
    wholeFor(7);
  }
}

TEST_CASE_FIXTURE(Fixture, "a transfer is of one version, though the zone is replaced meanwhile") {
  serve({version(7, hosts(5000))});
  SlowChannel slow;
  const Octets message = makeQuery("example.", Type::AXFR);
  const Query query = Query::parse(message, {client, Transport::tcp, shard.now()}).value();
  TaskScope scope;
  scope.spawn(factory.serve(query, slow));
  CHECK(slow.messages.size() == 1);
  CHECK(settings->quota->taken() == 1);
  serve({version(8, hosts(3))});
  settings->allow(Name("example."), AddressPolicy(AddressPolicy::Action::refuse));
  apply();
  slow.read.set();
  shard.run([](TaskScope& tasks) -> Task<> { co_await tasks.join(); }(scope));
  TransferReader reader(request(std::nullopt), [](const ZoneRecord&) {});
  for (const Octets& each : slow.messages) reader.add(each);
  CHECK(reader.progress() == TransferReader::Progress::finished);
  CHECK(reader.serial() == Serial(7));
  CHECK(reader.records() == 5004);
  CHECK(settings->quota->taken() == 0);
}

TEST_CASE_FIXTURE(Fixture, "too many transfers at once are SERVFAIL, of one client and of all") {
  const auto first = settings->quota->take(client);
  QueryShape edns;
  edns.payloadSize = 1232;
  SUBCASE("of one client, whatever its port") {
    settings->quota->setLimits(10, 1);
    const ParsedReply got = reply(makeQuery("example.", Type::AXFR, edns), Transport::tcp, client.withPort(5));
    CHECK(got.rcode == Rcode::SERVFAIL);
    CHECK(got.extendedError() == ExtendedErrorCode::other);
    CHECK(settings->quota->take(stranger));
  }
  SUBCASE("of all") {
    settings->quota->setLimits(1, 1);
    CHECK(!settings->quota->take(stranger));
    CHECK(reply(ixfr(3)).rcode == Rcode::SERVFAIL);
  }
  CHECK(counters.overQuota == 1);
  CHECK(counters.begun == 0);
  CHECK(settings->quota->taken() == 1);
}

TEST_CASE_FIXTURE(Fixture, "what needs no transfer needs no place among them") {
  settings->quota->setLimits(1, 1);
  const auto first = settings->quota->take(client);
  CHECK(reply(ixfr(7)).rcode == Rcode::NOERROR);
}

TEST_CASE_FIXTURE(Fixture, "a zone of a view is transferred by the view's own rule, and to its clients") {
  const ZonesOfView inside{"inside", {version(70, "www A 10.0.0.80\n")}};
  const auto zones =
      std::make_shared<const ZoneSet>(Zones{version(7), version(5, "", "other.")}, std::span(&inside, 1));
  authority->replace(zones);
  auto view = std::make_shared<View>(false, "inside");
  view->add(std::make_shared<Authority>(zones, "inside"));
  factory.setViews({{AddressPolicy(AddressPolicy::Action::refuse).allow("192.0.2.53"), view}});
  settings->allow(Name("other."), AddressPolicy());
  SUBCASE("without a rule of its own it is refused") {
    CHECK(reply(makeQuery("example.", Type::AXFR)).rcode == Rcode::REFUSED);
  }
  SUBCASE("with one it is given") {
    settings->allow(Name("example."), AddressPolicy(), "inside");
    ask(makeQuery("example.", Type::AXFR));
    CHECK(read(std::nullopt).serial() == Serial(70));
  }
  SUBCASE("a zone that all see goes by the rule of all") {
    ask(makeQuery("other.", Type::AXFR));
    CHECK(ParsedReply(channel->reply).rcode == Rcode::NOERROR);
    CHECK(channel->messages.size() == 1);
  }
}

TEST_CASE_FIXTURE(Fixture, "EXPIRE is told with the SOA and with transfers, in the first message alone") {
  QueryShape shape;
  shape.options = ednsOption(EdnsOption::EXPIRE, {});
  const Octets ofPrimary = {0, 1, 0x51, 0x80};  // 86,400
  serve({version(7, hosts(5000))});
  SUBCASE("SOA") {
    CHECK(reply(makeQuery("example.", Type::SOA, shape)).option(EdnsOption::EXPIRE) == ofPrimary);
  }
  SUBCASE("IXFR that is up to date") {
    CHECK(reply(ixfr(7, shape)).option(EdnsOption::EXPIRE) == ofPrimary);
  }
  SUBCASE("AXFR") {
    ask(makeQuery("example.", Type::AXFR, shape));
    CHECK(ParsedReply(channel->messages.front()).option(EdnsOption::EXPIRE) == ofPrimary);
    CHECK(!ParsedReply(channel->messages.back()).hasOpt);
    read(std::nullopt);
  }
  SUBCASE("not with other records, nor without being asked") {
    CHECK(!reply(makeQuery("example.", Type::NS, shape)).option(EdnsOption::EXPIRE));
    shape.options.clear();
    shape.payloadSize = 1232;
    CHECK(!reply(makeQuery("example.", Type::SOA, shape)).option(EdnsOption::EXPIRE));
  }
  SUBCASE("what remains to a secondary") {
    EdnsSettings edns;
    edns.remaining = [](NameView origin, const Query&) {
      return origin == Name("example.") ? std::optional<std::uint32_t>(5) : std::nullopt;
    };
    factory.setEdns(edns);
    CHECK(reply(makeQuery("example.", Type::SOA, shape)).option(EdnsOption::EXPIRE) == Octets{0, 0, 0, 5});
  }
}

TEST_CASE_FIXTURE(Fixture, "a transfer to a client with a key is signed, message by message") {
  const TsigKey key{Name("transfer."), TsigAlgorithm::hmacSha256, {1, 2, 3, 4, 5, 6, 7, 8}};
  std::vector<TsigKey> keys{key};
  factory.setKeys(std::make_shared<const KeyRing>(std::move(keys)));
  serve({version(7, hosts(5000))});
  AccessList list{AddressPolicy(AddressPolicy::Action::refuse)};
  list.allow(AddressPolicy(), {Name("transfer.")});
  settings->allow(Name("example."), list);
  CHECK(reply(makeQuery("example.", Type::AXFR)).rcode == Rcode::REFUSED);

  const auto now = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(shard.clock().wallTime().time_since_epoch()).count());
  TsigSigner signer(key);
  Octets message = makeQuery("example.", Type::AXFR);
  const std::size_t size = message.size();
  message.resize(size + signer.room());
  message.resize(signer.sign(message, size, now));
  ask(message);
  TsigVerifier verifier(key, signer.mac());
  for (const Octets& each : channel->messages) CHECK(verifier.add(each, now));
  CHECK(verifier.complete());
  CHECK(read(std::nullopt).records() == 5004);
}

TEST_CASE_FIXTURE(Fixture, "a NOTIFY is answered as the receiver says") {
  QueryShape shape;
  shape.opcode = Opcode::NOTIFY;
  shape.flags = flag::AA;
  shape.payloadSize = 1232;
  SUBCASE("without a receiver") {
    CHECK(reply(makeQuery("example.", Type::SOA, shape)).rcode == Rcode::NOTIMP);
    return;
  }
  std::vector<std::string> told;
  NotifyVerdict verdict = NotifyVerdict::accepted;
  factory.setOnNotify([&](const Notification& notification) {
    told.push_back(fmt::format("{} {} {}", notification.zone, notification.query->peer(),
                               notification.serial ? notification.serial->value() : 0));
    return verdict;
  });
  SUBCASE("accepted") {
    const ParsedReply got = reply(makeQuery("example.", Type::SOA, shape), Transport::udp);
    CHECK(got.rcode == Rcode::NOERROR);
    CHECK(got.opcode == Opcode::NOTIFY);
    CHECK(got.has(flag::AA));
    CHECK(got.question == Question{Name("example."), Type::SOA, Class::IN});
    CHECK(told == std::vector<std::string>{"example. 192.0.2.53:4000 0"});
    CHECK(factory.counters().notifies.accepted == 1);
  }
  SUBCASE("with the serial that the primary has") {
    Octets message = ixfr(12);
    message[2] = 0x24;  // NOTIFY, AA
    message[7] = std::exchange(message[9], std::uint8_t{0});
    message[12 + 9 + 1] = static_cast<std::uint8_t>(Type::SOA);
    CHECK(reply(message).rcode == Rcode::NOERROR);
    CHECK(told == std::vector<std::string>{"example. 192.0.2.53:4000 12"});
  }
  SUBCASE("from somebody who may not") {
    verdict = NotifyVerdict::notAllowed;
    const ParsedReply got = reply(makeQuery("example.org.", Type::SOA, shape));
    CHECK(got.rcode == Rcode::REFUSED);
    CHECK(got.extendedError() == ExtendedErrorCode::prohibited);
    CHECK(factory.counters().notifies.refused == 1);
  }
  SUBCASE("for no secondary") {
    verdict = NotifyVerdict::notSecondary;
    CHECK(reply(makeQuery("example.", Type::SOA, shape)).rcode == Rcode::REFUSED);
    CHECK(reply(makeQuery("example.org.", Type::SOA, shape)).rcode == Rcode::NOTAUTH);
  }
  SUBCASE("about something else than an SOA, or nothing") {
    CHECK(reply(makeQuery("example.", Type::A, shape)).rcode == Rcode::FORMERR);
    Octets nothing = makeQuery("example.", Type::SOA, shape);
    nothing.resize(12);
    nothing[5] = nothing[11] = 0;
    CHECK(reply(nothing).rcode == Rcode::FORMERR);
    CHECK(told.empty());
  }
}

}  // namespace transfer_service_test
