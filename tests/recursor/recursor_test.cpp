#include "taut/recursor/recursor.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "recursor_bench.hpp"
#include "taut/recursor/server_set.hpp"

namespace taut::recursor_test {

namespace {

using namespace std::chrono_literals;
using test::FakeServer;
using test::plain;
using test::RecursorBench;
using test::withDo;
using testing::ParsedReply;
using Lines = std::vector<std::string>;
using Manner = FakeServer::Manner;

constexpr std::string_view root = "198.18.0.1";
constexpr std::string_view com = "198.18.1.1";
constexpr std::string_view net = "198.18.1.2";
constexpr std::string_view example = "198.18.2.1";

// Validates nothing, so that the questions are those of the walk alone.
struct PlainBench : RecursorBench {
  PlainBench() { validates = false; }

  // Those that were asked since, without the priming query.
  Lines walk() const {
    Lines lines = internet.log();
    std::erase_if(lines, [](const std::string& line) { return line.ends_with(" . NS"); });
    return lines;
  }
  test::WorldZone& exampleCom() { return world.zone("example.com").add("www A 192.0.2.1").servedBy(example); }
};

std::size_t countTo(const RecursorBench& bench, std::string_view server) {
  return static_cast<std::size_t>(std::ranges::count_if(
      bench.internet.questions(), [&](const auto& question) { return question.server.hostText() == server; }));
}

}  // namespace

// The walk.

TEST_CASE("a name is found from the root down, by a server of each zone on the way") {
  PlainBench bench;
  bench.exampleCom();
  const ParsedReply reply = bench.ask("www.example.com");
  CHECK(reply.rcode == Rcode::NOERROR);
  CHECK(reply.texts() == Lines{"www.example.com. 3600 A 192.0.2.1"});
  CHECK_FALSE(reply.has(flag::AA));
  CHECK_FALSE(reply.has(flag::AD));
  CHECK(bench.walk() == Lines{"198.18.0.1 com. A", "198.18.1.1 example.com. A", "198.18.2.1 www.example.com. A"});
}

TEST_CASE("servers are asked without RD and CD, and with EDNS") {
  PlainBench bench;
  bench.exampleCom();
  bench.ask("www.example.com", Type::A, test::withCd);
  REQUIRE(bench.internet.count() >= 3);
  for (const test::AskedQuestion& question : bench.internet.questions()) {
    CHECK_FALSE(question.recursionDesired);
    CHECK_FALSE(question.checkingDisabled);
    CHECK(question.edns);
  }
}

TEST_CASE("what is known of zones spares the way from the root") {
  PlainBench bench;
  bench.exampleCom().add("mail A 192.0.2.2");
  bench.world.zone("example2.com").add("@ A 192.0.2.3").servedBy("198.18.2.2");
  bench.ask("www.example.com");
  bench.askAnew("mail.example.com");
  CHECK(bench.walk() == Lines{"198.18.2.1 mail.example.com. A"});
  bench.askAnew("example2.com");
  CHECK(bench.walk() == Lines{"198.18.1.1 example2.com. A", "198.18.2.2 example2.com. A"});
}

TEST_CASE("what is kept is answered by a task that is ready, with the TTL that is left") {
  PlainBench bench;
  bench.exampleCom();
  bench.ask("www.example.com");
  bench.shard.advance(100s);
  bench.internet.forgetQuestions();
  const auto query = testing::query("www.example.com", Type::A);
  CHECK(bench.recursor().resolve(query).isReady());
  CHECK(bench.ask("www.example.com").texts() == Lines{"www.example.com. 3500 A 192.0.2.1"});
  CHECK(bench.internet.count() == 0);
}

TEST_CASE("a server learns no more of the name than it needs") {
  PlainBench bench;
  bench.exampleCom().add("a.b.c.d A 192.0.2.9");
  CHECK(bench.ask("a.b.c.d.example.com").texts() == Lines{"a.b.c.d.example.com. 3600 A 192.0.2.9"});
  CHECK(bench.walk() == Lines{"198.18.0.1 com. A", "198.18.1.1 example.com. A", "198.18.2.1 d.example.com. A",
                              "198.18.2.1 c.d.example.com. A", "198.18.2.1 b.c.d.example.com. A",
                              "198.18.2.1 a.b.c.d.example.com. A"});
}

TEST_CASE("without QNAME minimisation each server is asked for the whole name") {
  PlainBench bench;
  bench.options.minimisesQnames = false;
  bench.exampleCom().add("a.b.c.d TXT x");
  CHECK(bench.ask("a.b.c.d.example.com", Type::TXT).texts().size() == 1);
  CHECK(bench.walk() == Lines{"198.18.0.1 a.b.c.d.example.com. TXT", "198.18.1.1 a.b.c.d.example.com. TXT",
                              "198.18.2.1 a.b.c.d.example.com. TXT"});
}

TEST_CASE("a server that denies an empty non-terminal is asked for the whole name") {
  PlainBench bench;
  bench.exampleCom().add("a.b.c A 192.0.2.9");
  bench.recursor();
  bench.internet.server(example).alteration = [](const Query& query, Answer& answer) {
    if (query.name() == Name("c.example.com")) answer.setRcode(Rcode::NXDOMAIN);
  };
  CHECK(bench.ask("a.b.c.example.com").texts() == Lines{"a.b.c.example.com. 3600 A 192.0.2.9"});
}

TEST_CASE("servers whose addresses no glue tells are looked up") {
  PlainBench bench;
  bench.world.zone("hoster.net").add("ns A 198.18.3.1").servedBy("198.18.3.9");
  bench.world.zone("example.com").add("www A 192.0.2.1").servedBy("ns.hoster.net", "198.18.3.1");
  CHECK(bench.ask("www.example.com").texts() == Lines{"www.example.com. 3600 A 192.0.2.1"});
  CHECK(bench.internet.count("ns.hoster.net", Type::A) == 1);
}

TEST_CASE("of several servers without addresses the first address that is found is enough") {
  PlainBench bench;
  bench.world.zone("fast.net").add("ns A 198.18.3.1").servedBy("198.18.3.9");
  bench.world.zone("slow.net").add("ns A 198.18.3.2").servedBy("198.18.3.8");
  bench.world.zone("example.com")
      .add("www A 192.0.2.1")
      .servedBy("ns.fast.net", "198.18.3.1")
      .servedBy("ns.slow.net", "198.18.3.2");
  bench.recursor();
  bench.internet.server("198.18.3.8").manner = Manner::dead;
  CHECK(bench.elapsedOf("www.example.com") < 300ms);
}

TEST_CASE("zones whose servers are all in each other's cannot be reached, which does not take long") {
  PlainBench bench;
  bench.world.zone("one.com").servedBy("ns.two.com", "198.18.3.1");
  bench.world.zone("two.com").servedBy("ns.one.com", "198.18.3.2");
  const ParsedReply reply = bench.ask("www.one.com");
  CHECK(reply.rcode == Rcode::SERVFAIL);
  CHECK(reply.extendedError());
  CHECK(bench.internet.count() < 20);
  CHECK(bench.shard.elapsed() < 2s);
}

TEST_CASE("an alias is followed through the zones of other servers, and all links are answered in order") {
  PlainBench bench;
  bench.world.zone("one.com").add("www CNAME two.net.").servedBy("198.18.3.1");
  bench.world.zone("two.net").add("@ A 192.0.2.7\nalias CNAME www.three.com.").servedBy("198.18.3.2");
  bench.world.zone("three.com").add("www A 192.0.2.3").servedBy("198.18.3.3");
  bench.world.zone("four.com").add("www CNAME alias.two.net.").servedBy("198.18.3.4");
  CHECK(bench.ask("www.one.com").texts() == Lines{"www.one.com. 3600 CNAME two.net.", "two.net. 3600 A 192.0.2.7"});
  CHECK(bench.ask("www.four.com").texts() == Lines{"www.four.com. 3600 CNAME alias.two.net.",
                                                   "alias.two.net. 3600 CNAME www.three.com.",
                                                   "www.three.com. 3600 A 192.0.2.3"});
  bench.askAnew("www.four.com");
  CHECK(bench.internet.count() == 0);
}

TEST_CASE("an alias is answered where it is asked for, and is not followed") {
  PlainBench bench;
  bench.exampleCom().add("alias CNAME www.elsewhere.net.");
  CHECK(bench.ask("alias.example.com", Type::CNAME).texts() ==
        Lines{"alias.example.com. 3600 CNAME www.elsewhere.net."});
  CHECK(bench.internet.countBelow("elsewhere.net") == 0);
}

TEST_CASE("aliases into nothing are answered with what is missing at the end") {
  PlainBench bench;
  bench.exampleCom().add("lost CNAME missing.two.net.\nempty CNAME www");
  bench.world.zone("two.net").servedBy("198.18.3.2");
  const ParsedReply lost = bench.ask("lost.example.com");
  CHECK(lost.rcode == Rcode::NXDOMAIN);
  CHECK(lost.texts() == Lines{"lost.example.com. 3600 CNAME missing.two.net."});
  CHECK(lost.records(Section::authority).front().owner == Name("two.net"));
  const ParsedReply empty = bench.ask("empty.example.com", Type::TXT);
  CHECK(empty.rcode == Rcode::NOERROR);
  CHECK(empty.texts() == Lines{"empty.example.com. 3600 CNAME www.example.com."});
}

TEST_CASE("a DNAME is answered with the alias that comes of it, and so is each name below it") {
  PlainBench bench;
  bench.exampleCom().add("old DNAME new.two.net.");
  bench.world.zone("two.net").add("a.new A 192.0.2.5\nb.new A 192.0.2.6").servedBy("198.18.3.2");
  CHECK(bench.ask("a.old.example.com").texts() == Lines{"old.example.com. 3600 DNAME new.two.net.",
                                                        "a.old.example.com. 3600 CNAME a.new.two.net.",
                                                        "a.new.two.net. 3600 A 192.0.2.5"});
  CHECK(bench.ask("b.old.example.com").texts().back() == "b.new.two.net. 3600 A 192.0.2.6");
}

TEST_CASE("aliases that lead in a circle, or through too many names, are a failure that says so") {
  PlainBench bench;
  bench.exampleCom().add("ring1 CNAME ring2.two.net.");
  bench.world.zone("two.net").add("ring2 CNAME ring1.example.com.").servedBy("198.18.3.2");
  std::string chain;
  for (int i = 0; i < 20; ++i) chain += "c" + std::to_string(i) + " CNAME c" + std::to_string(i + 1) + "\n";
  bench.exampleCom().add(chain + "c20 A 192.0.2.8");
  for (const char* const name : {"ring1.example.com", "c0.example.com"}) {
    const ParsedReply reply = bench.ask(name);
    CHECK(reply.rcode == Rcode::SERVFAIL);
    CHECK(reply.extendedError());
  }
  CHECK(bench.internet.count() < 60);
  CHECK(bench.ask("c12.example.com").texts().size() == 9);  // a chain of eight is fine
}

// Absences.

TEST_CASE("name errors and absent types are kept, no longer than the SOA record says") {
  PlainBench bench;
  bench.exampleCom().soa("ns1 mail 1 3600 600 86400 120");
  const ParsedReply missing = bench.ask("missing.example.com");
  CHECK(missing.rcode == Rcode::NXDOMAIN);
  CHECK(missing.texts(Section::authority) ==
        Lines{"example.com. 120 SOA ns1.example.com. mail.example.com. 1 3600 600 86400 120"});
  CHECK(bench.ask("www.example.com", Type::TXT).rcode == Rcode::NOERROR);
  bench.shard.advance(119s);
  bench.internet.forgetQuestions();
  CHECK(bench.ask("missing.example.com").texts(Section::authority).front().starts_with("example.com. 1 SOA "));
  CHECK(bench.ask("missing.example.com", Type::MX).rcode == Rcode::NXDOMAIN);  // it has no other types either
  CHECK(bench.ask("www.example.com", Type::TXT).records().empty());
  CHECK(bench.internet.count() == 0);
  bench.shard.advance(2s);
  CHECK(bench.ask("missing.example.com").rcode == Rcode::NXDOMAIN);
  CHECK(bench.internet.count() == 1);
}

TEST_CASE("records live as long as their TTL, within the limits of the options") {
  PlainBench bench;
  bench.options.minTtl = 30;
  bench.options.maxTtl = 600;
  bench.exampleCom().add("short 5 A 192.0.2.2\nlong 7200 A 192.0.2.3");
  CHECK(bench.ask("short.example.com").texts() == Lines{"short.example.com. 30 A 192.0.2.2"});
  CHECK(bench.ask("long.example.com").texts() == Lines{"long.example.com. 600 A 192.0.2.3"});
  bench.shard.advance(601s);
  bench.askAnew("long.example.com");
  CHECK(bench.internet.count() == 1);
}

TEST_CASE("a TTL of 0 is for the question alone, and for the clients that wait for it") {
  PlainBench bench;
  bench.exampleCom().add("zero 0 A 192.0.2.2");
  bench.ask("www.example.com");
  const std::vector<test::ClientQuestion> clients(10, {"zero.example.com"});
  for (const ParsedReply& reply : bench.askAll(clients, 10))
    CHECK(reply.texts() == Lines{"zero.example.com. 0 A 192.0.2.2"});
  CHECK(bench.internet.count("zero.example.com", Type::A) == 1);
  bench.ask("zero.example.com");
  CHECK(bench.internet.count("zero.example.com", Type::A) == 2);
}

TEST_CASE("what is asked for again and again is had anew before it ends, once") {
  PlainBench bench;
  bool plainIteration = false;
  SUBCASE("by default") {}
  SUBCASE("not with plain iteration") {
    plainIteration = true;
  }
  bench.options.plainIteration = plainIteration;
  bench.exampleCom().add("often 100 A 192.0.2.2\nseldom 100 A 192.0.2.3");
  bench.ask("often.example.com");
  bench.ask("seldom.example.com");
  bench.shard.advance(50s);
  for (int i = 0; i < 3; ++i) bench.ask("often.example.com");
  CHECK(bench.recursor().statistics().prefetches == 0);
  bench.shard.advance(45s);
  for (int i = 0; i < 3; ++i) bench.ask("often.example.com");
  bench.ask("www.example.com");  // time passes
  CHECK(bench.recursor().statistics().prefetches == (plainIteration ? 0 : 1));
  bench.shard.advance(10s);
  bench.internet.forgetQuestions();
  bench.ask("often.example.com");
  bench.ask("seldom.example.com");
  CHECK(bench.internet.count("often.example.com", Type::A) == (plainIteration ? 1 : 0));
  CHECK(bench.internet.count("seldom.example.com", Type::A) == 1);
}

// Servers.

TEST_CASE("a lame server is left out once it has shown to be so") {
  Manner manner{};
  SUBCASE("it refuses") {
    manner = Manner::refusing;
  }
  SUBCASE("it fails") {
    manner = Manner::failing;
  }
  SUBCASE("it answers from somebody's cache") {
    manner = Manner::recursive;
  }
  PlainBench bench;
  auto& zone = bench.exampleCom().servedBy("198.18.2.2");
  for (int i = 0; i < 40; ++i) zone.add("n" + std::to_string(i) + " A 192.0.2.1");
  bench.recursor();
  bench.internet.server(example).manner = manner;
  for (int i = 0; i < 40; ++i) CHECK(bench.ask("n" + std::to_string(i) + ".example.com").rcode == Rcode::NOERROR);
  CHECK(countTo(bench, example) < 20);
}

TEST_CASE("servers that are all lame are a failure that is kept, for longer each time") {
  PlainBench bench;
  bench.exampleCom();
  bench.recursor();
  bench.internet.server(example).manner = Manner::refusing;
  const ParsedReply reply = bench.ask("www.example.com");
  CHECK(reply.rcode == Rcode::SERVFAIL);
  CHECK(reply.extendedError() == ExtendedErrorCode::noReachableAuthority);
  bench.askAnew("www.example.com");
  CHECK(bench.internet.count() == 0);
  bench.shard.advance(6s);
  bench.askAnew("www.example.com");
  CHECK(bench.internet.count() > 0);
  bench.shard.advance(6s);
  bench.askAnew("www.example.com");  // it holds for 10 s now
  CHECK(bench.internet.count() == 0);
  bench.internet.server(example).manner = Manner::serving;
  bench.shard.advance(300s);
  CHECK(bench.ask("www.example.com").rcode == Rcode::NOERROR);
}

TEST_CASE("a dead server costs little, and is asked once a second at most") {
  PlainBench bench;
  auto& zone = bench.exampleCom().servedBy("198.18.2.2");
  for (int i = 0; i < 200; ++i) zone.add("n" + std::to_string(i) + " A 192.0.2.1");
  bench.ask("www.example.com");
  bench.internet.server(example).manner = Manner::dead;
  bench.internet.forgetQuestions();
  const Duration before = bench.shard.elapsed();
  for (int i = 0; i < 200; ++i) CHECK(bench.ask("n" + std::to_string(i) + ".example.com").rcode == Rcode::NOERROR);
  const Duration took = bench.shard.elapsed() - before;
  CHECK(took < 200 * 20ms + 4s);
  CHECK(countTo(bench, example) <= 30);
}

TEST_CASE("the only server of a zone, which is quick as a rule, is waited for where a name takes it long") {
  PlainBench bench;
  bench.exampleCom().add("mail A 192.0.2.2");
  for (int i = 0; i < 30; ++i) bench.ask("n" + std::to_string(i) + ".example.com");
  bench.internet.server(example).roundTrip = 700ms;
  CHECK(bench.ask("mail.example.com").rcode == Rcode::NOERROR);
  CHECK(bench.elapsedOf("n.example.com") < 1900ms);
}

TEST_CASE("where all servers of a zone are dead the answer is SERVFAIL, within the time that is allowed") {
  PlainBench bench;
  bench.exampleCom().servedBy("198.18.2.2");
  bench.recursor();
  bench.internet.server(example).manner = Manner::dead;
  bench.internet.server("198.18.2.2").manner = Manner::dead;
  const ParsedReply reply = bench.ask("www.example.com");
  CHECK(reply.rcode == Rcode::SERVFAIL);
  CHECK(reply.extendedError() == ExtendedErrorCode::noReachableAuthority);
  CHECK(bench.shard.elapsed() <= 8s + 100ms);
  CHECK(countTo(bench, example) <= ServerSet::maxTries);
}

TEST_CASE("a server without EDNS is asked without, the second time at once") {
  PlainBench bench;
  bench.exampleCom().add("mail A 192.0.2.2");
  bench.recursor();
  bench.internet.server(example).manner = Manner::withoutEdns;
  CHECK(bench.ask("www.example.com").rcode == Rcode::NOERROR);
  CHECK(bench.ask("www.example.com", Type::TXT).rcode == Rcode::NOERROR);
  bench.ask("mail.example.com");
  CHECK(bench.internet.count("mail.example.com", Type::A) == 1);
  for (const test::AskedQuestion& asked : bench.internet.questions())
    if (asked.name == Name("mail.example.com")) CHECK_FALSE(asked.edns);
}

TEST_CASE("a truncated reply is asked for again over TCP") {
  PlainBench bench;
  bench.exampleCom();
  bench.recursor();
  bench.internet.server(example).manner = Manner::truncating;
  CHECK(bench.ask("www.example.com").texts().size() == 1);
  CHECK(bench.internet.questions().back().transport == Transport::tcp);
}

TEST_CASE("a name in a zone with several servers is asked of the fastest, mostly") {
  PlainBench bench;
  auto& zone = bench.exampleCom().servedBy("198.18.2.2").servedBy("198.18.2.3");
  for (int i = 0; i < 200; ++i) zone.add("n" + std::to_string(i) + " A 192.0.2.1");
  bench.recursor();
  bench.internet.server(example).roundTrip = 80ms;
  bench.internet.server("198.18.2.3").roundTrip = 120ms;
  for (int i = 0; i < 200; ++i) bench.ask("n" + std::to_string(i) + ".example.com");
  CHECK(countTo(bench, "198.18.2.2") > 150);
  CHECK(countTo(bench, example) > 0);
}

TEST_CASE("a lost question is asked of another server before its time is over, not often") {
  PlainBench bench;
  auto& zone = bench.exampleCom().servedBy("198.18.2.2");
  for (int i = 0; i < 400; ++i) zone.add("n" + std::to_string(i) + " A 192.0.2.1");
  for (int i = 0; i < 20; ++i) bench.ask("n" + std::to_string(i) + ".example.com");  // their times are known
  bench.internet.server(example).loss = bench.internet.server("198.18.2.2").loss = 0.02;
  std::vector<Duration> took;
  for (int i = 20; i < 400; ++i) took.push_back(bench.elapsedOf("n" + std::to_string(i) + ".example.com"));
  std::ranges::sort(took);
  CHECK(took[took.size() / 2] == 20ms);
  CHECK(took.back() < 1s);
  const RecursorStatistics statistics = bench.recursor().statistics();
  CHECK(statistics.hedges > 0);
  CHECK(statistics.hedges <= statistics.sends / 20 + 10);
  CHECK(statistics.failures == 0);
}

TEST_CASE("plain iteration asks no second server beside a slow one") {
  PlainBench bench;
  bench.options.plainIteration = true;
  auto& zone = bench.exampleCom().servedBy("198.18.2.2");
  for (int i = 0; i < 100; ++i) zone.add("n" + std::to_string(i) + " A 192.0.2.1");
  bench.recursor();
  bench.internet.server(example).loss = bench.internet.server("198.18.2.2").loss = 0.1;
  for (int i = 0; i < 100; ++i) CHECK(bench.ask("n" + std::to_string(i) + ".example.com").rcode == Rcode::NOERROR);
  CHECK(bench.recursor().statistics().hedges == 0);
}

TEST_CASE("IPv6 that leads nowhere is found out by itself") {
  PlainBench bench;
  for (int i = 0; i < 40; ++i) {
    const std::string number = std::to_string(i);
    bench.world.zone("z" + number + ".com")
        .add("www A 192.0.2.1")
        .servedBy("2001:db8:" + number + "::1")
        .servedBy("198.18.4." + number);
  }
  bench.recursor();
  for (int i = 0; i < 40; ++i) {
    bench.internet.server("2001:db8:" + std::to_string(i) + "::1").manner = Manner::dead;
    CHECK(bench.ask("www.z" + std::to_string(i) + ".com").rcode == Rcode::NOERROR);
    if (i == 20) bench.internet.forgetQuestions();
  }
  CHECK(std::ranges::count_if(bench.internet.questions(), [](const auto& asked) { return asked.server.isV6(); }) <= 2);
}

TEST_CASE("servers are asked over the families that the options allow") {
  PlainBench bench;
  SUBCASE("IPv4") {
    bench.options.usesIpv6 = false;
  }
  SUBCASE("IPv6") {
    bench.options.usesIpv4 = false;
  }
  bench.world.root().servedBy("2001:db8::1");
  bench.world.zone("com").servedBy("2001:db8::2");
  bench.exampleCom().servedBy("2001:db8::3");
  CHECK(bench.ask("www.example.com").rcode == Rcode::NOERROR);
  for (const test::AskedQuestion& asked : bench.internet.questions())
    CHECK(asked.server.isV6() == bench.options.usesIpv6);
}

// Priming.

TEST_CASE("the root is asked for its servers first, and again before they end") {
  PlainBench bench;
  bench.exampleCom().add("*.wild A 192.0.2.9");
  bench.ask("www.example.com");
  CHECK(bench.internet.count(".", Type::NS) == 1);
  bench.shard.advance(25h);
  bench.askAnew("www.example.com");
  CHECK(bench.internet.count(".", Type::NS) == 1);
}

TEST_CASE("hints that are out of date lead to the root's servers as long as one of them is right") {
  PlainBench bench;
  bench.exampleCom();
  bench.world.root().servedBy("198.18.0.2").servedBy("198.18.0.3");
  bench.recursor();
  bench.internet.server("198.18.0.1").manner = Manner::dead;
  bench.internet.server("198.18.0.2").manner = Manner::refusing;
  CHECK(bench.ask("www.example.com").rcode == Rcode::NOERROR);
}

TEST_CASE("where no server of the root answers, the answer is SERVFAIL, and a second later all may be well") {
  PlainBench bench;
  bench.exampleCom();
  bench.recursor();
  bench.internet.server(root).manner = Manner::dead;
  CHECK(bench.ask("www.example.com").rcode == Rcode::SERVFAIL);
  bench.internet.server(root).manner = Manner::serving;
  bench.shard.advance(6s);
  CHECK(bench.ask("www.example.com").rcode == Rcode::NOERROR);
}

// Clients.

TEST_CASE("a hundred clients that need the same are one question to each server") {
  PlainBench bench;
  bench.exampleCom();
  const std::vector<test::ClientQuestion> clients(100, {"www.example.com"});
  for (const ParsedReply& reply : bench.askAll(clients, 100)) CHECK(reply.texts().size() == 1);
  CHECK(bench.walk().size() == 3);
  CHECK(bench.recursor().statistics().fetches < 5);
  CHECK(bench.recursor().statistics().joined >= 99);
}

TEST_CASE("names of a zone that is not known yet are one question to the parent's servers") {
  PlainBench bench;
  bench.exampleCom().add("*.w A 192.0.2.7");
  std::vector<test::ClientQuestion> clients;
  for (int i = 0; i < 100; ++i) clients.push_back({"n" + std::to_string(i) + ".w.example.com"});
  for (const ParsedReply& reply : bench.askAll(clients, 100)) CHECK(reply.texts().size() == 1);
  CHECK(bench.internet.count("com", Type::A) == 1);
  CHECK(bench.internet.count("example.com", Type::A) == 1);
  CHECK(bench.internet.count("w.example.com", Type::A) == 1);
}

TEST_CASE("queries without RD, for transfers and of other classes are refused, and nobody is asked") {
  PlainBench bench;
  bench.exampleCom();
  CHECK(bench.ask("www.example.com", Type::A, {.flags = 0}).rcode == Rcode::REFUSED);
  CHECK(bench.ask("example.com", Type::AXFR, plain).rcode == Rcode::REFUSED);
  CHECK(bench.ask("example.com", Type::IXFR, plain).rcode == Rcode::REFUSED);
  CHECK(bench.internet.count() == 0);
}

TEST_CASE("DS records are asked of the parent's servers") {
  PlainBench bench;
  bench.exampleCom().signedWith();
  bench.ask("www.example.com");
  const ParsedReply reply = bench.askAnew("example.com", Type::DS);
  CHECK(reply.all<rdata::DS>().size() == 1);
  CHECK(bench.walk() == Lines{"198.18.1.1 example.com. DS"});
}

TEST_CASE("NS records are answered as the zone itself has them") {
  PlainBench bench;
  bench.exampleCom().add("@ NS extra.example.com.\nextra A 198.18.2.1");
  CHECK(bench.ask("example.com", Type::NS).all<rdata::NS>().size() == 2);
}

TEST_CASE("a client that goes away ends nothing that others, or it itself, may ask for again") {
  struct Leaving {
    static Task<> ask(Recursor& recursor, const Query& query, bool& answered) {
      const auto answer = co_await recursor.resolve(query);
      answered = answer.has_value();
    }
    static Task<> all(Shard& shard, Recursor& recursor, const Query& query, bool& answered) {
      TaskScope client;
      client.spawn(ask(recursor, query, answered), client.token());
      co_await sleepFor(shard, 30ms);
      client.stop();
      co_await client.join();
      co_await sleepFor(shard, 1s);
    }
  };
  PlainBench bench;
  bench.exampleCom();
  bool answered = true;
  const auto query = testing::query("www.example.com", Type::A);
  const Query& asked = query;
  bench.shard.run(Leaving::all(bench.shard, bench.recursor(), asked, answered));
  CHECK_FALSE(answered);
  CHECK(bench.recursor().statistics().inFlight == 0);
  bench.askAnew("www.example.com");
  CHECK(bench.internet.count() == 0);
}

TEST_CASE("a recursor that is closed ends what is under way, and takes no more") {
  struct Closing {
    static Task<> ask(Recursor& recursor, const Query& query) { co_await recursor.resolve(query); }
    static Task<> all(Shard& shard, Recursor& recursor, const std::vector<testing::ReceivedQuery>& queries) {
      TaskScope clients;
      for (const Query& query : queries) clients.spawn(ask(recursor, query), clients.token());
      co_await sleepFor(shard, 100ms);
      co_await recursor.close();
      co_await clients.join();
    }
  };
  PlainBench bench;
  bench.exampleCom();
  bench.recursor();
  bench.internet.server(example).manner = Manner::dead;
  std::vector<testing::ReceivedQuery> queries;
  for (int i = 0; i < 50; ++i) queries.push_back(testing::query("n" + std::to_string(i) + ".example.com", Type::A));
  const Duration begin = bench.shard.elapsed();
  bench.shard.run(Closing::all(bench.shard, bench.recursor(), queries));
  CHECK(bench.shard.elapsed() - begin < 200ms);
  CHECK(bench.recursor().statistics().inFlight == 0);
}

TEST_CASE("any records of a name are what its servers give") {
  PlainBench bench;
  bench.exampleCom().add("www TXT x");
  const ParsedReply reply = bench.ask("www.example.com", Type::ANY);
  CHECK(reply.rcode == Rcode::NOERROR);
  CHECK(reply.records().size() >= 1);
}

TEST_CASE("records whose contents do not fit their algorithm are answered as they came") {
  struct Odd {
    Type type;
    test::Octets rdata;
  };
  const std::vector<Odd> all{{Type::SSHFP, {1, 1, 1, 2, 3, 4}},
                             {Type::CDS, {0, 1, 13, 2, 1, 2, 3}},
                             {Type::KEY, {1, 0, 3, 253, 255}},
                             {Type::IPSECKEY, {10, 0, 2}},
                             {Type::ZONEMD, {0, 0, 0, 1, 1, 1, 1, 2, 3, 4}}};
  RecursorBench bench;
  bench.world.zone("example.com").add("odd TXT text").servedBy("198.18.2.1");
  bench.recursor();
  bench.internet.server("198.18.2.1").alteration = [&](const Query& query, Answer& answer) {
    for (const Odd& odd : all)
      if (query.type() == odd.type) answer.addRecord(Section::answer, query.name(), odd.type, Class::IN, 60, odd.rdata);
  };
  for (const Odd& odd : all) {
    CAPTURE(toString(odd.type));
    const ParsedReply reply = bench.ask("odd.example.com", odd.type);
    CHECK(reply.rcode == Rcode::NOERROR);
    REQUIRE(reply.records().size() == 1);
    CHECK(std::ranges::equal(reply.records().front().rdata, odd.rdata));
  }
}

TEST_CASE("names are the same in upper and lower case") {
  PlainBench bench;
  bench.exampleCom();
  bench.ask("WWW.Example.COM");
  bench.internet.forgetQuestions();
  CHECK(bench.ask("www.example.com").records().size() == 1);
  CHECK(bench.internet.count() == 0);
}

TEST_CASE("the root itself can be asked about") {
  RecursorBench bench;
  CHECK(bench.ask(".", Type::NS).has(flag::AD));
  CHECK(bench.ask(".", Type::SOA).has(flag::AD));
  CHECK(bench.ask(".", Type::DNSKEY).has(flag::AD));
  CHECK(bench.ask(".", Type::DS).rcode == Rcode::NOERROR);
  CHECK(bench.ask("missing", Type::A).rcode == Rcode::NXDOMAIN);
}

// Fixed zones.

TEST_CASE("a stub zone's servers are asked, and refer to those below it") {
  PlainBench bench;
  bench.options.zones.push_back({Name("corp.example"), FixedZone::Kind::stub, {Address::parse("198.18.5.1").value()}});
  bench.world.zone("corp.example").add("www A 10.0.0.1").servedBy("198.18.5.1").delegated(false);
  bench.world.zone("sub.corp.example").add("www A 10.0.0.2").servedBy("198.18.5.2");
  CHECK(bench.ask("www.corp.example").texts() == Lines{"www.corp.example. 3600 A 10.0.0.1"});
  CHECK(bench.ask("www.sub.corp.example").texts() == Lines{"www.sub.corp.example. 3600 A 10.0.0.2"});
  CHECK(bench.internet.count("corp.example", Type::A) <= 1);
  CHECK(countTo(bench, root) == 0);
  for (const test::AskedQuestion& asked : bench.internet.questions()) CHECK_FALSE(asked.recursionDesired);
}

TEST_CASE("a forward zone's servers are asked for the whole name, with RD, and believed below it alone") {
  PlainBench bench;
  bench.options.zones.push_back(
      {Name("corp.example"), FixedZone::Kind::forward, {Address::parse("198.18.5.1").value()}});
  bench.exampleCom();
  bench.recursor();
  bench.internet.server("198.18.5.1").script = [](const Query& query) {
    return test::replyTo(query, flag::QR | flag::RD | flag::RA)
        .answer(query.name().toString() + " 60 CNAME www.example.com.")
        .answer("www.example.com. 60 A 203.0.113.66")
        .octets();
  };
  CHECK(bench.ask("www.sub.corp.example").texts() ==
        Lines{"www.sub.corp.example. 60 CNAME www.example.com.", "www.example.com. 3600 A 192.0.2.1"});
  REQUIRE(countTo(bench, "198.18.5.1") == 1);
  CHECK(bench.internet.questions().front().name == Name("www.sub.corp.example"));
  CHECK(bench.internet.questions().front().recursionDesired);
}

TEST_CASE("a fixed zone counts though its parent is proven to have no such name") {
  RecursorBench bench;
  bench.options.zones.push_back({Name("corp.com"), FixedZone::Kind::stub, {Address::parse("198.18.5.1").value()}});
  bench.world.zone("corp.com").add("www A 10.0.0.1").servedBy("198.18.5.1").delegated(false);
  CHECK(bench.ask("other.com").rcode == Rcode::NXDOMAIN);
  bench.ask("corp.com", Type::DS);
  const ParsedReply reply = bench.ask("www.corp.com");
  CHECK(reply.texts() == Lines{"www.corp.com. 3600 A 10.0.0.1"});
  CHECK_FALSE(reply.has(flag::AD));
}

// Serving stale data (RFC 8767).

TEST_CASE("data that has ended is served where no new data can be had, for a day") {
  PlainBench bench;
  bench.exampleCom().add("short 60 A 192.0.2.2");
  bench.ask("short.example.com");
  bench.internet.server(example).manner = Manner::dead;
  bench.shard.advance(61s);
  const ParsedReply stale = bench.ask("short.example.com");
  CHECK(stale.texts() == Lines{"short.example.com. 30 A 192.0.2.2"});
  CHECK(stale.extendedError() == ExtendedErrorCode::staleAnswer);
  CHECK(bench.recursor().statistics().stale == 1);
  bench.shard.advance(25h);
  CHECK(bench.ask("short.example.com").rcode == Rcode::SERVFAIL);
}

TEST_CASE("a client waits 1.8 s at most where there is data that has ended, and the new data comes nevertheless") {
  PlainBench bench;
  bench.exampleCom().add("short 60 A 192.0.2.2").servedBy("198.18.2.2");
  bench.ask("short.example.com");
  bench.internet.server(example).manner = Manner::dead;
  bench.internet.server("198.18.2.2").manner = Manner::dead;
  bench.shard.advance(61s);
  CHECK(bench.elapsedOf("short.example.com") <= 1800ms);
  bench.internet.server(example).manner = Manner::serving;
  bench.internet.server("198.18.2.2").manner = Manner::serving;
  bench.shard.advance(60s);
  const ParsedReply fresh = bench.ask("short.example.com");
  CHECK(fresh.texts() == Lines{"short.example.com. 60 A 192.0.2.2"});
  CHECK_FALSE(fresh.extendedError());
}

TEST_CASE("without serve-stale what has ended is a failure") {
  PlainBench bench;
  bench.options.servesStale = false;
  bench.exampleCom().add("short 60 A 192.0.2.2");
  bench.ask("short.example.com");
  bench.internet.server(example).manner = Manner::dead;
  bench.shard.advance(61s);
  CHECK(bench.ask("short.example.com").rcode == Rcode::SERVFAIL);
}

TEST_CASE("a name that is gone is not served as stale") {
  PlainBench bench;
  auto& zone = bench.exampleCom().add("short 60 A 192.0.2.2");
  bench.ask("short.example.com");
  zone.afterSigning([](test::ZoneRecords& records) { records.erase("short", Type::A); });
  bench.world.publish();
  bench.shard.advance(61s);
  CHECK(bench.ask("short.example.com").rcode == Rcode::NXDOMAIN);
}

// Control.

TEST_CASE("what is flushed is looked for again, and nothing else") {
  PlainBench bench;
  bench.options.minimisesQnames = false;
  bench.exampleCom().add("a A 192.0.2.2\na TXT x\nb.a A 192.0.2.3");
  const std::vector<test::ClientQuestion> all{
      {"a.example.com", Type::A}, {"a.example.com", Type::TXT}, {"b.a.example.com", Type::A}, {"www.example.com"}};
  std::size_t forgotten = 0;
  bench.askAll(all, 1);
  SUBCASE("of a type") {
    CHECK(bench.recursor().flush(Name("a.example.com"), Type::A) == 1);
    forgotten = 1;
  }
  SUBCASE("a name") {
    CHECK(bench.recursor().flush(Name("a.example.com")) == 2);
    forgotten = 2;
  }
  SUBCASE("a tree") {
    CHECK(bench.recursor().flushTree(Name("a.example.com")) == 3);
    forgotten = 3;
  }
  bench.internet.forgetQuestions();
  bench.askAll(all, 1);
  CHECK(bench.internet.count() == forgotten);
}

TEST_CASE("everything can be flushed") {
  PlainBench bench;
  bench.exampleCom();
  bench.ask("www.example.com");
  CHECK(bench.recursor().flushAll() > 0);
  bench.askAnew("www.example.com");
  CHECK(bench.walk().size() == 3);
}

TEST_CASE("what is known of servers and names can be looked at") {
  PlainBench bench;
  bench.exampleCom();
  bench.ask("www.example.com");
  bool known = false;
  bench.recursor().forEachServer([&](const KnownServer& server) {
    if (server.address.hostText() == example) known = server.roundTrip == 20ms && !server.dead;
    return true;
  });
  CHECK(known);
  Lines lines;
  bench.recursor().show(Name("www.example.com"), false, [&](const std::string& line) { lines.push_back(line); });
  REQUIRE(lines.size() == 1);
  CHECK(lines.front().starts_with("www.example.com. 3600 "));
  bench.recursor().show(Name("example.com"), true, [&](const std::string& line) { lines.push_back(line); });
  CHECK(lines.size() >= 2);
}

TEST_CASE("a trace tells each step, though the answer is kept") {
  struct Steps final : ResolutionTrace {
    void note(TimePoint, unsigned, std::string step) override { lines.push_back(std::move(step)); }
    Lines lines;
  };
  PlainBench bench;
  bench.exampleCom();
  bench.ask("www.example.com");
  Steps steps;
  const auto query = testing::query("www.example.com", Type::A);
  const Query& asked = query;
  const auto answer = bench.shard.run(bench.recursor().trace(asked, steps));
  REQUIRE(answer);
  CHECK(answer->recordCount(Section::answer) == 1);
  CHECK(std::ranges::any_of(steps.lines, [](const std::string& line) { return line.find("198.18.2.1") != line.npos; }));
}

TEST_CASE("without hints there is no recursor") {
  test::MemoryShard shard;
  RecursorOptions options;
  options.hints = {};
  CHECK_THROWS_AS(Recursor(shard, options), std::invalid_argument);
}

TEST_CASE("the statistics count what clients and servers were asked") {
  PlainBench bench;
  bench.exampleCom();
  bench.ask("www.example.com");
  bench.ask("www.example.com");
  const RecursorStatistics statistics = bench.recursor().statistics();
  CHECK(statistics.questions == 2);
  CHECK(statistics.hits == 1);
  CHECK(statistics.insecure == 1);
  CHECK(statistics.sends == bench.internet.count());
  CHECK(statistics.inFlight == 0);
  CHECK(statistics.bytes > 0);
  CHECK(statistics.bytes <= bench.options.cacheBytes);
}

// Many names.

namespace {

// A world of so many names of two kinds: with servers of their own, and with those of a hoster.
void addNames(RecursorBench& bench, int count, bool isSigned) {
  bench.world.zone("hoster.net").add("a A 198.18.3.1\nb A 198.18.3.2").servedBy("198.18.3.9");
  for (int i = 0; i < count; ++i) {
    auto& zone = bench.world.zone("n" + std::to_string(i) + (i % 2 == 0 ? ".com" : ".net")).add("www A 192.0.2.1");
    if (isSigned) zone.signedWith();
    if (i % 4 < 2) {
      zone.servedBy("198.18." + std::to_string(10 + i / 250) + "." + std::to_string(i % 250));
    } else {
      zone.servedBy("a.hoster.net", "198.18.3.1").servedBy("b.hoster.net", "198.18.3.2");
    }
  }
}

std::vector<test::ClientQuestion> namesOf(int count) {
  std::vector<test::ClientQuestion> questions;
  for (int i = 0; i < count; ++i)
    questions.push_back({"www.n" + std::to_string(i) + (i % 2 == 0 ? ".com" : ".net"), Type::A});
  return questions;
}

}  // namespace

TEST_CASE("thousands of cold names are found with few questions, each with the right answer") {
  constexpr int count = 2000;
  RecursorBench bench;
  addNames(bench, count, false);
  for (const ParsedReply& reply : bench.askAll(namesOf(count), 100)) CHECK(reply.texts().size() == 1);
  CHECK(bench.recursor().statistics().failures == 0);
  CHECK(static_cast<double>(bench.internet.count()) < 2.2 * count);
}

TEST_CASE("signed names are found with no more than one question more, and in no more time") {
  constexpr int count = 300;
  RecursorBench bench;
  addNames(bench, count, true);
  for (const ParsedReply& reply : bench.askAll(namesOf(count), 20)) {
    CHECK(reply.has(flag::AD));
    CHECK(reply.texts().size() == 2);
  }
  CHECK(static_cast<double>(bench.internet.count()) < 3.3 * count);
}

TEST_CASE("loss of one datagram in fifty is not seen by clients") {
  constexpr int count = 1000;
  RecursorBench bench;
  addNames(bench, count, false);
  bench.recursor();
  for (const std::string_view server : {root, com, net}) bench.internet.server(server).loss = 0.02;
  bench.internet.server("198.18.3.1").loss = bench.internet.server("198.18.3.2").loss = 0.02;
  for (const ParsedReply& reply : bench.askAll(namesOf(count), 20)) CHECK(reply.rcode == Rcode::NOERROR);
}

TEST_CASE("the caches keep to their size, and names are found whatever has been evicted") {
  constexpr int count = 1000;
  RecursorBench bench;
  bench.options.cacheBytes = std::size_t{256} << 10;
  addNames(bench, count, false);
  const auto questions = namesOf(count);
  for (int round = 0; round < 2; ++round)
    for (const ParsedReply& reply : bench.askAll(questions, 50)) CHECK(reply.rcode == Rcode::NOERROR);
  CHECK(bench.recursor().statistics().bytes <= bench.options.cacheBytes);
}

}  // namespace taut::recursor_test
