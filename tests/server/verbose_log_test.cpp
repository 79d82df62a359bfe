// The lines that a server prints for each query, as twisted.names prints them, peers in our own form.
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "messages.hpp"
#include "taut/base/clock.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/server/server_factory.hpp"
#include "test_resolver.hpp"

namespace verbose_log_test {

namespace {

using namespace taut;
using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

const Address peer = Address::v4({192, 0, 2, 100}, 53);

class FullAnswers final : public Resolver {
 public:
  Task<std::optional<Answer>> resolve(const Query& query) override {
    Answer answer;
    answer.add(query.name(), 5min, rdata::A(192, 0, 2, 7));
    answer.add(Name("example.com"), 1h, rdata::NS(Name("ns.example.com")), Section::authority);
    answer.add(Name("ns.example.com"), 1h, rdata::A(192, 0, 2, 53), Section::additional);
    return Task<std::optional<Answer>>::ready(std::move(answer));
  }
};

// The lines of one query, the one that tells the time left out.
Lines linesOf(int verbose, const Bytes& message, std::shared_ptr<Resolver> resolver, bool dropTime = true) {
  ServerFactory factory({std::move(resolver)}, {}, {}, verbose);
  const ManualClock clock;
  factory.setClock(clock);
  const LogCapture log;
  const Query query = Query::parse(message, {peer, Transport::udp, clock.now() - 1234567us}).value();
  TestChannel channel;
  syncWait(factory.serve(query, channel));
  Lines lines = log.lines();
  if (dropTime) std::erase_if(lines, [](const std::string& line) { return line.starts_with("Processed query in "); });
  return lines;
}

Lines linesOf(int verbose, std::string_view name, Type type) {
  return linesOf(verbose, makeQuery(name, type), std::make_shared<TestResolver>());
}

Lines linesOfOpcode(int verbose, int opcode) {
  QueryShape shape;
  shape.opcode = static_cast<Opcode>(opcode);
  Lines lines = linesOf(verbose, makeQuery("example.com", Type::SOA, shape), std::make_shared<TestResolver>());
  if (!lines.empty()) lines.erase(lines.begin());
  return lines;
}

}  // namespace

TEST_CASE("at level 0 nothing is logged") {
  CHECK(linesOf(0, "www.example.com", Type::A).empty());
  CHECK(linesOf(0, "missing.example.com", Type::A).empty());
  CHECK(linesOf(0, "nothing.example.com", Type::A).empty());
  CHECK(linesOfOpcode(0, 4).empty());
}

TEST_CASE("verboseLog is a line at every level above 0") {
  for (const int verbose : {0, 1, 2}) {
    const LogCapture log;
    const ServerFactory factory({}, {}, {}, verbose);
    factory.verboseLog("of an override");
    CHECK(log.lines().size() == (verbose > 0 ? 1 : 0));
    CHECK(log.has("of an override") == (verbose > 0));
  }
}

TEST_CASE("at level 1 a query leaves its type and peer, and what the look-up came to") {
  CHECK(linesOf(1, "www.example.com", Type::MX) == Lines{"MX query from 192.0.2.100:53", "Lookup found 1 record"});
  CHECK(linesOf(1, "three.example.com", Type::A) == Lines{"A query from 192.0.2.100:53", "Lookup found 3 records"});
  CHECK(linesOf(1, "empty.example.com", Type::A) == Lines{"A query from 192.0.2.100:53", "Lookup found 0 records"});
  CHECK(linesOf(1, "missing.example.com", Type::A) == Lines{"A query from 192.0.2.100:53", "Lookup failed"});
  CHECK(linesOf(1, "nothing.example.com", Type::A) == Lines{"A query from 192.0.2.100:53", "Lookup failed"});
}

TEST_CASE("at level 1 an exception leaves its own line and that the look-up failed") {
  CHECK(linesOf(1, "throw.example.com", Type::A) == Lines{"A query from 192.0.2.100:53",
                                                          "throw.example.com. A from 192.0.2.100:53: thrown at once",
                                                          "Lookup failed"});
}

TEST_CASE("at level 2 a query leaves name, type and class, and that there is no answer") {
  CHECK(linesOf(2, "missing.example.com", Type::AAAA) ==
        Lines{"<Query missing.example.com. AAAA IN> query from 192.0.2.100:53", "Lookup failed",
              "Replying with no answers"});
}

TEST_CASE("at level 2 an answer leaves the records of its three sections") {
  const Lines lines = linesOf(2, makeQuery("www.example.com", Type::A), std::make_shared<FullAnswers>());
  CHECK(lines == Lines{"<Query www.example.com. A IN> query from 192.0.2.100:53", "Lookup found 3 records",
                       "Answers are <A 192.0.2.7 ttl=300>", "Authority is <NS ns.example.com. ttl=3600>",
                       "Additional is <A 192.0.2.53 ttl=3600>"});
}

TEST_CASE("a level above 2 is as level 2") {
  CHECK(linesOf(9, "www.example.com", Type::A) == linesOf(2, "www.example.com", Type::A));
}

TEST_CASE("how long a query took is logged in seconds with three decimals") {
  for (const int level : {1, 2}) {
    const Lines lines = linesOf(level, makeQuery("www.example.com", Type::A), std::make_shared<TestResolver>(), false);
    REQUIRE(!lines.empty());
    CHECK(lines.back() == "Processed query in 1.235 seconds");
  }
}

TEST_CASE("a message without a question is logged as empty") {
  const Bytes message = {0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  for (const int level : {1, 2})
    CHECK(linesOf(level, message, std::make_shared<TestResolver>()).at(0) == "Empty query from 192.0.2.100:53");
}

TEST_CASE("the opcodes that are not served each leave a line") {
  for (const int level : {1, 2}) {
    CHECK(linesOfOpcode(level, 1).at(0) == "Inverse query from 192.0.2.100:53");
    CHECK(linesOfOpcode(level, 2).at(0) == "Status request from 192.0.2.100:53");
    CHECK(linesOfOpcode(level, 4).at(0) == "Notify message from 192.0.2.100:53");
    CHECK(linesOfOpcode(level, 5).at(0) == "Unknown op code (5) from 192.0.2.100:53");
    CHECK(linesOfOpcode(level, 15).at(0) == "Unknown op code (15) from 192.0.2.100:53");
  }
}

TEST_CASE("a name cannot forge a line of the log") {
  Bytes message = makeQuery("xyz.example.com", Type::A);
  message[14] = '\n';
  const Lines lines = linesOf(2, message, std::make_shared<TestResolver>());
  CHECK(lines.at(0) == "<Query x\\010z.example.com. A IN> query from 192.0.2.100:53");
}

}  // namespace verbose_log_test
