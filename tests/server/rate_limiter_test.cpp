#include "taut/server/rate_limiter.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "messages.hpp"
#include "taut/base/clock.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/resolver/authority.hpp"
#include "taut/server/server_factory.hpp"
#include "taut/server/zone_rates.hpp"
#include "taut/zone/zone_file.hpp"
#include "taut/zone/zone_set.hpp"
#include "test_resolver.hpp"

namespace rate_limiter_test {

namespace {

using namespace taut;
using namespace std::chrono_literals;
using Verdict = RateLimiter::Verdict;

constexpr std::string_view zoneText =
    "$ORIGIN example.com.\n"
    "$TTL 1h\n"
    "@    SOA ns hostmaster 1 1h 15m 1w 5m\n"
    "@    NS  ns\n"
    "ns   A   192.0.2.53\n"
    "www  A   192.0.2.1\n"
    "     AAAA 2001:db8::1\n"
    "mail A   192.0.2.2\n"
    "alias CNAME www\n"
    "*.wild A 192.0.2.9\n"
    "       TXT \"x\"\n"
    "*.wilder CNAME gone\n"
    "tree DNAME wild\n"
    "sub  NS  ns.sub\n"
    "ns.sub A 192.0.2.54\n";

std::shared_ptr<const ZoneSet> makeZones() {
  const ZoneLoad first = parseZone(zoneText);
  const ZoneLoad second = parseZone(
      "example.net. 3600 SOA ns.example.com. h.example.com. 1 1 1 1 1\n"
      "example.net. 3600 NS ns.example.com.\n");
  if (!first.ok() || !second.ok()) throw std::runtime_error(first.firstError() + second.firstError());
  return std::make_shared<const ZoneSet>(std::vector<std::shared_ptr<const Zone>>{first.zone, second.zone});
}

// A limiter whose clock is turned by hand, in front of a zone.
class Limited {
 public:
  explicit Limited(const RateLimit& limit) : limiter(limit) {}

  Verdict ask(std::string_view client, std::string_view name = "www.example.com", Type type = Type::A) {
    const Bytes message = makeQuery(name, type);
    return account(*Query::parse(message, {Address::parse(client).value(), Transport::udp, now}));
  }

  Verdict account(const Query& query) {
    auto answer = authority.answer(query);
    return limiter.account(query, answer ? std::move(*answer) : Answer::refused());
  }

  // One letter for each response: Sent, Truncated or dropped.
  std::string ask(int times, std::string_view client, std::string_view name = "www.example.com", Type type = Type::A) {
    std::string verdicts;
    for (int i = 0; i < times; ++i) verdicts += "S.T"[static_cast<int>(ask(client, name, type))];
    return verdicts;
  }

  TimePoint now{1h};
  RateLimiter limiter;
  Authority authority{makeZones()};
  LogCapture log;
};

RateLimit rate(std::uint32_t responsesPerSecond, std::uint32_t slip = 0, std::uint32_t window = 15) {
  RateLimit limit;
  limit.responsesPerSecond = responsesPerSecond;
  limit.slip = slip;
  limit.window = window;
  return limit;
}

RateLimit::NetworkRate forNetwork(std::string_view network, ResponseRate rate) {
  return {AddressPolicy(AddressPolicy::Action::refuse).allow(network), rate};
}

std::shared_ptr<const ZoneRates> forZone(std::string_view origin, ResponseRate rate) {
  auto rates = std::make_shared<ZoneRates>();
  rates->set(Name(origin), rate);
  return rates;
}

}  // namespace

TEST_CASE("a network of its own limit has it, the longest of several, in every zone") {
  RateLimit limit = rate(4);
  limit.networks = {forNetwork("192.0.2.0/24", {2, 0}), forNetwork("192.0.2.0/28", {0, 0}),
                    forNetwork("2001:db8::/32", {3, 0})};
  limit.zones = forZone("example.net", {1, 0});
  Limited server(limit);
  CHECK(server.ask(5, "198.51.100.1") == "SSSS.");
  CHECK(server.ask(9, "192.0.2.1") == "SSSSSSSSS");
  CHECK(server.ask(4, "192.0.2.200") == "SS..");
  CHECK(server.ask(4, "::ffff:192.0.2.200", "mail.example.com") == "SS..");
  CHECK(server.ask(4, "2001:db8::1") == "SSS.");
  CHECK(server.ask(4, "192.0.2.200", "example.net", Type::SOA) == "SS..");
}

TEST_CASE("a network's limit of all kinds is its own") {
  RateLimit limit = rate(4);
  limit.allPerSecond = 1;
  limit.networks = {forNetwork("192.0.2.0/24", {2, 3})};
  Limited server(limit);
  CHECK(server.ask(2, "192.0.2.1") == "SS");
  CHECK(server.ask(2, "192.0.2.1", "mail.example.com") == "S.");
  CHECK(server.ask(2, "198.51.100.1") == "S.");
}

TEST_CASE("responses out of a zone of its own limit have it, data and errors of names, and others that of all") {
  RateLimit limit = rate(2);
  limit.zones = forZone("Example.COM", {4, 0});
  Limited server(limit);
  CHECK(server.ask(5, "192.0.2.1") == "SSSS.");
  CHECK(server.ask(5, "192.0.2.1", "gone.example.com") == "SSSS.");
  CHECK(server.ask(3, "192.0.2.1", "example.net", Type::SOA) == "SS.");
  CHECK(server.ask(3, "192.0.2.1", "www.example.org") == "SS.");
}

TEST_CASE("a zone without a limit is answered always, and where only a zone is limited, nothing else is") {
  RateLimit limit = rate(1);
  limit.allPerSecond = 2;
  limit.zones = forZone("example.com", {0, 0});
  Limited open(limit);
  CHECK(open.ask(9, "192.0.2.1") == "SSSSSSSSS");
  CHECK(open.ask(2, "192.0.2.1", "example.net", Type::SOA) == "S.");
  limit = rate(0);
  limit.zones = forZone("example.com", {1, 0});
  Limited closed(limit);
  CHECK(closed.ask(2, "192.0.2.1") == "S.");
  CHECK(closed.ask(9, "192.0.2.1", "example.net", Type::SOA) == "SSSSSSSSS");
  CHECK(closed.ask(9, "192.0.2.1", "www.example.org") == "SSSSSSSSS");
}

TEST_CASE("a client gets as many responses of a kind a second as the rate says, be they in a burst or spread") {
  Limited server(rate(5));
  CHECK(server.ask(7, "192.0.2.1") == "SSSSS..");
  Limited spread(rate(5));
  for (int i = 0; i < 100; ++i) {
    CHECK(spread.ask("192.0.2.1") == Verdict::send);
    spread.now += 200ms;
  }
}

TEST_CASE("the least and the greatest rate are kept to") {
  Limited slow(rate(1));
  CHECK(slow.ask(2, "192.0.2.1") == "S.");
  Limited fast(rate(1'000'000));
  const Bytes message = makeQuery("www.example.com", Type::A);
  const auto query = Query::parse(message, {Address::v4({192, 0, 2, 1}), Transport::udp, fast.now});
  int sent = 0;
  while (sent < 1'000'100 && fast.account(*query) == Verdict::send) ++sent;
  CHECK(sent == 1'000'000);
}

TEST_CASE("after a flood a client waits until its debt is paid, at most the window") {
  Limited server(rate(2, 0, 3));
  CHECK(server.ask(4, "192.0.2.1") == "SS..");
  server.now += 1s;  // two more than it may have were asked for, and a second pays for two
  CHECK(server.ask(1, "192.0.2.1") == ".");
  server.now += 1s;
  CHECK(server.ask(2, "192.0.2.1") == "S.");

  server.ask(100'000, "192.0.2.1");
  server.now += 3s;
  CHECK(server.ask(1, "192.0.2.1") == ".");
  server.now += 1s;
  CHECK(server.ask(2, "192.0.2.1") == "S.");
  server.now += 1h;
  CHECK(server.ask(3, "192.0.2.1") == "SS.");
}

TEST_CASE("of the responses above the limit, one in `slip` is truncated, the first among them") {
  CHECK(Limited(rate(1, 0)).ask(8, "192.0.2.1") == "S.......");
  CHECK(Limited(rate(1, 1)).ask(8, "192.0.2.1") == "STTTTTTT");
  CHECK(Limited(rate(1, 2)).ask(8, "192.0.2.1") == "ST.T.T.T");
  CHECK(Limited(rate(1, 3)).ask(8, "192.0.2.1") == "ST..T..T");
  CHECK(Limited(rate(1, 10)).ask(13, "192.0.2.1") == "ST.........T.");
}

TEST_CASE("clients of one IPv4 /24 or one IPv6 /56 are one, and others are not") {
  Limited server(rate(1));
  CHECK(server.ask(1, "192.0.2.1") == "S");
  CHECK(server.ask(1, "192.0.2.254") == ".");
  CHECK(server.ask(1, "192.0.3.1") == "S");
  CHECK(server.ask(1, "193.0.2.1") == "S");
  CHECK(server.ask(1, "2001:db8:0:1200::1") == "S");
  CHECK(server.ask(1, "2001:db8:0:12ff:ffff::1") == ".");
  CHECK(server.ask(1, "2001:db8:0:1300::1") == "S");
  CHECK(server.ask(1, "c000:200::") == "S");
}

TEST_CASE("data are counted by owner and type, whatever the case of the name") {
  Limited server(rate(1));
  CHECK(server.ask(1, "192.0.2.1", "www.example.com") == "S");
  CHECK(server.ask(1, "192.0.2.1", "WWW.eXample.com") == ".");
  CHECK(server.ask(1, "192.0.2.1", "mail.example.com") == "S");
  CHECK(server.ask(1, "192.0.2.1", "www.example.com", Type::AAAA) == "S");
}

TEST_CASE("an alias is one response, whatever type is asked for") {
  Limited server(rate(1));
  CHECK(server.ask(1, "192.0.2.1", "alias.example.com", Type::A) == "S");
  CHECK(server.ask(1, "192.0.2.1", "alias.example.com", Type::TXT) == ".");
  CHECK(server.ask(1, "192.0.2.1", "alias.example.com", static_cast<Type>(65280)) == ".");
}

TEST_CASE("what comes from one wildcard or DNAME is one response, whatever the name") {
  Limited server(rate(1));
  CHECK(server.ask(1, "192.0.2.1", "a.wild.example.com") == "S");
  CHECK(server.ask(1, "192.0.2.1", "b.wild.example.com") == ".");
  CHECK(server.ask(1, "192.0.2.1", "b.wild.example.com", Type::TXT) == "S");
  CHECK(server.ask(1, "192.0.2.1", "a.wilder.example.com") == "S");
  CHECK(server.ask(1, "192.0.2.1", "b.wilder.example.com") == ".");
  CHECK(server.ask(1, "192.0.2.1", "a.tree.example.com") == "S");
  CHECK(server.ask(1, "192.0.2.1", "b.tree.example.com") == ".");
}

TEST_CASE("name errors are one response for each zone, missing data another, a referral one for each delegation") {
  Limited server(rate(1));
  CHECK(server.ask(1, "192.0.2.1", "a.example.com") == "S");
  CHECK(server.ask(1, "192.0.2.1", "b.c.example.com") == ".");
  CHECK(server.ask(1, "192.0.2.1", "a.example.net") == "S");
  CHECK(server.ask(1, "192.0.2.1", "www.example.com", Type::TXT) == "S");
  CHECK(server.ask(1, "192.0.2.1", "mail.example.com", Type::MX) == ".");
  CHECK(server.ask(1, "192.0.2.1", "example.com", Type::SOA) == "S");
  CHECK(server.ask(1, "192.0.2.1", "a.sub.example.com") == "S");
  CHECK(server.ask(1, "192.0.2.1", "b.sub.example.com", Type::MX) == ".");
  CHECK(server.ask(1, "192.0.2.1", "example.com", Type::NS) == "S");
}

TEST_CASE("all errors are one response") {
  Limited server(rate(1));
  CHECK(server.ask(1, "192.0.2.1", "a.example.org") == "S");
  CHECK(server.ask(1, "192.0.2.1", "b.example", Type::MX) == ".");
  const Bytes message = makeQuery("www.example.com", Type::A);
  const auto query = Query::parse(message, {Address::v4({192, 0, 2, 1}), Transport::udp, server.now});
  CHECK(server.limiter.account(*query, Answer::serverFailure()) == Verdict::drop);
  CHECK(server.limiter.account(*query, Answer::formatError()) == Verdict::drop);
  CHECK(server.limiter.account(*query, Answer()) == Verdict::send);  // no data, by a zone that gives no SOA
}

TEST_CASE("exempt networks are never limited, and only those") {
  RateLimit limit = rate(1);
  limit.exempt.allow("192.0.2.0/30").allow("2001:db8::/32");
  Limited server(limit);
  CHECK(server.ask(4, "192.0.2.1") == "SSSS");
  CHECK(server.ask(4, "192.0.2.4") == "....");
  CHECK(server.ask(4, "198.51.100.1") == "S...");
  CHECK(server.ask(4, "2001:db8::1") == "SSSS");
}

TEST_CASE("a clock that goes back, or far ahead, limits no network for longer than the window") {
  Limited server(rate(2, 0, 5));
  server.ask(100, "192.0.2.1");
  server.now -= 30min;
  CHECK(server.ask(1, "192.0.2.1") == ".");
  server.now += 6s;
  CHECK(server.ask(2, "192.0.2.1") == "SS");
  server.now += std::chrono::hours(24 * 365 * 50);
  CHECK(server.ask(3, "192.0.2.1") == "SS.");
  server.now = {};
  server.ask(1, "192.0.2.1");
  server.now += 7s;
  CHECK(server.ask(2, "192.0.2.1") == "SS");
}

TEST_CASE("the responses of all kinds to one network have a limit together, however many names are asked for") {
  RateLimit limit = rate(3, 2);
  limit.allPerSecond = 8;
  Limited server(limit);
  constexpr std::string_view names[] = {"www.example.com", "mail.example.com", "ns.example.com", "alias.example.com",
                                        "missing.example.com"};
  std::string verdicts;
  for (int i = 0; i < 3; ++i)
    for (const std::string_view name : names) verdicts += server.ask(1, "192.0.2.1", name);
  CHECK(verdicts == "SSSSSSSST.T.T.T");
  CHECK(server.ask(1, "192.0.3.1") == "S");
  server.now += 1s;
  CHECK(server.ask(3, "192.0.2.1", "sub.example.com") == "ST.");  // a second pays for the seven that were too many
}

TEST_CASE("a flood of one kind does not use up what a network may have of all kinds") {
  RateLimit limit = rate(3);
  limit.allPerSecond = 8;
  Limited server(limit);
  server.ask(1000, "192.0.2.1", "www.example.com");
  CHECK(server.ask(3, "192.0.2.1", "mail.example.com") == "SSS");
  CHECK(server.ask(3, "192.0.2.1", "ns.example.com") == "SS.");
}

TEST_CASE("a network that is exempt is exempt from the limit of all kinds as well") {
  RateLimit limit = rate(3);
  limit.allPerSecond = 3;
  limit.exempt.allow("192.0.2.0/24");
  Limited server(limit);
  server.ask(3, "192.0.2.1", "mail.example.com");
  CHECK(server.ask(5, "192.0.2.1") == "SSSSS");
}

TEST_CASE("limiters with the same accounts have one limit") {
  RateLimit limit = rate(5);
  limit.accounts = std::make_shared<RateLimitTable>();
  Limited first(limit);
  Limited second(limit);
  CHECK(first.ask(3, "192.0.2.1") == "SSS");
  CHECK(second.ask(3, "192.0.2.1") == "SS.");
  CHECK(first.ask(1, "192.0.2.1") == ".");
  CHECK(Limited(rate(5)).ask(1, "192.0.2.1") == "S");
}

TEST_CASE("threads that ask at once get the limit once, to the response") {
  RateLimit limit = rate(1000);
  limit.accounts = std::make_shared<RateLimitTable>();
  std::atomic<int> sent = 0;
  const auto flood = [&sent](Limited& server) {
    for (int i = 0; i < 20'000; ++i) sent += server.ask("192.0.2.1") == Verdict::send ? 1 : 0;
  };
  // Each takes the lines of the log when it is made, which no thread may do while another writes one.
  Limited first(limit);
  Limited second(limit);
  std::thread other(flood, std::ref(second));
  flood(first);
  other.join();
  CHECK(sent == 1000);
}

TEST_CASE("the table has the size that was asked for at most, and never none") {
  CHECK(RateLimitTable().memoryUse() == 4u << 20);
  CHECK(RateLimitTable(1000).memoryUse() == 512);
  RateLimit limit = rate(1);
  limit.accounts = std::make_shared<RateLimitTable>(0);
  CHECK(limit.accounts->memoryUse() == 64);
  CHECK(Limited(limit).ask(3, "192.0.2.1") == "S..");
}

TEST_CASE("a flood from ever new networks fills the table and frees no network that is limited") {
  RateLimit limit = rate(5);
  limit.accounts = std::make_shared<RateLimitTable>(64 * 64);
  Limited server(limit);
  server.ask(50, "192.0.2.1");
  for (unsigned i = 0; i < 100'000; ++i) {
    const auto octet = [&](unsigned shift) { return static_cast<std::uint8_t>(i >> shift); };
    server.ask(Address::v4({octet(16), octet(8), octet(0), 1}).hostText());
    if (i % 1000 != 0) continue;
    CAPTURE(i);
    CHECK(server.ask(1, "192.0.2.1") == ".");
    server.now += 1ms;
  }
  CHECK(limit.accounts->memoryUse() == 64 * 64);
}

TEST_CASE("with more floods than the table has room for, each of them is still limited") {
  RateLimit limit = rate(5);
  limit.accounts = std::make_shared<RateLimitTable>(64);
  Limited server(limit);
  int sent = 0;
  // One after the other, a thousand times each.
  for (const std::string_view client : {"192.0.2.1", "192.0.3.1", "192.0.4.1", "192.0.5.1", "192.0.6.1", "192.0.7.1"})
    for (const char verdict : server.ask(1000, client)) sent += verdict == 'S' ? 1 : 0;
  CHECK(sent == 6 * 5);
}

TEST_CASE("what is out of range is refused") {
  CHECK_THROWS_AS(RateLimiter(rate(0)), std::invalid_argument);
  CHECK_THROWS_AS(RateLimiter(rate(1'000'001)), std::invalid_argument);
  RateLimit all = rate(1);
  all.allPerSecond = 1'000'001;
  CHECK_THROWS_AS(RateLimiter{all}, std::invalid_argument);
  CHECK_THROWS_AS(RateLimiter(rate(1, 11)), std::invalid_argument);
  CHECK_THROWS_AS(RateLimiter(rate(1, 2, 0)), std::invalid_argument);
  CHECK_THROWS_AS(RateLimiter(rate(1, 2, 3601)), std::invalid_argument);
}

TEST_CASE("the log says once that a network is limited, and once that it is not any more") {
  Limited server(rate(1, 2));
  const LogCapture& log = server.log;
  server.ask(21, "192.0.2.1");
  server.now += 5s;
  server.ask(20, "192.0.2.77", "mail.example.com");
  CHECK(log.lines().size() == 1);
  CHECK(log.has("rate limit: responses to 192.0.2.0/24 are limited, first to a query for www.example.com. A"));
  server.ask(2, "2001:db8:1:2345::1");
  CHECK(log.has("responses to 2001:db8:1:2300::/56 are limited"));
  server.now += 30s;
  server.ask("198.51.100.1");
  CHECK(log.lines().size() == 2);
  server.now += 31s;
  server.ask("198.51.100.1");
  CHECK(log.lines().size() == 4);
  CHECK(log.has("responses to 192.0.2.0/24 are not limited any more; in 5 s, 19 were dropped and 20 truncated"));
}

TEST_CASE("however many networks are limited, the log has a few lines a minute") {
  Limited server(rate(1));
  const LogCapture& log = server.log;
  for (unsigned i = 0; i < 60'000; ++i) {
    const auto octet = [&](unsigned shift) { return static_cast<std::uint8_t>(i >> shift); };
    server.ask(2, Address::v4({10, octet(8), octet(0), 1}).hostText());
    server.now += 1ms;
  }
  CHECK(log.lines().size() == 17);
  CHECK(log.count("further networks") == 1);
  server.now += 2min;
  server.ask("198.51.100.1");
  CHECK(log.lines().size() == 17 + 16 + 1);
  CHECK(log.has("59984 responses to networks that are not logged were limited"));
}

namespace {

struct Replies {
  int whole = 0;
  int truncated = 0;
  int dropped = 0;
};

Replies flood(ServerFactory& factory, const Bytes& message, Transport transport = Transport::udp) {
  Replies replies;
  for (int i = 0; i < 100; ++i) {
    const auto query = Query::parse(message, {Address::v4({192, 0, 2, 100}, 53), transport});
    TestChannel channel(transport);
    syncWait(factory.serve(*query, channel));
    if (channel.sends == 0)
      ++replies.dropped;
    else
      ++(ParsedReply(channel.reply).has(flag::TC) ? replies.truncated : replies.whole);
  }
  return replies;
}

}  // namespace

TEST_CASE("a server limits UDP and not TCP") {
  const LogCapture log;
  ServerFactory factory({std::make_shared<TestResolver>()});
  factory.setRateLimit(rate(10, 3));
  const Bytes message = makeQuery("www.example.com", Type::A);
  for (int i = 0; i < 2; ++i) {
    const Replies tcp = flood(factory, message, Transport::tcp);
    CHECK(tcp.whole == 100);
  }
  const Replies udp = flood(factory, message);
  CHECK(udp.whole == 10);
  CHECK(udp.truncated == 30);
  CHECK(udp.dropped == 60);
  CHECK(flood(factory, message, Transport::tcp).whole == 100);
}

TEST_CASE("a limit that is taken away limits no more") {
  const LogCapture log;
  ServerFactory factory({std::make_shared<TestResolver>()});
  factory.setRateLimit(rate(10, 0));
  const Bytes message = makeQuery("www.example.com", Type::A);
  CHECK(flood(factory, message).whole == 10);
  factory.setRateLimit(std::nullopt);
  CHECK(flood(factory, message).whole == 100);
}

TEST_CASE("who has a valid server cookie is not limited, and who has made one up is") {
  const LogCapture log;
  ServerFactory factory({std::make_shared<TestResolver>()});
  EdnsSettings edns;
  edns.cookies = std::make_shared<ServerCookies>(std::vector{ServerCookies::randomSecret()});
  factory.setEdns(edns);
  const ManualClock clock;
  factory.setClock(clock);
  factory.setRateLimit(rate(10, 0));
  Cookie cookie;
  cookie.size = 8;
  const auto option =
      edns.cookies->makeOption(cookie, Address::v4({192, 0, 2, 100}, 53), ServerCookies::timestamp(clock.wallTime()));
  QueryShape shape;
  shape.payloadSize = 1232;
  shape.options = ednsOption(EdnsOption::COOKIE, Bytes(option.begin(), option.end()));
  CHECK(flood(factory, makeQuery("www.example.com", Type::A, shape)).whole == 100);
  shape.options.back() ^= 1;
  CHECK(flood(factory, makeQuery("www.example.com", Type::A, shape)).whole == 10);
}

TEST_CASE("a server without a rate limit has none") {
  ServerFactory factory({std::make_shared<TestResolver>()});
  CHECK(flood(factory, makeQuery("www.example.com", Type::A)).whole == 100);
}

TEST_CASE("what is refused or malformed counts too") {
  const LogCapture log;
  ServerFactory factory;
  factory.setRateLimit(rate(10, 0));
  Bytes malformed = makeQuery("www.example.com", Type::A);
  malformed.resize(20);
  CHECK(flood(factory, makeQuery("www.example.com", Type::A)).whole == 10);
  CHECK(flood(factory, malformed).whole == 0);
}

TEST_CASE("a reply that the limit truncates has the question, its RCODE and OPT, and no record") {
  const LogCapture log;
  ServerFactory factory({std::make_shared<TestResolver>()});
  factory.setRateLimit(rate(1, 1));
  QueryShape shape;
  shape.payloadSize = 1232;
  for (const std::string_view name : {"three.example.com", "missing.example.com"}) {
    CAPTURE(name);
    const Bytes message = makeQuery(name, Type::A, shape);
    const auto query = Query::parse(message, {Address::v4({192, 0, 2, 100}, 53), Transport::udp});
    for (const bool truncated : {false, true}) {
      TestChannel channel;
      syncWait(factory.serve(*query, channel));
      const ParsedReply reply(channel.reply);
      CHECK(reply.has(flag::TC) == truncated);
      CHECK(reply.rcode == (name.starts_with("missing") ? Rcode::NXDOMAIN : Rcode::NOERROR));
      CHECK(reply.question.value().name == Name(name));
      CHECK(reply.hasOpt);
      if (truncated) CHECK(channel.reply.size() == message.size());
    }
  }
}

}  // namespace rate_limiter_test
