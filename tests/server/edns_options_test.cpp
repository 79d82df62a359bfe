#include "taut/server/edns_options.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "messages.hpp"
#include "taut/base/clock.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/resolver/resolver.hpp"
#include "taut/server/server_factory.hpp"
#include "test_resolver.hpp"

namespace edns_options_test {

namespace {

using namespace taut;
using namespace std::chrono_literals;

const Address client = Address::v4({192, 0, 2, 100}, 53);
const Bytes clientCookie{1, 2, 3, 4, 5, 6, 7, 8};

struct Fixture {
  Fixture() {
    settings.nsid = "ns1";
    settings.cookies = std::make_shared<ServerCookies>(std::vector{ServerCookies::randomSecret()});
    factory.setEdns(settings);
    factory.setClock(clock);
  }

  ParsedReply ask(const Bytes& message, Transport transport = Transport::udp) {
    const auto idle = transport == Transport::tcp ? 12'300ms : 0ms;
    const auto query = Query::parse(message, {client, transport, clock.now(), StopToken(), idle});
    TestChannel channel(transport);
    syncWait(factory.serve(*query, channel));
    return ParsedReply(channel.reply);
  }

  ParsedReply ask(const char* name, const Bytes& options, Transport transport = Transport::udp) {
    return ask(makeQuery(name, Type::A, withOptions(options)), transport);
  }

  static QueryShape withOptions(const Bytes& options) {
    QueryShape shape;
    shape.payloadSize = 1232;
    shape.options = options;
    return shape;
  }

  EdnsSettings settings;
  ManualClock clock;
  ServerFactory factory{{std::make_shared<TestResolver>()}};
};

// A query of a header and OPT.
Bytes withoutQuestion(const Bytes& options) {
  Bytes bytes = makeQuery(".", Type::A, Fixture::withOptions(options));
  bytes.erase(bytes.begin() + 12, bytes.begin() + 17);
  bytes[5] = 0;
  return bytes;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a query that asks for nothing gets OPT without options") {
  CHECK(ask("www.example.com", {}).options.empty());
  CHECK(ask("www.example.com", ednsOption(EdnsOption::PADDING, Bytes(20))).options.empty());
}

TEST_CASE_FIXTURE(Fixture, "NSID goes to those who ask for it, in a reply of whatever kind") {
  const Bytes nsid = ednsOption(EdnsOption::NSID, {});
  CHECK(ask("www.example.com", nsid).option(EdnsOption::NSID) == Bytes{'n', 's', '1'});
  CHECK(ask("missing.example.com", nsid).option(EdnsOption::NSID) == Bytes{'n', 's', '1'});
  CHECK_FALSE(ask("www.example.com", ednsOption(EdnsOption::COOKIE, clientCookie)).option(EdnsOption::NSID));
}

TEST_CASE_FIXTURE(Fixture, "a server without a name has no NSID to tell") {
  factory.setEdns({});
  CHECK(ask("www.example.com", ednsOption(EdnsOption::NSID, {})).options.empty());
}

TEST_CASE_FIXTURE(Fixture, "an NSID may have 255 octets and arrives whole, and a longer one is refused") {
  settings.nsid = std::string(255, 'x');
  factory.setEdns(settings);
  CHECK(ask("www.example.com", ednsOption(EdnsOption::NSID, {})).option(EdnsOption::NSID) == Bytes(255, 'x'));
  settings.nsid += 'x';
  CHECK_THROWS_AS(factory.setEdns(settings), std::invalid_argument);
}

TEST_CASE_FIXTURE(Fixture, "a client cookie gets a server cookie that is valid when it comes back") {
  const auto first = ask("www.example.com", ednsOption(EdnsOption::COOKIE, clientCookie)).option(EdnsOption::COOKIE);
  REQUIRE(first.value().size() == 24);
  CHECK(Bytes(first->begin(), first->begin() + 8) == clientCookie);
  const Bytes message = makeQuery("www.example.com", Type::A, withOptions(ednsOption(EdnsOption::COOKIE, *first)));
  CHECK(factory.hasValidCookie(Query::parse(message, {client, Transport::udp}).value()));
  CHECK_FALSE(factory.hasValidCookie(Query::parse(message, {Address::loopbackV4(), Transport::udp}).value()));
  CHECK(ask(message).option(EdnsOption::COOKIE) == first);
}

TEST_CASE_FIXTURE(Fixture, "a server cookie ages by the factory's clock: renewed after half an hour, wrong after one") {
  const auto first = ask("www.example.com", ednsOption(EdnsOption::COOKIE, clientCookie)).option(EdnsOption::COOKIE);
  const Bytes message = makeQuery("www.example.com", Type::A, withOptions(ednsOption(EdnsOption::COOKIE, *first)));
  const Query query = Query::parse(message, {client, Transport::udp}).value();
  clock.advance(30min);
  CHECK(ask(message).option(EdnsOption::COOKIE) == first);
  clock.advance(1s);
  CHECK(ask(message).option(EdnsOption::COOKIE).value() != *first);
  clock.advance(30min - 1s);
  CHECK(factory.hasValidCookie(query));
  clock.advance(1s);
  CHECK_FALSE(factory.hasValidCookie(query));
}

TEST_CASE_FIXTURE(Fixture, "a wrong server cookie is answered all the same, with a right one") {
  Bytes cookie = clientCookie;
  cookie.resize(24, 0x55);
  const auto reply = ask("www.example.com", ednsOption(EdnsOption::COOKIE, cookie));
  CHECK(reply.rcode == Rcode::NOERROR);
  CHECK(reply.counts[0] == 1);
  CHECK(reply.option(EdnsOption::COOKIE).value() != cookie);
  CHECK(reply.option(EdnsOption::COOKIE)->size() == 24);
}

TEST_CASE_FIXTURE(Fixture, "a cookie of a size that none has is a format error") {
  for (const std::size_t size : {0u, 1u, 7u, 9u, 15u, 41u}) {
    const auto reply = ask("www.example.com", ednsOption(EdnsOption::COOKIE, Bytes(size, 1)));
    CHECK(reply.rcode == Rcode::FORMERR);
    CHECK(reply.hasOpt);
    CHECK_FALSE(reply.option(EdnsOption::COOKIE));
  }
}

TEST_CASE_FIXTURE(Fixture, "a query for a cookie alone gets one, or BADCOOKIE with a right one for a wrong one") {
  const auto first = ask(withoutQuestion(ednsOption(EdnsOption::COOKIE, clientCookie)));
  CHECK(first.rcode == Rcode::NOERROR);
  const auto cookie = first.option(EdnsOption::COOKIE);
  REQUIRE(cookie.value().size() == 24);
  CHECK(ask(withoutQuestion(ednsOption(EdnsOption::COOKIE, *cookie))).rcode == Rcode::NOERROR);
  Bytes wrong = *cookie;
  wrong.back() ^= 1;
  const auto second = ask(withoutQuestion(ednsOption(EdnsOption::COOKIE, wrong)));
  CHECK(second.extendedRcode == static_cast<std::uint16_t>(Rcode::BADCOOKIE));
  CHECK(second.option(EdnsOption::COOKIE) == cookie);
}

TEST_CASE_FIXTURE(Fixture, "a query for a cookie alone is REFUSED where there are none, or where the policy says so") {
  factory.setAddressPolicy(AddressPolicy(AddressPolicy::Action::refuse));
  CHECK(ask(withoutQuestion(ednsOption(EdnsOption::COOKIE, clientCookie))).rcode == Rcode::REFUSED);
  factory.setAddressPolicy(AddressPolicy());
  factory.setEdns({});
  CHECK(ask(withoutQuestion(ednsOption(EdnsOption::COOKIE, clientCookie))).rcode == Rcode::REFUSED);
}

TEST_CASE_FIXTURE(Fixture, "a server without cookies ignores them") {
  factory.setEdns({});
  const auto reply = ask("www.example.com", ednsOption(EdnsOption::COOKIE, clientCookie));
  CHECK(reply.counts[0] == 1);
  CHECK(reply.options.empty());
}

TEST_CASE_FIXTURE(Fixture, "keepalive tells over a stream how long it may be idle, and nothing over UDP") {
  const Bytes keepalive = ednsOption(EdnsOption::KEEPALIVE, {});
  CHECK(ask("www.example.com", keepalive, Transport::tcp).option(EdnsOption::KEEPALIVE) == Bytes{0, 123});
  CHECK_FALSE(ask("www.example.com", {}, Transport::tcp).option(EdnsOption::KEEPALIVE));
  CHECK_FALSE(ask("www.example.com", keepalive, Transport::udp).option(EdnsOption::KEEPALIVE));
}

TEST_CASE_FIXTURE(Fixture, "an extended error says why, to clients that know EDNS") {
  const auto code = [](const ParsedReply& reply) -> std::optional<std::uint16_t> {
    const auto data = reply.option(EdnsOption::EDE);
    if (!data) return std::nullopt;
    return loadU16(data->data());
  };
  CHECK(code(ask("nothing.example.com", {})) == 20);
  CHECK(code(ask(makeQuery("www.example.com", Type::AXFR, withOptions({})))) == 21);
  QueryShape status = withOptions({});
  status.opcode = Opcode::STATUS;
  CHECK(code(ask(makeQuery("www.example.com", Type::A, status))) == 21);
  CHECK_FALSE(code(ask("www.example.com", {})));
  factory.setAddressPolicy(AddressPolicy(AddressPolicy::Action::refuse));
  CHECK(code(ask("www.example.com", {})) == 18);
  CHECK_FALSE(ask(makeQuery("www.example.com", Type::A)).hasOpt);
}

TEST_CASE("all options of the largest size fit into one reply") {
  EdnsSettings settings;
  settings.nsid = std::string(EdnsSettings::maxNsid, 'n');
  settings.cookies = std::make_shared<ServerCookies>(std::vector{ServerCookies::randomSecret()});
  Bytes asked = ednsOption(EdnsOption::NSID, {});
  asked += ednsOption(EdnsOption::COOKIE, clientCookie);
  asked += ednsOption(EdnsOption::KEEPALIVE, {});
  const Bytes message = makeQuery("www.example.com", Type::A, Fixture::withOptions(asked));
  const auto query = Query::parse(message, {client, Transport::tcp});
  Answer answer;
  answer.setExtendedError(ExtendedErrorCode::other, std::string(1000, 'e'));
  CookieCounters cookies;
  const EdnsOptions options(settings, query.value(), answer, ManualClock(), cookies);
  CHECK(options.octets().size() == 4 + 255 + 4 + 24 + 4 + 2 + 4 + 2 + 128);
}

namespace {

// Answers with the address, for the scope that the test wants, and with an option of its own.
class Local final : public Resolver {
 public:
  std::optional<std::uint8_t> scope;
  Bytes option;
  std::size_t records = 1;
  std::optional<ClientSubnet> asked;

  Task<std::optional<Answer>> resolve(const Query& query) override {
    asked = query.edns() ? query.edns()->clientSubnet : std::nullopt;
    Answer answer;
    for (std::size_t i = 0; i < records; ++i)
      answer.add(query.name(), 30s, rdata::A(192, 0, 2, static_cast<std::uint8_t>(i)));
    if (scope) answer.setClientSubnetScope(*scope);
    if (!option.empty()) CHECK(answer.addOption(static_cast<EdnsOption>(65001), option));
    return Task<std::optional<Answer>>::ready(std::move(answer));
  }
};

struct LocalFixture {
  ParsedReply ask(const Bytes& message, Transport transport = Transport::udp) {
    const Query query = Query::parse(message, {client, transport, Clock::system().now()}).value();
    TestChannel channel(transport);
    syncWait(factory.serve(query, channel));
    return ParsedReply(channel.reply);
  }

  std::shared_ptr<Local> local = std::make_shared<Local>();
  ServerFactory factory{{local}};
};

const Bytes subnet{0, 1, 24, 0, 192, 0, 2};

Bytes withSubnet(const char* name = "www.example.com", const Bytes& data = subnet) {
  return makeQuery(name, Type::A, Fixture::withOptions(ednsOption(EdnsOption::CLIENT_SUBNET, data)));
}

}  // namespace

TEST_CASE_FIXTURE(LocalFixture, "a client subnet that no resolver has looked at does not come back") {
  CHECK_FALSE(ask(withSubnet()).option(EdnsOption::CLIENT_SUBNET));
  REQUIRE(local->asked);
  CHECK(local->asked->network == Address::v4({192, 0, 2, 0}));
  CHECK(local->asked->sourcePrefix == 24);
}

TEST_CASE_FIXTURE(LocalFixture, "a client subnet comes back as it was sent, with the scope of the answer") {
  for (const Transport transport : {Transport::udp, Transport::tcp}) {
    local->scope = 20;
    CHECK(ask(withSubnet(), transport).option(EdnsOption::CLIENT_SUBNET) == Bytes{0, 1, 24, 20, 192, 0, 2});
    local->scope = 0;
    CHECK(ask(withSubnet(), transport).option(EdnsOption::CLIENT_SUBNET) == subnet);
    local->scope = 56;  // more than the family has
    CHECK(ask(withSubnet(), transport).option(EdnsOption::CLIENT_SUBNET) == Bytes{0, 1, 24, 32, 192, 0, 2});
    const Bytes hidden{0, 0, 0, 0};
    CHECK(ask(withSubnet("www.example.com", hidden), transport).option(EdnsOption::CLIENT_SUBNET) == hidden);
  }
}

TEST_CASE_FIXTURE(LocalFixture, "a client that sent no subnet gets none, and one without EDNS no OPT") {
  local->scope = 24;
  local->option = {1, 2};
  CHECK_FALSE(ask(makeQuery("www.example.com", Type::A, Fixture::withOptions({}))).option(EdnsOption::CLIENT_SUBNET));
  const ParsedReply plain = ask(makeQuery("www.example.com", Type::A));
  CHECK_FALSE(plain.hasOpt);
  CHECK(plain.counts[0] == 1);
}

TEST_CASE_FIXTURE(LocalFixture, "a malformed client subnet is FORMERR, and no resolver is asked") {
  for (const Bytes& data : {Bytes{0, 1, 24, 0, 192, 0}, Bytes{0, 1, 23, 0, 192, 0, 3}, Bytes{0, 1, 24, 8, 192, 0, 2},
                            Bytes{0, 9, 0, 0}, Bytes{}}) {
    const ParsedReply reply = ask(withSubnet("www.example.com", data));
    CHECK(reply.rcode == Rcode::FORMERR);
    CHECK_FALSE(reply.option(EdnsOption::CLIENT_SUBNET));
  }
  CHECK_FALSE(local->asked);
}

TEST_CASE_FIXTURE(LocalFixture, "an option that a resolver has added is in the reply's OPT") {
  local->option = {1, 2, 3};
  CHECK(ask(makeQuery("www.example.com", Type::A, Fixture::withOptions({}))).option(static_cast<EdnsOption>(65001)) ==
        local->option);
}

TEST_CASE_FIXTURE(LocalFixture, "records that have no room beside the options are truncated, and the options stay") {
  local->option = Bytes(Answer::maxOptions - 4, 7);
  local->records = 60;  // 16 octets each
  QueryShape shape = Fixture::withOptions({});
  shape.payloadSize = 1232;
  const Bytes message = makeQuery("www.example.com", Type::A, shape);
  const ParsedReply cut = ask(message);
  CHECK((cut.flags & flag::TC) != 0);
  CHECK(cut.option(static_cast<EdnsOption>(65001)) == local->option);
  local->option = {1};
  CHECK((ask(message).flags & flag::TC) == 0);
  // OPT is owed, its options are not.
  local->option = Bytes(Answer::maxOptions - 4, 7);
  shape.payloadSize = 512;
  const ParsedReply small = ask(makeQuery("www.example.com", Type::A, shape));
  CHECK(small.options.empty());
  CHECK(small.hasOpt);
}

}  // namespace edns_options_test
