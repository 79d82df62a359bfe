#include "taut/server/query_log.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "messages.hpp"
#include "taut/base/clock.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/dns/name.hpp"
#include "taut/server/query_tail.hpp"
#include "taut/server/server_factory.hpp"
#include "test_resolver.hpp"

namespace query_log_test {

namespace {

using namespace taut;
using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

const Address client = Address::v4({192, 0, 2, 100}, 53);

QueryLogSettings all(QueryLogSettings::Format format = QueryLogSettings::Format::text) {
  QueryLogSettings settings;
  settings.oneIn = 1;
  settings.format = format;
  return settings;
}

QueryLogSettings errorsOnly() {
  QueryLogSettings settings;
  settings.errors = true;
  return settings;
}

struct Fixture {
  explicit Fixture(const QueryLogSettings& settings = all(), std::unique_ptr<ServerFactory> given = {})
      : factory(given ? std::move(given)
                      : std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::make_shared<TestResolver>()})) {
    factory->setClock(clock);
    factory->setQueryLog(settings);
  }

  void ask(const Bytes& message, Transport transport = Transport::udp) {
    const auto query = Query::parse(message, {client, transport, clock.now() - 18us});
    TestChannel channel(transport);
    syncWait(factory->serve(*query, channel));
  }
  void ask(std::string_view name, Type type = Type::A) { ask(makeQuery(name, type)); }

  LogCapture log;
  ManualClock clock;
  std::unique_ptr<ServerFactory> factory;
};

// The whole of a QUERY that is dropped, or answered by the handler itself.
class Silent final : public ServerFactory {
 public:
  Admission admission = Admission::allow;
  std::size_t messages = 0;

  Task<Admission> allowQuery(const Query&, const ReplyChannel&) override { return Task<Admission>::ready(admission); }
  Task<std::optional<Answer>> handleQuery(const Query& query, ReplyChannel& channel) override {
    for (std::size_t i = 0; i < messages; ++i) {
      const std::size_t size = responseFromMessage(query, Answer(), channel.replyBuffer());
      co_await channel.write(size);
    }
    co_return Answer::noReply();
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a query has one line: who asked for what, what the reply was, and how long it took") {
  ask("www.example.com");
  ask("missing.example.com", Type::TXT);
  CHECK(log.lines() ==
        Lines{"query client=192.0.2.100:53 protocol=udp name=www.example.com. type=A rcode=NOERROR flags=qr,rd size=49 "
              "us=18",
              "query client=192.0.2.100:53 protocol=udp name=missing.example.com. type=TXT rcode=NXDOMAIN flags=qr,rd "
              "size=37 us=18"});
}

TEST_CASE_FIXTURE(Fixture, "the line says truncation, stream, class and opcode where they are not the usual ones") {
  ask("many.example.com");
  CHECK(log.lines().back().find("flags=qr,tc,rd size=") != std::string::npos);
  Bytes chaos = makeQuery("www.example.com", Type::A);
  chaos.back() = static_cast<std::uint8_t>(Class::CH);
  ask(chaos, Transport::tcp);
  CHECK(log.lines().back().find("protocol=tcp name=www.example.com. type=A class=CH rcode=") != std::string::npos);
  QueryShape notify;
  notify.opcode = Opcode::NOTIFY;
  ask(makeQuery("example.com", Type::SOA, notify));
  CHECK(log.lines().back().find("type=SOA opcode=NOTIFY rcode=NOTIMP") != std::string::npos);
  ask(Bytes{0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  CHECK(log.lines().back().find("name=- type=- rcode=REFUSED") != std::string::npos);
}

TEST_CASE("as JSON the line is one object, whatever is in the name") {
  Fixture f(all(QueryLogSettings::Format::json));
  f.ask("www.example.com");
  CHECK(f.log.lines().back() ==
        R"({"time":1767229200.000,"client":"192.0.2.100:53","protocol":"udp","name":"www.example.com.","type":"A",)"
        R"("class":"IN","opcode":"QUERY","rcode":"NOERROR","flags":["qr","rd"],"size":49,"us":18})");
  f.ask("a\\\"b\\\\\\010\\200.example.com");
  CHECK(f.log.lines().back().find(R"("name":"a\\\"b\\\\\\010\\200.example.com.","type")") != std::string::npos);
  f.factory->setRateLimit(RateLimit{});
  for (int i = 0; i < 3; ++i) f.ask("www.example.com");
  CHECK(f.log.lines().back().ends_with(R"("opcode":"QUERY","size":0,"us":18,"outcome":"rate-limit"})"));
}

TEST_CASE("one query in so many is logged, by counting") {
  QueryLogSettings settings;
  settings.oneIn = 10;
  Fixture f(settings);
  for (int i = 0; i < 100; ++i) f.ask("www.example.com");
  CHECK(f.log.lines().size() == 10);
}

TEST_CASE("of errors all are logged, and others as often as is asked for") {
  Fixture f(errorsOnly());
  for (const char* const name : {"www", "missing", "failing", "nothing", "www"})
    f.ask(std::string(name) + ".example.com");
  CHECK(f.log.lines().size() == 3);
  for (const char* const rcode : {"NXDOMAIN", "SERVFAIL", "REFUSED"}) CHECK(f.log.count(rcode) == 1);
  QueryLogSettings both = errorsOnly();
  both.oneIn = 2;
  f.factory->setQueryLog(both);
  for (int i = 0; i < 4; ++i) f.ask("www.example.com");
  CHECK(f.log.count("NOERROR") == 2);
}

TEST_CASE("no query is logged where none is asked for, and none any more where it ends") {
  Fixture f((QueryLogSettings()));
  f.ask("www.example.com");
  f.factory->setQueryLog(all());
  f.ask("www.example.com");
  f.factory->setQueryLog({});
  f.ask("www.example.com");
  CHECK(f.log.lines().size() == 1);
}

TEST_CASE("a query that gets no reply has its line, with the reason") {
  auto silent = std::make_unique<Silent>();
  Silent& factory = *silent;
  Fixture f(errorsOnly(), std::move(silent));
  f.ask("www.example.com");
  CHECK(f.log.lines().back().ends_with("type=A rcode=- flags=- size=0 us=18 outcome=handler"));
  factory.admission = Admission::drop;
  f.ask("www.example.com");
  CHECK(f.log.lines().back().ends_with("outcome=acl"));
  CHECK(f.log.lines().size() == 2);
}

TEST_CASE("a handler that writes several messages has one line, with their number") {
  auto silent = std::make_unique<Silent>();
  silent->messages = 3;
  Fixture f(all(), std::move(silent));
  f.ask(makeQuery("www.example.com", Type::A), Transport::tcp);
  CHECK(f.log.lines().size() == 1);
  CHECK(f.log.lines().back().ends_with("rcode=- flags=- size=3 us=18 outcome=messages"));
}

TEST_CASE("responses over the rate limit have their line, truncated or not sent") {
  Fixture f;
  f.factory->setRateLimit(RateLimit{});
  for (int i = 0; i < 3; ++i) f.ask("www.example.com");
  CHECK(f.log.count("query client=") == 3);
  CHECK(f.log.count("flags=qr,tc,rd size=33 us=18 outcome=truncated") == 1);
  CHECK(f.log.count("rcode=- flags=- size=0 us=18 outcome=rate-limit") == 1);
}

TEST_CASE("a query whose handler throws has one line, beside that of the failure") {
  Fixture f;
  f.ask("throw.example.com");
  CHECK(f.log.count("query client=") == 1);
  CHECK(f.log.has("rcode=SERVFAIL"));
  CHECK(f.log.lines().size() == 2);
}

namespace {

// The lines that wait for the reader.
Lines linesOf(QueryTail& tail) {
  Lines lines;
  while (auto line = tail.ring(0).take()) lines.push_back(std::move(*line));
  return lines;
}

std::shared_ptr<QueryTail> makeTail(QueryFilter filter = {},
                                    QueryLogSettings::Format format = QueryLogSettings::Format::text) {
  return std::make_shared<QueryTail>(1, std::move(filter), format);
}

}  // namespace

TEST_CASE("readers get the lines that the log would have, also where no query is logged") {
  Fixture f((QueryLogSettings()));
  const auto tail = makeTail();
  const auto asJson = makeTail({}, QueryLogSettings::Format::json);
  f.factory->addQueryTail(tail, 0);
  f.factory->addQueryTail(asJson, 0);
  f.ask("www.example.com");
  CHECK(f.log.lines().empty());
  CHECK(linesOf(*tail) ==
        Lines{"query client=192.0.2.100:53 protocol=udp name=www.example.com. type=A rcode=NOERROR flags=qr,rd size=49 "
              "us=18"});
  const Lines objects = linesOf(*asJson);
  REQUIRE(objects.size() == 1);
  CHECK(objects.front().starts_with(R"({"time":1767229200.000,"client":"192.0.2.100:53",)"));
  f.factory->removeQueryTail(*tail);
  f.ask("www.example.com");
  CHECK(linesOf(*tail).empty());
  CHECK(linesOf(*asJson).size() == 1);
  f.factory->removeQueryTail(*asJson);
  CHECK(f.factory->queryLog() == nullptr);
}

TEST_CASE("a reader stays when the log of queries is switched, and the log when the reader goes") {
  Fixture f((QueryLogSettings()));
  const auto tail = makeTail();
  f.factory->addQueryTail(tail, 0);
  f.factory->setQueryLog(all());
  f.ask("www.example.com");
  f.factory->setQueryLog({});
  f.ask("www.example.com");
  CHECK(linesOf(*tail).size() == 2);
  f.factory->setQueryLog(all());
  f.factory->removeQueryTail(*tail);
  f.ask("www.example.com");
  CHECK(f.log.lines().size() == 2);
}

TEST_CASE("a reader sees what fits its filter: name and below, type, client, RCODE, all together") {
  Fixture f((QueryLogSettings()));
  QueryFilter filter;
  const auto count = [&f](const QueryFilter& wanted) {
    const auto tail = makeTail(wanted);
    f.factory->addQueryTail(tail, 0);
    f.ask("www.example.com");
    f.ask("missing.example.com");
    f.ask("www.example.net", Type::TXT);
    f.ask(Bytes{0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    f.factory->ignore(client, Transport::udp, DropReason::unparsable);
    f.factory->removeQueryTail(*tail);
    return linesOf(*tail).size();
  };
  CHECK(count({}) == 5);
  filter.name = Name("EXAMPLE.com");
  CHECK(count(filter) == 2);
  filter.rcode = Rcode::NXDOMAIN;
  CHECK(count(filter) == 1);
  filter = {};
  filter.type = Type::TXT;
  CHECK(count(filter) == 1);
  filter = {};
  filter.clients.emplace(AddressPolicy::Action::refuse).allow("192.0.2.0/24");
  CHECK(count(filter) == 5);
  filter.clients.emplace(AddressPolicy::Action::refuse).allow("2001:db8::/32");
  CHECK(count(filter) == 0);
}

TEST_CASE("a reader that stands still has the lines that its ring holds, and the number of the others") {
  Fixture f((QueryLogSettings()));
  const auto tail = makeTail();
  f.factory->addQueryTail(tail, 0);
  for (std::size_t i = 0; i < QueryTail::maxLines + 10; ++i) f.ask("www.example.com");
  CHECK(tail->dropped() == 10);
  CHECK(linesOf(*tail).size() == QueryTail::maxLines);
  f.ask("www.example.com");
  CHECK(linesOf(*tail).size() == 1);
}

}  // namespace query_log_test
