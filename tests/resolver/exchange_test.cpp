#include "taut/resolver/exchange.hpp"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "resolver/scripted_upstream.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/query.hpp"

namespace exchange_test {

namespace {

using namespace std::chrono_literals;
using namespace taut;
using Kind = Exchange::Attempt::Kind;

// What all attempts of an exchange came to.
struct Course {
  std::vector<Exchange::Attempt> attempts;
  Cookie cookie;
  bool edns = true;

  std::vector<Kind> kinds() const {
    std::vector<Kind> kinds;
    for (const auto& attempt : attempts) kinds.push_back(attempt.kind);
    return kinds;
  }
  const Exchange::Attempt& last() const { return attempts.back(); }
};

Task<> joinScope(TaskScope& scope) {
  co_await scope.join();
}

// The reply to a query with EDNS, with this cookie behind the client's own 8 octets.
Bytes withCookie(const Query& query, std::size_t serverSize, Rcode rcode = Rcode::NOERROR) {
  Bytes option{0, 10, 0, static_cast<std::uint8_t>(8 + serverSize)};
  const ByteSpan client = query.edns()->cookie.client();
  option.insert(option.end(), client.begin(), client.end());
  option.resize(option.size() + serverSize, 0x55);
  ReplyOptions shape;
  shape.ednsOptions = option;
  Bytes reply(65535);
  reply.resize(writeReply(query, Answer(rcode), shape, reply));
  return reply;
}

// As a server without EDNS has it.
Bytes withoutOpt(const Query& query, Rcode rcode) {
  Bytes reply = error(query, rcode);
  reply[11] = 0;
  reply.resize(reply.size() - 11);
  return reply;
}

// So many addresses of the name.
Bytes addresses(const Query& query, std::size_t count) {
  Answer answer;
  for (std::size_t i = 0; i < count; ++i) {
    const std::array<std::uint8_t, 4> octets{192, 0, 2, static_cast<std::uint8_t>(i)};
    answer.addRecord(Section::answer, query.name(), Type::A, Class::IN, 300, octets);
  }
  Bytes reply(65535);
  reply.resize(writeReply(query, answer, {}, reply));
  return reply;
}

// Gives the thread a network of its own, whose loopback carries packets of so many octets. False without privileges.
bool enterNetwork(int mtu) {
  if (::unshare(CLONE_NEWNET) != 0) return false;
  const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_mtu = mtu;
  if (::ioctl(fd.get(), SIOCSIFMTU, &request) != 0) return false;
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  return ::ioctl(fd.get(), SIOCSIFFLAGS, &request) == 0;
}

struct Fixture {
  Fixture() { clock.skipIdle(30ms); }
  ~Fixture() {
    shard.run(exchanges.close());
    scope.stop();
    shard.run(joinScope(scope));
  }

  ScriptedUpstream& upstream(ScriptedUpstream::Script udp, ScriptedUpstream::Script tcp = {}) {
    server = std::make_unique<ScriptedUpstream>(shard, clock, std::move(udp), std::move(tcp));
    server->keepsConnections = true;
    scope.spawn(server->serveUdp(scope.token()));
    scope.spawn(server->serveTcp(scope.token()));
    asked.address = server->where();
    return *server;
  }

  Task<Course> wholeCourse() {
    Course course;
    Exchange exchange(exchanges, question, asked);
    const StopToken never;
    do {
      auto attempt = co_await exchange.next(never);
      course.attempts.push_back(std::move(attempt));
    } while (exchange.goesOn());
    course.cookie = exchange.cookie();
    course.edns = exchange.edns();
    co_return course;
  }
  Course run() { return shard.run(wholeCourse()); }

  ManualClock clock;
  Shard shard{[this] {
    ShardOptions options;
    options.clock = &clock;
    return options;
  }()};
  TaskScope scope;
  std::unique_ptr<ScriptedUpstream> server;
  Exchanges exchanges{shard, {}};
  UpstreamQuestion question{{Name("www.example."), Type::A}};
  ExchangeServer asked{{}, 1s};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a reply comes whole, with what its header and its OPT record say") {
  auto& upstream = Fixture::upstream([](const Query& query) { return Replies{error(query, Rcode::REFUSED)}; });
  question.recursionDesired = false;
  const Course course = run();
  CHECK(course.kinds() == std::vector{Kind::replied});
  CHECK(course.last().head.rcode == Rcode::REFUSED);
  CHECK(course.last().head.edns);
  CHECK(course.last().transport == Transport::udp);
  CHECK(loadU16(course.last().message.data()) == upstream.udp[0].id);
  CHECK_FALSE(upstream.udp[0].recursionDesired);
  CHECK(exchanges.counters().udpQueries == 1);
}

TEST_CASE_FIXTURE(Fixture, "silence ends the exchange when its time is over, and is no reason to doubt EDNS") {
  auto& upstream = Fixture::upstream([](const Query&) { return Replies(); });
  const auto before = clock.now();
  const Course course = run();
  CHECK(course.kinds() == std::vector{Kind::silent});
  CHECK(course.last().timedOut);
  CHECK(course.edns);
  CHECK(clock.now() - before == 1s);
  CHECK(upstream.udp.size() == 1);
  CHECK(exchanges.counters().timeouts == 1);
}

TEST_CASE_FIXTURE(Fixture, "what is truncated is asked for over TCP, on a connection that is kept") {
  auto& upstream = Fixture::upstream([](const Query& query) { return Replies{truncated(query)}; },
                                     [](const Query& query) { return Replies{address(query)}; });
  for (int round = 0; round < 3; ++round) {
    const Course course = run();
    CHECK(course.kinds() == std::vector{Kind::truncated, Kind::replied});
    CHECK(course.last().transport == Transport::tcp);
  }
  CHECK(upstream.connections == 1);
  CHECK(upstream.tcp.size() == 3);
  CHECK(upstream.tcp[0].id != upstream.udp[0].id);
}

TEST_CASE("a reply that came in fragments is not believed, and asked for again over TCP") {
  std::thread([] {
    if (!enterNetwork(600)) return;
    Fixture fixture;
    std::size_t count = 60;
    const auto script = [&](const Query& query) { return Replies{addresses(query, count)}; };
    fixture.upstream(script, script);
    CHECK(fixture.run().kinds() == std::vector{Kind::truncated, Kind::replied});
    count = 20;
    CHECK(fixture.run().kinds() == std::vector{Kind::replied});
  }).join();
}

TEST_CASE_FIXTURE(Fixture,
                  "three replies that are none lead to TCP, and fewer only where the right one does not come") {
  std::size_t forged = 0;
  bool replies = false;
  const auto forge = [&](const Query& query) {
    Replies all(forged, address(query, 66));
    for (Bytes& one : all) one[0] ^= 0x01;
    if (replies) all.push_back(address(query, 1));
    return all;
  };
  Fixture::upstream(forge, [](const Query& query) { return Replies{address(query)}; });
  forged = 2;
  replies = true;
  Course course = run();
  CHECK(course.kinds() == std::vector{Kind::replied});
  CHECK(course.last().mismatched == 2);
  forged = 3;
  course = run();
  CHECK(course.kinds() == std::vector{Kind::doubtful, Kind::replied});
  CHECK(course.attempts[0].mismatched == 3);
  forged = 1;
  replies = false;
  CHECK(run().kinds() == std::vector{Kind::doubtful, Kind::replied});
  CHECK(exchanges.counters().mismatched == 6);
}

TEST_CASE_FIXTURE(Fixture, "a server that refuses EDNS is asked without, and the caller may remember it") {
  Rcode refusal{};
  auto& upstream = Fixture::upstream([&](const Query& query) {
    if (!query.edns()) return Replies{address(query)};
    return Replies{refusal == Rcode::BADVERS ? error(query, refusal) : withoutOpt(query, refusal)};
  });
  for (const Rcode rcode : {Rcode::FORMERR, Rcode::NOTIMP, Rcode::BADVERS}) {
    CAPTURE(toString(rcode));
    refusal = rcode;
    asked.edns = true;
    const Course course = run();
    CHECK(course.kinds() == std::vector{Kind::noEdns, Kind::replied});
    CHECK_FALSE(course.edns);
    asked.edns = course.edns;
    CHECK(run().kinds() == std::vector{Kind::replied});
    CHECK_FALSE(upstream.udp.back().ednsSize);
  }
  CHECK(upstream.udp.size() == 9);
}

TEST_CASE_FIXTURE(Fixture, "a server that knows EDNS and finds fault with the question has replied") {
  Fixture::upstream([](const Query& query) { return Replies{error(query, Rcode::FORMERR)}; });
  const Course course = run();
  CHECK(course.kinds() == std::vector{Kind::replied});
  CHECK(course.last().head.rcode == Rcode::FORMERR);
}

TEST_CASE_FIXTURE(Fixture, "a reply that does not add up is malformed over UDP and TCP, and no attempt follows") {
  bool overTcp = false;
  const auto broken = [](const Query& query) {
    Bytes reply = address(query);
    reply[7] = 200;
    return Replies{reply};
  };
  Fixture::upstream([&](const Query& query) { return overTcp ? Replies{truncated(query)} : broken(query); }, broken);
  CHECK(run().kinds() == std::vector{Kind::malformed});
  overTcp = true;
  CHECK(run().kinds() == std::vector{Kind::truncated, Kind::malformed});
}

TEST_CASE_FIXTURE(Fixture, "a server without TCP has no reply there, and the time for it is bounded") {
  Fixture::upstream([](const Query& query) { return Replies{truncated(query)}; },
                    [](const Query&) { return Replies(); });
  const auto before = clock.now();
  const Course course = run();
  CHECK(course.kinds() == std::vector{Kind::truncated, Kind::broken});
  CHECK(course.last().timedOut);
  CHECK(clock.now() - before == 10s);
}

TEST_CASE_FIXTURE(Fixture, "without cookies none is sent") {
  auto& upstream = Fixture::upstream([](const Query& query) { return Replies{address(query)}; });
  run();
  CHECK(upstream.udp[0].cookie.size == 0);
}

TEST_CASE_FIXTURE(Fixture, "the cookie that a server gives goes along with the next question") {
  auto& upstream = Fixture::upstream([](const Query& query) { return Replies{withCookie(query, 16)}; });
  asked.cookies = true;
  asked.cookie = run().cookie;
  CHECK(asked.cookie.size == 24);
  CHECK(run().kinds() == std::vector{Kind::replied});
  REQUIRE(upstream.udp.size() == 2);
  CHECK(upstream.udp[0].cookie.size == 8);
  CHECK(upstream.udp[1].cookie.size == 24);
  CHECK(std::ranges::equal(upstream.udp[1].cookie.server(), Bytes(16, 0x55)));
  CHECK(std::ranges::equal(upstream.udp[0].cookie.client(), upstream.udp[1].cookie.client()));
}

TEST_CASE_FIXTURE(Fixture, "a server without cookies answers, and no cookie is remembered") {
  Fixture::upstream([](const Query& query) { return Replies{address(query)}; });
  asked.cookies = true;
  const Course course = run();
  CHECK(course.kinds() == std::vector{Kind::replied});
  CHECK(course.cookie.size == 0);
}

TEST_CASE_FIXTURE(Fixture,
                  "where a server gave a cookie, a reply without one is asked for over TCP, and believed there") {
  auto& upstream = Fixture::upstream([](const Query& query) { return Replies{address(query, 66)}; },
                                     [](const Query& query) { return Replies{address(query)}; });
  asked.cookies = true;
  asked.cookie.size = 24;
  const Course course = run();
  CHECK(course.kinds() == std::vector{Kind::doubtful, Kind::replied});
  CHECK(course.cookie.size == 0);
  CHECK(upstream.tcp.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a reply with another client cookie is ignored, and the right one counts") {
  Fixture::upstream([](const Query& query) {
    Bytes forged = withCookie(query, 16, Rcode::NXDOMAIN);
    forged[forged.size() - 24] ^= 0x01;
    return Replies{forged, withCookie(query, 16)};
  });
  asked.cookies = true;
  const Course course = run();
  CHECK(course.kinds() == std::vector{Kind::replied});
  CHECK(course.last().head.rcode == Rcode::NOERROR);
  CHECK(course.last().mismatched == 1);
}

TEST_CASE_FIXTURE(Fixture, "BADCOOKIE is asked for again with the cookie that came, once, and then over TCP") {
  bool accepts = true;
  auto& upstream = Fixture::upstream(
      [&](const Query& query) {
        const bool fine = accepts && query.edns()->cookie.size == 24;
        return Replies{withCookie(query, 16, fine ? Rcode::NOERROR : Rcode::BADCOOKIE)};
      },
      [](const Query& query) { return Replies{withCookie(query, 16)}; });
  asked.cookies = true;
  CHECK(run().kinds() == std::vector{Kind::badCookie, Kind::replied});
  CHECK(upstream.tcp.empty());
  accepts = false;
  CHECK(run().kinds() == std::vector{Kind::badCookie, Kind::badCookie, Kind::replied});
  CHECK(upstream.tcp.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a server that refuses the cookie alone is asked without, and with EDNS") {
  auto& upstream = Fixture::upstream([](const Query& query) {
    return Replies{query.edns()->cookie.size != 0 ? error(query, Rcode::FORMERR) : address(query)};
  });
  asked.cookies = true;
  const Course course = run();
  CHECK(course.kinds() == std::vector{Kind::noCookie, Kind::replied});
  CHECK(course.edns);
  CHECK(upstream.udp[1].ednsSize);
}

TEST_CASE_FIXTURE(Fixture, "with a mixed case the reply must have it, and the message has the question's own") {
  bool lower = false;
  auto& upstream = Fixture::upstream(
      [&](const Query& query) {
        Bytes reply = address(query);
        if (lower) std::ranges::copy(Name("www.example.").wire(), reply.begin() + 12);
        return Replies{reply};
      },
      [](const Query& query) { return Replies{address(query)}; });
  asked.mixedCase = true;
  question.name = Name("www.a-name-with-many-letters.example.");
  Course course = run();
  CHECK(course.kinds() == std::vector{Kind::replied});
  CHECK(upstream.udp[0].question != "www.a-name-with-many-letters.example. A");
  CHECK(std::ranges::equal(ByteSpan(course.last().message).subspan(12, question.name.size()), question.name.wire()));
  question.name = Name("www.example.");
  lower = true;
  course = run();
  CHECK(course.kinds() == std::vector{Kind::doubtful, Kind::replied});
  CHECK(upstream.tcp[0].question == "www.example. A");
}

}  // namespace exchange_test
