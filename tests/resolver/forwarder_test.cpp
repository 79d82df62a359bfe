#include "taut/resolver/forwarder.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "resolver/scripted_upstream.hpp"
#include "support/heap_counter.hpp"
#include "support/temporary_file.hpp"
#include "taut/base/clock.hpp"
#include "taut/coro/first_of.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/coro/tasks_of.hpp"
#include "taut/dns/message_view.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/reply.hpp"
#include "taut/io/shard.hpp"
#include "taut/io/sleep.hpp"
#include "taut/net/tcp_listener.hpp"
#include "taut/net/udp_socket.hpp"
#include "taut/resolver/cache.hpp"

namespace forwarder_test {

namespace {

using namespace std::chrono_literals;
using taut::Address;
using taut::address;
using taut::Answer;
using taut::Asked;
using taut::Bytes;
using taut::ByteSpan;
using taut::Class;
using taut::error;
using taut::Forwarder;
using taut::ForwarderOptions;
using taut::MutableByteSpan;
using taut::Name;
using taut::Query;
using taut::Rcode;
using taut::Replies;
using taut::ScriptedUpstream;
using taut::Section;
using taut::serialise;
using taut::Shard;
using taut::StopToken;
using taut::Task;
using taut::Transport;
using taut::truncated;
using taut::Type;

// How long a shard with nothing to do waits for the kernel before it takes the next time-out as passed.
constexpr auto grace = 30ms;

// A reply of so many octets in all, whatever the query's limit.
Bytes textOfSize(const Query& query, std::size_t size) {
  const Query unlimited(query.name(), query.type());
  Answer answer;
  answer.addRecord(Section::answer, query.name(), Type::TXT, Class::IN, 60,
                   Bytes(size - serialise(unlimited, Answer()).size() - 12));
  Bytes reply = serialise(unlimited, answer);
  REQUIRE(reply.size() == size);
  taut::storeU16(reply.data(), query.id());
  return reply;
}

Bytes nameError(const Query& query) {
  Answer answer = Answer::nameError();
  answer.add(Name("example."), 60s, taut::rdata::SOA(Name("ns.example."), Name("a.example."), 1, 2, 3, 4, 60),
             Section::authority);
  return serialise(query, answer);
}

Task<> joinScope(taut::TaskScope& scope) {
  co_await scope.join();
}

Task<> askInto(taut::Resolver& resolver, const Query& query, std::optional<std::optional<Answer>>& result) {
  auto answer = co_await resolver.resolve(query);
  result.emplace(std::move(answer));
}

struct Fixture {
  Fixture() { clock.skipIdle(grace); }
  ~Fixture() {
    if (forwarder) shard.run(forwarder->close());
    scope.stop();
    shard.run(joinScope(scope));
  }

  ScriptedUpstream& upstream(ScriptedUpstream::Script udp, ScriptedUpstream::Script tcp = {},
                             Address host = Address::loopbackV4()) {
    auto& added =
        *upstreams.emplace_back(std::make_unique<ScriptedUpstream>(shard, clock, std::move(udp), std::move(tcp), host));
    scope.spawn(added.serveUdp(scope.token()));
    scope.spawn(added.serveTcp(scope.token()));
    options.servers.push_back(added.where());
    return added;
  }

  Forwarder& forward() {
    if (!forwarder) forwarder.emplace(shard, options);
    return *forwarder;
  }

  std::optional<Answer> ask(const Query& question) { return shard.run(forward().resolve(question)); }
  Rcode rcode(const Query& question) {
    const auto answer = ask(question);
    REQUIRE(answer);
    return answer->rcode();
  }
  // The last octet of the address that is the answer; 0 where there is none.
  int last(const Query& question) {
    const auto answer = ask(question);
    REQUIRE(answer);
    return answer->entryCount() == 1 ? answer->entry(0).rrset.front()[3] : 0;
  }
  // How long an answer takes.
  taut::Duration timeFor(const Query& question) {
    const auto before = clock.now();
    CHECK(rcode(question) == Rcode::NOERROR);
    return clock.now() - before;
  }
  void pass(taut::Duration duration) {
    clock.advance(duration);
    settle();
  }
  // Lets everything run that waits for nothing but the kernel.
  void settle() { shard.run(settled(shard)); }
  static Task<> settled(Shard& shard);

  taut::ManualClock clock;
  Shard shard{[this] {
    taut::ShardOptions shardOptions;
    shardOptions.clock = &clock;
    return shardOptions;
  }()};
  taut::TaskScope scope;
  std::vector<std::unique_ptr<ScriptedUpstream>> upstreams;
  ForwarderOptions options;
  std::optional<Forwarder> forwarder;
  const Query query{Name("www.example."), Type::A};
};

// A datagram to oneself and back: by then the kernel has passed on all that was sent before.
Task<> Fixture::settled(Shard& shard) {
  for (int i = 0; i < 3; ++i) {
    auto socket = taut::UdpSocket::bind(shard, Address::loopbackV4());
    const Bytes octet(1);
    const ByteSpan payload(octet);
    const Address self = socket.localAddress();
    co_await socket.sendTo(payload, self);
    std::array<std::uint8_t, 8> buffer;
    const MutableByteSpan into(buffer);
    co_await socket.receive(into);
  }
}

Query clientQuery(const char* name, Type type, std::uint16_t flags, bool edns = false, bool dnssecOk = false,
                  Class rrClass = Class::IN) {
  static Bytes wire(512);
  taut::ByteWriter writer{MutableByteSpan(wire)};
  for (const std::uint16_t word : {std::uint16_t{7}, flags, std::uint16_t{1}, std::uint16_t{0}, std::uint16_t{0}})
    writer.u16(word);
  writer.u16(edns ? 1 : 0);
  writer.bytes(Name(name).wire());
  writer.u16(static_cast<std::uint16_t>(type));
  writer.u16(static_cast<std::uint16_t>(rrClass));
  if (edns) {
    writer.u8(0);
    writer.u16(41);
    writer.u16(4096);
    writer.u32(dnssecOk ? 0x8000 : 0);
    writer.u16(0);
  }
  return *Query::parse(writer.written(), {Address::loopbackV4(4), Transport::udp});
}

std::size_t questionEnd(const Query& query) {
  return 12 + query.questionSize();
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "an answer from upstream comes back, not authoritative") {
  auto& server = upstream([](const Query& asked) {
    Answer answer;
    answer.setAuthoritative(true);
    answer.add(asked.name(), 60s, taut::rdata::A(192, 0, 2, 1));
    return Replies{serialise(asked, answer)};
  });
  const auto answer = ask(query);
  REQUIRE(answer);
  CHECK(answer->rcode() == Rcode::NOERROR);
  CHECK_FALSE(answer->authoritative());
  REQUIRE(answer->entryCount() == 1);
  CHECK(answer->entry(0).rrset.owner == query.name().view());
  CHECK(answer->entry(0).rrset.ttl == 60);
  REQUIRE(server.udp.size() == 1);
  CHECK(server.udp[0].question == "www.example. A");
  CHECK(forward().inFlight() == 0);
}

TEST_CASE_FIXTURE(Fixture, "of many new questions at once a few go out in a turn, and in the end all are answered") {
  upstream([](const Query& asked) { return Replies{address(asked)}; });
  constexpr std::size_t count = 40;
  std::vector<Query> questions;
  for (std::size_t i = 0; i < count; ++i) questions.emplace_back(Name("n" + std::to_string(i) + ".example."), Type::A);
  std::vector<std::optional<std::optional<Answer>>> results(count);
  for (std::size_t i = 0; i < count; ++i) scope.spawn(askInto(forward(), questions[i], results[i]));
  CHECK(forward().inFlight() == count);
  CHECK(forward().statistics().udpQueries <= 8);
  for (int i = 0; i < 20; ++i) settle();
  CHECK(forward().statistics().udpQueries == count);
  for (const auto& result : results) CHECK((result && *result && (*result)->rcode() == Rcode::NOERROR));
}

TEST_CASE_FIXTURE(Fixture, "questions that wait for their turn end with their forwarder") {
  upstream({});
  std::vector<Query> questions;
  for (int i = 0; i < 40; ++i) questions.emplace_back(Name("n" + std::to_string(i) + ".example."), Type::A);
  std::vector<std::optional<std::optional<Answer>>> results(questions.size());
  for (std::size_t i = 0; i < questions.size(); ++i) scope.spawn(askInto(forward(), questions[i], results[i]));
  shard.run(forward().close());
  CHECK(forward().inFlight() == 0);
  CHECK(forward().statistics().udpQueries <= 8);
  for (const auto& result : results) CHECK((result && !*result));
}

TEST_CASE_FIXTURE(Fixture, "every query has a new random port and a new random ID") {
  auto& server = upstream([](const Query& asked) { return Replies{address(asked)}; });
  for (int i = 0; i < 64; ++i) CHECK(last(query) == 1);
  std::set<std::uint16_t> ports;
  std::set<std::uint16_t> ids;
  for (const Asked& asked : server.udp) {
    ports.insert(asked.from.port());
    ids.insert(asked.id);
  }
  // Of 64 numbers drawn from thousands a few may be the same by chance; many would be no chance.
  CHECK(ports.size() >= 58);
  CHECK(ids.size() >= 60);
  CHECK(*ids.rbegin() - *ids.begin() > 10'000);
}

TEST_CASE_FIXTURE(Fixture,
                  "replies with a wrong ID, question, QR or opcode are ignored, and the right one is waited for") {
  std::function<void(Bytes&)> spoil;
  auto& server = upstream([&](const Query& asked) {
    Bytes wrong = address(asked, 66);
    spoil(wrong);
    return Replies{wrong, wrong, address(asked, 1)};
  });
  const std::size_t classAt = questionEnd(query) - 3;
  const std::function<void(Bytes&)> faults[] = {
      [](Bytes& reply) { reply[0] ^= 0x01; },  [](Bytes& reply) { reply[1] ^= 0x01; },
      [](Bytes& reply) { reply[14] ^= 0x01; }, [&](Bytes& reply) { reply[classAt] ^= 0x01; },
      [](Bytes& reply) { reply[2] &= 0x7f; },  [](Bytes& reply) { reply[2] |= 0x10; },
      [](Bytes& reply) { reply.clear(); },     [](Bytes& reply) { reply = {1, 2, 3}; },
  };
  for (const auto& fault : faults) {
    spoil = fault;
    CHECK(last(query) == 1);
  }
  CHECK(forward().statistics().mismatched == 2 * std::size(faults));
  CHECK(server.udp.size() == std::size(faults));
  CHECK(server.tcp.empty());
}

TEST_CASE_FIXTURE(Fixture, "a reply from another address or port is not accepted, whatever it says") {
  auto other = taut::UdpSocket::bind(shard, Address::loopbackV4());
  upstream([&](const Query& asked) {
    sockaddr_storage name{};
    const socklen_t length = asked.peer().toSockaddr(name);
    const Bytes forged = address(asked, 66);
    CHECK(::sendto(other.fd(), forged.data(), forged.size(), 0, reinterpret_cast<sockaddr*>(&name), length) > 0);
    return Replies{address(asked, 1)};
  });
  CHECK(last(query) == 1);
  CHECK(forward().statistics().mismatched == 0);
}

TEST_CASE_FIXTURE(Fixture, "after three replies that are none, the same server is asked over TCP") {
  auto& server = upstream(
      [](const Query& asked) {
        Bytes wrong = address(asked, 66);
        wrong[1] ^= 0x01;
        return Replies{wrong, wrong, wrong, address(asked, 2)};
      },
      [](const Query& asked) { return Replies{address(asked, 1)}; });
  const auto before = clock.now();
  CHECK(last(query) == 1);
  CHECK(server.udp.size() == 1);
  CHECK(server.tcp.size() == 1);
  CHECK(clock.now() == before);
}

TEST_CASE_FIXTURE(Fixture, "a single reply that is none leads to TCP only when the right one has not come in time") {
  auto& server = upstream(
      [](const Query& asked) {
        Bytes wrong = address(asked, 66);
        wrong[1] ^= 0x01;
        return Replies{wrong};
      },
      [](const Query& asked) { return Replies{address(asked, 1)}; });
  CHECK(last(query) == 1);
  CHECK(server.udp.size() == 1);
  CHECK(server.tcp.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "each timeout of 1, 3, 11 and 45 seconds is tried on every server before the next") {
  auto& first = upstream({});
  auto& second = upstream({});
  const auto start = std::chrono::duration_cast<std::chrono::seconds>(clock.now().time_since_epoch());
  CHECK(rcode(query) == Rcode::SERVFAIL);
  const auto times = [&](const ScriptedUpstream& server) {
    std::vector<long> seconds;
    for (const Asked& asked : server.udp) seconds.push_back((asked.at - start).count());
    return seconds;
  };
  CHECK(times(first) == std::vector<long>{0, 2, 8, 30});
  CHECK(times(second) == std::vector<long>{1, 5, 19, 75});
  CHECK(clock.now().time_since_epoch() - start == 120s);
  CHECK(forward().statistics().timeouts == 8);
  CHECK(first.tcp.empty());
}

TEST_CASE_FIXTURE(Fixture, "a silent first server costs its time-out once, and not for each question") {
  auto& first = upstream({});
  upstream([](const Query& asked) { return Replies{address(asked, 2)}; });
  CHECK(timeFor(query) == 1s);
  for (int i = 0; i < 20; ++i) CHECK(timeFor(query) == 0s);
  CHECK(first.udp.size() == 1);
}

TEST_CASE_FIXTURE(Fixture,
                  "a silent server is probed ever more rarely, at nobody's cost, and is asked again when it answers") {
  bool silent = true;
  auto& first = upstream([&](const Query& asked) { return silent ? Replies() : Replies{address(asked, 1)}; });
  auto& second = upstream([](const Query& asked) { return Replies{address(asked, 2)}; });
  CHECK(last(query) == 2);
  // For two minutes there are five questions each second.
  for (int i = 0; i < 600; ++i) {
    pass(200ms);
    CHECK(timeFor(query) == 0s);
  }
  settle();
  CHECK(first.udp.size() >= 5);
  CHECK(first.udp.size() <= 8);
  CHECK(forward().statistics().probes == first.udp.size() - 1);
  silent = false;
  pass(31s);
  CHECK(last(query) == 2);
  settle();
  const std::size_t asked = second.udp.size();
  for (int i = 0; i < 20; ++i) CHECK(last(query) == 1);
  CHECK(second.udp.size() == asked);
}

TEST_CASE_FIXTURE(Fixture,
                  "when all servers are silent each question still tries all, and the one that comes back is found") {
  bool silent = true;
  auto& first = upstream({});
  auto& second = upstream([&](const Query& asked) { return silent ? Replies() : Replies{address(asked, 2)}; });
  options.timeouts = {1s, 3s};
  for (int i = 0; i < 10; ++i) {
    first.udp.clear();
    second.udp.clear();
    CHECK(rcode(query) == Rcode::SERVFAIL);
    CHECK(first.udp.size() >= 2);
    CHECK(second.udp.size() >= 2);
  }
  silent = false;
  CHECK(last(query) == 2);
  CHECK(timeFor(query) == 0s);
}

TEST_CASE_FIXTURE(Fixture, "the server that answers sooner is asked first, whatever its place in the list") {
  auto& first = upstream([](const Query& asked) { return Replies{address(asked, 1)}; });
  auto& second = upstream([](const Query& asked) { return Replies{address(asked, 2)}; });
  first.delay = 100ms;
  second.delay = 10ms;
  CHECK(last(query) == 1);
  CHECK(last(query) == 1);
  CHECK(forward().statistics().probes == 1);
  settle();
  for (int i = 0; i < 20; ++i) CHECK(last(query) == 2);
  CHECK(first.udp.size() == 2);
  // A minute later it is measured again, and is the better one.
  first.delay = 1ms;
  second.delay = 300ms;
  for (int i = 0; i < 3; ++i) {
    pass(61s);
    CHECK(rcode(query) == Rcode::NOERROR);
  }
  CHECK(last(query) == 1);
}

TEST_CASE_FIXTURE(Fixture, "servers that answer about as soon are asked in their order") {
  auto& first = upstream([](const Query& asked) { return Replies{address(asked, 1)}; });
  upstream([](const Query& asked) { return Replies{address(asked, 2)}; });
  first.delay = 5ms;
  for (int i = 0; i < 20; ++i) CHECK(last(query) == 1);
}

TEST_CASE_FIXTURE(Fixture,
                  "a server that fails where another one answers is passed over after three times, until it answers") {
  Rcode code = Rcode::NOERROR;
  auto& first = upstream(
      [&](const Query& asked) { return Replies{code == Rcode::NOERROR ? address(asked, 1) : error(asked, code)}; });
  upstream([](const Query& asked) { return Replies{address(asked, 2)}; });
  CHECK(last(query) == 1);
  code = Rcode::REFUSED;
  for (int i = 0; i < 20; ++i) CHECK(last(query) == 2);
  CHECK(first.udp.size() == 4);
  pass(10s);
  CHECK(last(query) == 2);
  settle();
  CHECK(first.udp.size() == 5);
  CHECK(last(query) == 2);
  code = Rcode::NOERROR;
  pass(10s);
  CHECK(last(query) == 2);
  settle();
  CHECK(last(query) == 1);
}

TEST_CASE_FIXTURE(Fixture, "a name that no server can resolve makes none of them lame") {
  auto& first = upstream([&](const Query& asked) {
    return Replies{asked.name() == query.name() ? address(asked, 1) : error(asked, Rcode::SERVFAIL)};
  });
  auto& second = upstream([](const Query& asked) { return Replies{error(asked, Rcode::SERVFAIL)}; });
  const Query broken(Name("broken.example."), Type::A);
  for (int i = 0; i < 10; ++i) CHECK(rcode(broken) == Rcode::SERVFAIL);
  CHECK(first.udp.size() >= 10);
  const std::size_t asked = second.udp.size();
  CHECK(last(query) == 1);
  CHECK(second.udp.size() == asked);
}

TEST_CASE_FIXTURE(Fixture,
                  "other servers are asked from the next question on, and what is known of one that stays is kept") {
  const auto silent = [](const Query&) { return Replies(); };
  const auto answering = [](const Query& asked) { return Replies{address(asked, 2)}; };
  upstream(silent);
  upstream(answering);
  const std::vector<Address> both = options.servers;
  CHECK(timeFor(query) >= 1s);
  forward().setServers({both[1]}, "");
  CHECK(forward().servers() == std::vector{both[1]});
  CHECK(timeFor(query) < 1s);
  forward().setServers(both, "");
  CHECK(timeFor(query) < 1s);  // the silent one is known still
  CHECK_THROWS_AS(forward().setServers({}, ""), std::invalid_argument);
}

TEST_CASE_FIXTURE(Fixture, "another resolv.conf takes the place of the one before, and none that of both") {
  const taut::TemporaryFile first("nameserver 192.0.2.1\n");
  const taut::TemporaryFile second("nameserver 192.0.2.2\n");
  options.resolvConf = first.path();
  CHECK(forward().servers() == std::vector{*Address::parse("192.0.2.1", 53)});
  forward().setServers({}, second.path());
  CHECK(forward().servers() == std::vector{*Address::parse("192.0.2.2", 53)});
  forward().setServers({*Address::parse("192.0.2.3")}, "");
  CHECK(forward().servers() == std::vector{*Address::parse("192.0.2.3", 53)});
}

TEST_CASE_FIXTURE(Fixture, "what is known of a server outlives a change of resolv.conf") {
  auto& first = upstream({});
  auto& second = upstream([](const Query& asked) { return Replies{address(asked, 2)}; });
  const std::string servers = "nameserver " + first.where().toText() + "\nnameserver " + second.where().toText() + "\n";
  taut::TemporaryFile file(servers);
  options.servers.clear();
  options.resolvConf = file.path();
  CHECK(timeFor(query) == 1s);
  file.write(servers + "search example.\n");
  forward().reload();
  CHECK(timeFor(query) == 0s);
}

TEST_CASE_FIXTURE(Fixture, "a server that answers late in its turn is still heard") {
  int asked = 0;
  auto& server = upstream([&](const Query& question) { return ++asked < 3 ? Replies() : Replies{address(question)}; });
  CHECK(last(query) == 1);
  CHECK(server.udp.size() == 3);
  CHECK(server.udp[2].at - server.udp[0].at == 4s);
}

TEST_CASE_FIXTURE(Fixture, "a question ends at its deadline, however many attempts are left") {
  upstream({});
  options.deadline = 10s;
  const auto before = clock.now();
  const auto answer = ask(query);
  REQUIRE(answer);
  CHECK(answer->rcode() == Rcode::SERVFAIL);
  REQUIRE(answer->extendedError());
  CHECK(answer->extendedError()->code == taut::ExtendedErrorCode::noReachableAuthority);
  CHECK(clock.now() - before == 10s);
}

TEST_CASE_FIXTURE(Fixture, "the next server is asked at once after SERVFAIL, REFUSED, NOTIMP or FORMERR") {
  Rcode first = Rcode::SERVFAIL;
  upstream([&](const Query& asked) { return Replies{error(asked, first)}; });
  upstream([](const Query& asked) { return Replies{address(asked, 2)}; });
  const auto before = clock.now();
  for (const Rcode code : {Rcode::SERVFAIL, Rcode::REFUSED, Rcode::NOTIMP, Rcode::FORMERR, Rcode::NOTAUTH}) {
    first = code;
    CHECK(last(query) == 2);
  }
  CHECK(clock.now() == before);
}

TEST_CASE_FIXTURE(Fixture, "when every server fails, each was asked once and the last RCODE goes to the client") {
  Rcode second = Rcode::REFUSED;
  auto& server = upstream([](const Query& asked) { return Replies{error(asked, Rcode::SERVFAIL)}; });
  upstream([&](const Query& asked) { return Replies{error(asked, second)}; });
  CHECK(ask(query)->source().server() == options.servers[1]);
  CHECK(rcode(query) == Rcode::REFUSED);
  CHECK(server.udp.size() == 2);
  for (const Rcode code : {Rcode::SERVFAIL, Rcode::NOTIMP, Rcode::FORMERR}) {
    second = code;
    CHECK(rcode(query) == code);
  }
  CHECK(forward().statistics().failures == 5);
}

TEST_CASE_FIXTURE(Fixture, "a server that failed is left out of later rounds, one that was silent is not") {
  auto& failing = upstream([](const Query& asked) { return Replies{error(asked, Rcode::REFUSED)}; });
  auto& silent = upstream({});
  CHECK(rcode(query) == Rcode::REFUSED);
  CHECK(failing.udp.size() == 1);
  CHECK(silent.udp.size() == 4);
}

TEST_CASE_FIXTURE(Fixture, "NXDOMAIN and no data are answers: no other server is asked") {
  upstream([](const Query& asked) { return Replies{nameError(asked)}; });
  auto& other = upstream([](const Query& asked) { return Replies{address(asked)}; });
  const auto answer = ask(query);
  REQUIRE(answer);
  CHECK(answer->rcode() == Rcode::NXDOMAIN);
  CHECK(answer->recordCount(Section::authority) == 1);
  CHECK(other.udp.empty());
}

TEST_CASE_FIXTURE(Fixture, "a malformed reply counts as a failure of its server") {
  upstream([](const Query& asked) {
    Bytes reply = address(asked, 66);
    reply.resize(reply.size() - 12);
    return Replies{reply};
  });
  upstream([](const Query& asked) { return Replies{address(asked, 2)}; });
  CHECK(last(query) == 2);
  CHECK(forward().statistics().unusable == 1);
}

TEST_CASE_FIXTURE(Fixture,
                  "aliases that lead in a circle are SERVFAIL with the reason, when no other server knows better") {
  upstream([](const Query& asked) {
    Answer answer;
    answer.add(asked.name(), 60s, taut::rdata::CNAME(Name("ftp.example.")));
    answer.add(Name("ftp.example."), 60s, taut::rdata::CNAME(asked.name()));
    return Replies{serialise(asked, answer)};
  });
  bool knows = true;
  upstream([&](const Query& asked) { return Replies{knows ? address(asked, 2) : error(asked, Rcode::SERVFAIL)}; });
  CHECK(last(query) == 2);
  knows = false;
  const auto answer = ask(query);
  REQUIRE(answer);
  CHECK(answer->rcode() == Rcode::SERVFAIL);
  CHECK(answer->entryCount() == 0);
  REQUIRE(answer->extendedError());
  CHECK(answer->extendedError()->code == taut::ExtendedErrorCode::other);
  CHECK(answer->extendedError()->text == "aliases without end");
}

TEST_CASE_FIXTURE(Fixture, "garbage from the only server becomes SERVFAIL, at once") {
  upstream([](const Query& asked) {
    Bytes reply = address(asked, 66);
    reply[7] = 200;
    return Replies{reply};
  });
  const auto before = clock.now();
  CHECK(rcode(query) == Rcode::SERVFAIL);
  CHECK(clock.now() == before);
}

TEST_CASE_FIXTURE(Fixture, "a truncated reply is asked for again over TCP, from the same server") {
  auto& first = upstream([](const Query& asked) { return Replies{truncated(asked)}; },
                         [](const Query& asked) { return Replies{address(asked, 1)}; });
  auto& second = upstream([](const Query& asked) { return Replies{address(asked, 2)}; },
                          [](const Query& asked) { return Replies{address(asked, 2)}; });
  CHECK(last(query) == 1);
  CHECK(first.tcp.size() == 1);
  CHECK(first.tcp[0].question == "www.example. A");
  CHECK(forward().statistics().udpQueries == 1);
  CHECK(forward().statistics().tcpQueries == 1);
  CHECK(second.udp.empty());
  CHECK(second.tcp.empty());
}

TEST_CASE_FIXTURE(Fixture, "questions over TCP share a connection that is kept, and one that is not used gives way") {
  options.maxInFlight = 2;
  auto& server = upstream([](const Query& asked) { return Replies{truncated(asked)}; },
                          [](const Query& asked) { return Replies{address(asked, 1)}; });
  server.keepsConnections = true;
  for (int round = 0; round < 3; ++round) CHECK(last(query) == 1);
  CHECK(server.tcp.size() == 3);
  CHECK(server.connections == 1);
  CHECK(server.ended == 0);
  // With two questions under way none is left for it.
  std::optional<std::optional<Answer>> results[2];
  const Query others[] = {Query(Name("a.example."), Type::A), Query(Name("b.example."), Type::A)};
  taut::TaskScope clients;
  for (int i = 0; i < 2; ++i) clients.spawn(askInto(forward(), others[i], results[i]));
  shard.run(joinScope(clients));
  for (const auto& result : results) CHECK((*result)->rcode() == Rcode::NOERROR);
  settle();
  CHECK(server.ended == 1);
}

TEST_CASE_FIXTURE(Fixture, "a datagram that does not fit is asked for again over TCP, though it has no TC") {
  std::size_t size = 0;
  auto& server = upstream([&](const Query& asked) { return Replies{textOfSize(asked, size)}; },
                          [](const Query& asked) { return Replies{textOfSize(asked, 60'000)}; });
  const Query text(Name("www.example."), Type::TXT);
  const auto octets = [&](std::size_t datagram) {
    size = datagram;
    const auto answer = ask(text);
    REQUIRE(answer);
    REQUIRE(answer->entryCount() == 1);
    return answer->entry(0).rrset.front().size();
  };
  CHECK(octets(2048) < 2048);
  CHECK(server.tcp.empty());
  CHECK(octets(2049) > 59'000);
  CHECK(octets(20'000) > 59'000);
  CHECK(server.udp.size() == 3);
  CHECK(server.tcp.size() == 2);
  CHECK(forward().statistics().unusable == 0);
}

TEST_CASE_FIXTURE(Fixture, "no more octets are offered to the servers than fit") {
  auto& server = upstream([](const Query& asked) { return Replies{address(asked)}; });
  options.udpPayloadSize = 4096;
  CHECK(last(query) == 1);
  CHECK(server.udp[0].ednsSize == 2048);
}

TEST_CASE_FIXTURE(Fixture, "a large answer comes over TCP whole") {
  upstream([](const Query& asked) { return Replies{truncated(asked)}; },
           [](const Query& asked) {
             Answer answer;
             for (int i = 0; i < 3000; ++i)
               answer.add(asked.name(), 60s,
                          taut::rdata::A(10, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)));
             return Replies{serialise(asked, answer)};
           });
  const auto answer = ask(query);
  REQUIRE(answer);
  CHECK(answer->recordCount() == 3000);
}

TEST_CASE_FIXTURE(Fixture, "a length that a server only announces over TCP takes no memory") {
  auto& server = upstream([](const Query& asked) { return Replies{truncated(asked)}; },
                          [](const Query&) { return Replies{Bytes()}; });
  const auto spent = [&](std::uint16_t announced) {
    server.announced = announced;
    const std::size_t before = taut::HeapCounter::octets();
    CHECK(rcode(query) == Rcode::SERVFAIL);
    return taut::HeapCounter::octets() - before;
  };
  spent(1);
  CHECK(spent(65535) < spent(1) + 4096);
  CHECK(server.tcp.size() == 3);
}

TEST_CASE_FIXTURE(Fixture, "a server that breaks off, keeps silent or mixes up IDs over TCP has failed") {
  int round = 0;
  auto& first = upstream([](const Query& asked) { return Replies{truncated(asked)}; },
                         [&](const Query& asked) {
                           Bytes reply = address(asked, 66);
                           if (round == 0) return Replies();
                           if (round == 1) return Replies{Bytes()};
                           if (round == 2) reply[0] ^= 0x01;
                           if (round == 3) reply[2] |= 0x02;
                           return Replies{reply};
                         });
  upstream([](const Query& asked) { return Replies{address(asked, 2)}; });
  for (; round < 4; ++round) CHECK(last(query) == 2);
  CHECK(first.tcp.size() == 4);
}

TEST_CASE_FIXTURE(Fixture, "a server that cannot be reached is passed over without waiting") {
  {
    // Its port is free again, so that the kernel reports the datagram back as undeliverable.
    const auto gone = taut::UdpSocket::bind(shard, Address::loopbackV4());
    options.servers.push_back(gone.localAddress());
  }
  upstream([](const Query& asked) { return Replies{address(asked, 2)}; });
  const auto before = clock.now();
  CHECK(last(query) == 2);
  CHECK(clock.now() == before);
}

TEST_CASE_FIXTURE(Fixture, "servers are asked with EDNS, 1232 octets and DO, and with the client's CD") {
  auto& server = upstream([](const Query& asked) { return Replies{address(asked)}; });
  constexpr std::uint16_t rd = taut::flag::RD;
  CHECK(last(query) == 1);
  CHECK(last(clientQuery("www.example.", Type::A, rd, true, true)) == 1);
  CHECK(last(clientQuery("www.example.", Type::A, rd | taut::flag::CD, true, false)) == 1);
  REQUIRE(server.udp.size() == 3);
  for (const Asked& asked : server.udp) {
    CHECK(asked.ednsSize == 1232);
    CHECK(asked.dnssecOk);
  }
  CHECK_FALSE(server.udp[0].checkingDisabled);
  CHECK_FALSE(server.udp[1].checkingDisabled);
  CHECK(server.udp[2].checkingDisabled);
}

TEST_CASE_FIXTURE(Fixture, "a server that does not know EDNS is asked once more without") {
  Rcode refusal = Rcode::FORMERR;
  auto& server = upstream([&](const Query& asked) {
    if (!asked.edns()) return Replies{address(asked)};
    const Query plain = clientQuery("www.example.", Type::A, taut::flag::RD);
    Bytes reply = error(plain, refusal);
    taut::storeU16(reply.data(), asked.id());
    return Replies{reply};
  });
  for (const Rcode code : {Rcode::FORMERR, Rcode::NOTIMP}) {
    refusal = code;
    CHECK(last(query) == 1);
  }
  REQUIRE(server.udp.size() == 4);
  CHECK(server.udp[0].ednsSize);
  CHECK_FALSE(server.udp[1].ednsSize);
  CHECK(server.udp[0].id != server.udp[1].id);
}

TEST_CASE_FIXTURE(Fixture, "AD comes from upstream") {
  bool validated = false;
  upstream([&](const Query& asked) {
    Answer answer;
    answer.setAuthenticData(validated);
    answer.add(asked.name(), 60s, taut::rdata::A(192, 0, 2, 1));
    return Replies{serialise(asked, answer)};
  });
  CHECK_FALSE(ask(query)->authenticData());
  validated = true;
  CHECK(ask(query)->authenticData());
}

TEST_CASE_FIXTURE(Fixture, "a question that is outstanding is sent once, and all its waiters get the answer") {
  bool answering = false;
  auto& server = upstream([&](const Query& asked) { return answering ? Replies{address(asked)} : Replies(); });
  const Query sameOther(Name("WWW.Example."), Type::A);
  const Query otherType(Name("www.example."), Type::AAAA);
  const Query otherName(Name("ftp.example."), Type::A);
  std::array<std::optional<std::optional<Answer>>, 4> results;
  taut::TaskScope asking;
  asking.spawn(askInto(forward(), query, results[0]));
  asking.spawn(askInto(forward(), sameOther, results[1]));
  asking.spawn(askInto(forward(), otherType, results[2]));
  asking.spawn(askInto(forward(), otherName, results[3]));
  CHECK(forward().inFlight() == 3);
  answering = true;
  shard.run(joinScope(asking));
  for (const auto& result : results) {
    REQUIRE(result);
    REQUIRE(*result);
    CHECK((*result)->entryCount() <= 1);
  }
  CHECK((*results[0])->entry(0).rrset.front()[3] == 1);
  CHECK((*results[1])->entry(0).rrset.front()[3] == 1);
  CHECK(forward().statistics().joined == 1);
  CHECK(server.udp.size() == 3);
  // The answers outlive the outstanding query, and each other.
  results[0].reset();
  CHECK((*results[1])->entry(0).rrset.owner == query.name().view());
  CHECK(last(query) == 1);
  CHECK(server.udp.size() == 4);
}

TEST_CASE_FIXTURE(Fixture, "clients with and without DO share a question, and each gets the records that are for it") {
  auto& server = upstream([](const Query& asked) {
    const Bytes signature = {0, 1, 8, 2, 0, 0, 0, 60, 0x70, 0, 0, 0, 0x60, 0, 0, 0, 0, 1, 0, 1, 2, 3};
    Answer answer;
    answer.add(asked.name(), 60s, taut::rdata::A(192, 0, 2, 1));
    answer.addRecord(Section::answer, asked.name(), Type::RRSIG, Class::IN, 60, signature);
    answer.setAuthenticData(true);
    return Replies{serialise(asked, answer)};
  });
  const Query plain = clientQuery("www.example.", Type::A, taut::flag::RD);
  const Query withEdns = clientQuery("www.example.", Type::A, taut::flag::RD, true, false);
  const Query withDo = clientQuery("www.example.", Type::A, taut::flag::RD, true, true);
  std::array<std::optional<std::optional<Answer>>, 3> results;
  taut::TaskScope asking;
  asking.spawn(askInto(forward(), plain, results[0]));
  asking.spawn(askInto(forward(), withDo, results[1]));
  asking.spawn(askInto(forward(), withEdns, results[2]));
  CHECK(forward().inFlight() == 1);
  shard.run(joinScope(asking));
  CHECK(server.udp.size() == 1);
  CHECK((*results[0])->entryCount() == 1);
  CHECK((*results[1])->entryCount() == 2);
  CHECK((*results[2])->entryCount() == 1);
  for (const auto& result : results) CHECK((*result)->authenticData());
}

TEST_CASE_FIXTURE(Fixture, "CD makes a question of its own") {
  upstream([](const Query& asked) { return Replies{address(asked, asked.checkingDisabled() ? 66 : 1)}; });
  const Query withCd = clientQuery("www.example.", Type::A, taut::flag::RD | taut::flag::CD);
  std::array<std::optional<std::optional<Answer>>, 2> results;
  taut::TaskScope asking;
  asking.spawn(askInto(forward(), query, results[0]));
  asking.spawn(askInto(forward(), withCd, results[1]));
  shard.run(joinScope(asking));
  CHECK((*results[0])->entry(0).rrset.front()[3] == 1);
  CHECK((*results[1])->entry(0).rrset.front()[3] == 66);
}

TEST_CASE_FIXTURE(Fixture, "what is reported tells a server's own SERVFAIL from servers that could not be asked") {
  bool silent = false;
  upstream([&](const Query& asked) { return silent ? Replies() : Replies{error(asked, Rcode::SERVFAIL)}; });
  CHECK(ask(query)->extendedError()->code == taut::ExtendedErrorCode::other);
  silent = true;
  CHECK(ask(query)->extendedError()->code == taut::ExtendedErrorCode::noReachableAuthority);
}

TEST_CASE_FIXTURE(Fixture, "a failure is shared like an answer") {
  auto& server = upstream([](const Query& asked) { return Replies{error(asked, Rcode::REFUSED)}; });
  std::array<std::optional<std::optional<Answer>>, 2> results;
  taut::TaskScope asking;
  for (auto& result : results) asking.spawn(askInto(forward(), query, result));
  shard.run(joinScope(asking));
  for (const auto& result : results) {
    CHECK((*result)->rcode() == Rcode::REFUSED);
    REQUIRE((*result)->extendedError());
    CHECK((*result)->extendedError()->code == taut::ExtendedErrorCode::noReachableAuthority);
  }
  CHECK(server.udp.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "one who no longer waits does not take the answer from the others") {
  upstream([](const Query& asked) { return Replies{address(asked)}; });
  taut::StopSource gone;
  std::array<std::optional<std::optional<Answer>>, 2> results;
  taut::TaskScope asking;
  asking.spawn(askInto(forward(), query, results[0]), gone.token());
  asking.spawn(askInto(forward(), query, results[1]));
  gone.requestStop();
  REQUIRE(results[0]);
  CHECK_FALSE(results[0]->has_value());
  shard.run(joinScope(asking));
  REQUIRE(results[1]->has_value());
  CHECK((*results[1])->entryCount() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a question without waiters is given up, and can be asked again at once") {
  bool answering = false;
  upstream([&](const Query& asked) { return answering ? Replies{address(asked)} : Replies(); });
  taut::StopSource gone;
  std::optional<std::optional<Answer>> result;
  taut::TaskScope asking;
  asking.spawn(askInto(forward(), query, result), gone.token());
  settle();
  CHECK(forward().inFlight() == 1);
  gone.requestStop();
  answering = true;
  const auto before = clock.now();
  CHECK(last(query) == 1);
  CHECK(clock.now() == before);
  CHECK(forward().statistics().joined == 0);
  CHECK(forward().inFlight() == 0);
}

// The answer of the forwarder that answers first.
Task<std::optional<Answer>> askBoth(Forwarder& one, Forwarder& other, const Query& query) {
  return taut::firstOf(taut::tasksOf(one.resolve(query), other.resolve(query)),
                       [](const std::optional<Answer>& answer) { return answer && !answer->transient(); });
}

TEST_CASE_FIXTURE(Fixture, "of two forwarders that race the loser gives up its question, without another query") {
  upstream({});  // the loser's, which says nothing
  Forwarder loser(shard, options);
  options.servers.clear();
  upstream([](const Query& asked) { return Replies{address(asked, 7)}; });
  taut::StopSource client;  // a query that is served has the token of its client, which does not go away
  Query served = query;
  served.setStopToken(client.token());
  const auto before = clock.now();
  const auto answer = shard.run(askBoth(loser, forward(), served));
  REQUIRE(answer);
  CHECK(answer->entry(0).rrset.front()[3] == 7);
  CHECK(upstreams.front()->udp.size() == 1);
  settle();
  CHECK(loser.inFlight() == 0);
  CHECK(clock.now() == before);
  shard.run(loser.close());
}

TEST_CASE_FIXTURE(
    Fixture,
    "a question too many is SERVFAIL at once and for itself only, and one that is in flight is not one too many") {
  upstream([](const Query& asked) { return Replies{address(asked)}; });
  options.maxInFlight = 2;
  const Query others[] = {Query(Name("a.example."), Type::A), Query(Name("b.example."), Type::A)};
  std::array<std::optional<std::optional<Answer>>, 3> results;
  taut::TaskScope asking;
  asking.spawn(askInto(forward(), others[0], results[0]));
  asking.spawn(askInto(forward(), others[1], results[1]));
  asking.spawn(askInto(forward(), others[0], results[2]));
  auto refused = forward().resolve(query);
  REQUIRE(refused.isReady());
  const auto overload = refused.takeReady();
  CHECK(overload->rcode() == Rcode::SERVFAIL);
  CHECK(overload->transient());
  CHECK(forward().statistics().questions == 4);
  CHECK(forward().statistics().joined == 1);
  CHECK(forward().statistics().overload == 1);
  shard.run(joinScope(asking));
  for (const auto& result : results) CHECK((*result)->entryCount() == 1);
  CHECK(last(query) == 1);
}

TEST_CASE_FIXTURE(Fixture, "another limit of questions holds from the next one on") {
  upstream([](const Query& asked) { return Replies{address(asked)}; });
  options.maxInFlight = 2;
  const Query other(Name("a.example."), Type::A);
  std::optional<std::optional<Answer>> result;
  taut::TaskScope asking;
  asking.spawn(askInto(forward(), other, result));
  forward().setMaxInFlight(1);
  auto refused = forward().resolve(query);
  REQUIRE(refused.isReady());
  CHECK(refused.takeReady()->rcode() == Rcode::SERVFAIL);
  forward().setMaxInFlight(2);
  CHECK(last(query) == 1);
  shard.run(joinScope(asking));
  CHECK((*result)->entryCount() == 1);
}

TEST_CASE_FIXTURE(Fixture, "questions that were given up take no place from others, not even in the same turn") {
  bool answering = false;
  upstream([&](const Query& asked) { return answering ? Replies{address(asked)} : Replies(); });
  options.maxInFlight = 2;
  taut::StopSource gone;
  const Query others[] = {Query(Name("a.example."), Type::A), Query(Name("b.example."), Type::A)};
  std::array<std::optional<std::optional<Answer>>, 2> results;
  taut::TaskScope asking;
  for (std::size_t i = 0; i < results.size(); ++i)
    asking.spawn(askInto(forward(), others[i], results[i]), gone.token());
  settle();
  gone.requestStop();
  answering = true;
  CHECK(forward().inFlight() == 2);
  CHECK(last(query) == 1);
  CHECK(forward().statistics().overload == 0);
}

TEST_CASE_FIXTURE(Fixture,
                  "without RD, in another class, and for types that ask a server itself nothing is forwarded") {
  auto& server = upstream([](const Query& asked) { return Replies{address(asked)}; });
  constexpr std::uint16_t rd = taut::flag::RD;
  CHECK(rcode(clientQuery("www.example.", Type::A, 0)) == Rcode::REFUSED);
  CHECK(rcode(clientQuery("version.bind.", Type::TXT, rd, false, false, Class::CH)) == Rcode::REFUSED);
  CHECK(rcode(clientQuery("example.", Type::AXFR, rd)) == Rcode::REFUSED);
  CHECK(rcode(clientQuery("example.", Type::IXFR, rd)) == Rcode::REFUSED);
  CHECK(rcode(clientQuery("example.", Type::MAILA, rd)) == Rcode::NOTIMP);
  CHECK(rcode(clientQuery("example.", Type::MAILB, rd)) == Rcode::NOTIMP);
  CHECK(rcode(clientQuery("example.", Type::OPT, rd)) == Rcode::FORMERR);
  CHECK(server.udp.empty());
  CHECK(last(clientQuery("example.", Type::ANY, rd)) == 1);
  CHECK(server.udp.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "close gives up the outstanding queries, and their waiters get nothing") {
  upstream({});
  std::optional<std::optional<Answer>> result;
  taut::TaskScope asking;
  asking.spawn(askInto(forward(), query, result));
  settle();
  const auto before = clock.now();
  shard.run(forward().close());
  CHECK(asking.empty());
  REQUIRE(result);
  CHECK_FALSE(result->has_value());
  CHECK(clock.now() == before);
  CHECK_FALSE(ask(query));
}

TEST_CASE_FIXTURE(Fixture, "IPv6 servers are asked over IPv6") {
  auto& server = upstream([](const Query& asked) { return Replies{truncated(asked)}; },
                          [](const Query& asked) { return Replies{address(asked)}; }, Address::loopbackV6());
  CHECK(last(query) == 1);
  CHECK(server.udp[0].from.isV6());
  CHECK(server.tcp[0].from.isV6());
}

TEST_CASE_FIXTURE(Fixture, "rotation starts each question at the next server") {
  auto& first = upstream([](const Query& asked) { return Replies{address(asked)}; });
  auto& second = upstream([](const Query& asked) { return Replies{address(asked)}; });
  options.rotate = true;
  for (int i = 0; i < 4; ++i) CHECK(last(query) == 1);
  CHECK(first.udp.size() == 2);
  CHECK(second.udp.size() == 2);
}

TEST_CASE_FIXTURE(Fixture, "servers that were given come before those of resolv.conf, which is followed") {
  const taut::TemporaryFile missing("");
  taut::TemporaryFile file("nameserver 192.0.2.1\n");
  options.servers = {Address::v4({192, 0, 2, 9})};
  options.resolvConf = file.path();
  using List = std::vector<std::string>;
  const auto list = [&] {
    List texts;
    for (const Address& server : forward().servers()) texts.push_back(server.toText());
    return texts;
  };
  CHECK(list() == List{"192.0.2.9:53", "192.0.2.1:53"});
  file.write("nameserver 192.0.2.2\nnameserver 2001:db8::1\n");
  forward().reload();
  CHECK(list() == List{"192.0.2.9:53", "192.0.2.2:53", "[2001:db8::1]:53"});
}

TEST_CASE_FIXTURE(Fixture, "timeout, attempts and rotate of resolv.conf make the schedule") {
  auto& first = upstream({});
  auto& second = upstream({});
  const taut::TemporaryFile file("nameserver " + first.where().toText() + "\nnameserver " + second.where().toText() +
                                 "\noptions timeout:2 attempts:3 rotate\n");
  options.servers.clear();
  options.resolvConf = file.path();
  const auto before = clock.now();
  CHECK(rcode(query) == Rcode::SERVFAIL);
  CHECK(clock.now() - before == 12s);
  CHECK(first.udp.size() == 3);
  CHECK(second.udp.size() == 3);
  CHECK(first.udp[0].at < second.udp[0].at);
  CHECK(rcode(query) == Rcode::SERVFAIL);
  REQUIRE(first.udp.size() == 6);
  CHECK(second.udp[3].at < first.udp[3].at);
}

TEST_CASE_FIXTURE(Fixture, "a schedule of one's own stands above resolv.conf's") {
  auto& server = upstream({});
  const taut::TemporaryFile file("nameserver " + server.where().toText() + "\noptions timeout:2 attempts:3\n");
  options.servers.clear();
  options.resolvConf = file.path();
  options.timeouts = {7s};
  const auto before = clock.now();
  CHECK(rcode(query) == Rcode::SERVFAIL);
  CHECK(clock.now() - before == 7s);
}

TEST_CASE_FIXTURE(Fixture, "a forwarder without servers and file is a mistake") {
  CHECK_THROWS_AS(Forwarder(shard, ForwarderOptions()), std::invalid_argument);
}

TEST_CASE_FIXTURE(Fixture, "what was forwarded is stored by a cache in front, name errors too") {
  auto& server = upstream([](const Query& asked) {
    return Replies{asked.name() == Name("no.example.") ? nameError(asked) : address(asked)};
  });
  taut::Cache cache(1 << 20, shard.turnClock());
  const Query missing(Name("no.example."), Type::A);
  for (const Query* asked : {&query, &missing}) {
    CHECK_FALSE(cache.resolve(*asked).takeReady());
    const auto answer = ask(*asked);
    REQUIRE(answer);
    CHECK(cache.store(*asked, *answer));
    const auto hit = cache.resolve(*asked).takeReady();
    REQUIRE(hit);
    CHECK(hit->rcode() == answer->rcode());
    CHECK(hit->recordCount() == 1);
  }
  CHECK(server.udp.size() == 2);
}

TEST_CASE_FIXTURE(Fixture, "what each server was asked is counted, how long it took, and whether it is well") {
  bool silent = false;
  auto& first = upstream([&](const Query& asked) { return silent ? Replies() : Replies{address(asked, 1)}; });
  auto& second = upstream([](const Query& asked) { return Replies{address(asked, 2)}; });
  first.delay = 3ms;
  const auto collect = [&] {
    taut::ResolverStatistics statistics;
    forward().addTo(statistics);
    return statistics;
  };
  CHECK(collect().upstreams.empty());  // the file or the list was not needed yet
  CHECK(last(query) == 1);
  settle();
  taut::ResolverStatistics statistics = collect();
  REQUIRE(statistics.upstreams.size() == 2);
  CHECK(statistics.upstreams[0].server == first.where());
  CHECK(statistics.upstreams[0].requests == 1);
  CHECK(statistics.upstreams[0].durations.total() == 1);
  CHECK(statistics.upstreams[0].durations.sum == doctest::Approx(0.003).epsilon(0.01));
  CHECK(statistics.upstreams[0].healthy());
  CHECK(statistics.upstreams[1].requests == 0);
  CHECK(statistics.forwarding.questions == 1);

  silent = true;
  CHECK(last(query) == 2);
  statistics = collect();
  CHECK(statistics.upstreams[0].timeouts == 1);
  CHECK(statistics.upstreams[0].durations.total() == 1);
  CHECK_FALSE(statistics.upstreams[0].healthy());
  CHECK(statistics.upstreams[1].server == second.where());
  CHECK(statistics.upstreams[1].healthy());
}

TEST_CASE_FIXTURE(Fixture, "a query that the kernel does not send is a question to the server, and no time-out") {
  options.servers = {*Address::parse("255.255.255.255", 53)};
  CHECK(rcode(query) == Rcode::SERVFAIL);
  taut::ResolverStatistics statistics;
  forward().addTo(statistics);
  REQUIRE(statistics.upstreams.size() == 1);
  CHECK(statistics.upstreams[0].requests > 0);
  CHECK(statistics.upstreams[0].timeouts == 0);
  CHECK_FALSE(statistics.upstreams[0].healthy());
}

TEST_CASE_FIXTURE(Fixture, "an attempt over TCP is counted and timed like one over UDP") {
  upstream([](const Query& asked) { return Replies{truncated(asked)}; },
           [](const Query& asked) { return Replies{address(asked, 1)}; });
  CHECK(last(query) == 1);
  taut::ResolverStatistics statistics;
  forward().addTo(statistics);
  REQUIRE(statistics.upstreams.size() == 1);
  CHECK(statistics.upstreams[0].requests == 2);
  CHECK(statistics.upstreams[0].durations.total() == 2);
}

namespace {

// A query of a client that says in which network it is.
Query askingFrom(const taut::ClientSubnet& subnet) {
  static Bytes wire(512);
  taut::ByteWriter writer{MutableByteSpan(wire)};
  for (const unsigned word : {7u, 0x0100u, 1u, 0u, 0u, 1u}) writer.u16(static_cast<std::uint16_t>(word));
  writer.bytes(Name("www.example.").wire());
  writer.u16(static_cast<std::uint16_t>(Type::A));
  writer.u16(static_cast<std::uint16_t>(Class::IN));
  writer.u8(0);
  writer.u16(41);
  writer.u16(1232);
  writer.u32(0);
  writer.u16(static_cast<std::uint16_t>(4 + subnet.size()));
  writer.u16(8);
  writer.u16(static_cast<std::uint16_t>(subnet.size()));
  subnet.write(writer, 0);
  return *Query::parse(writer.written(), {Address::loopbackV4(4), Transport::udp});
}

taut::ClientSubnet networkOf(std::uint8_t third, std::uint8_t bits) {
  return taut::ClientSubnet{Address::v4({198, 51, third, 77}), 32}.cutTo(bits);
}

// The address says which network was asked for; the option of the query comes back with the scope.
Bytes scoped(const Query& query, std::uint8_t scope) {
  Answer answer;
  const auto& told = query.edns()->clientSubnet;
  answer.add(query.name(), 60s, taut::rdata::A(192, 0, 2, told ? told->network.bytes()[2] : 99));
  Bytes option(64);
  taut::ByteWriter writer{MutableByteSpan(option)};
  if (told) {
    writer.u16(8);
    writer.u16(static_cast<std::uint16_t>(told->size()));
    told->write(writer, scope);
  }
  taut::ReplyOptions shape;
  shape.ednsOptions = writer.written();
  Bytes reply(65535);
  reply.resize(taut::writeReply(query, answer, shape, reply));
  return reply;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "servers learn no network of a client unless they are to") {
  std::optional<taut::ClientSubnet> told;
  upstream([&](const Query& asked) {
    told = asked.edns()->clientSubnet;
    return Replies{scoped(asked, 24)};
  });
  CHECK(last(askingFrom(networkOf(1, 24))) == 99);
  CHECK_FALSE(told);
  CHECK_FALSE(ask(askingFrom(networkOf(1, 24)))->clientSubnetScope());
}

TEST_CASE_FIXTURE(Fixture,
                  "with client subnets servers learn the network that a client tells, cut short, and no other") {
  options.clientSubnet = true;
  std::vector<std::optional<taut::ClientSubnet>> told;
  upstream([&](const Query& asked) {
    told.push_back(asked.edns()->clientSubnet);
    return Replies{scoped(asked, 20)};
  });
  const auto answer = ask(askingFrom(networkOf(1, 32)));
  REQUIRE(answer);
  CHECK(answer->clientSubnetScope() == std::uint8_t{20});
  CHECK(answer->source().server() == options.servers[0]);
  CHECK(last(askingFrom(networkOf(2, 16))) == 0);  // the network has two octets
  const taut::ClientSubnet v6{Address::v6({0x20, 0x01, 0x0d, 0xb8, 1, 2, 3, 4, 5}), 128};
  ask(askingFrom(v6));
  CHECK(last(query) == 99);
  REQUIRE(told.size() == 4);
  CHECK(told[0] == networkOf(1, 24));
  CHECK(told[1] == networkOf(2, 16));
  CHECK(told[2] == v6.cutTo(56));
  CHECK_FALSE(told[3]);
}

TEST_CASE_FIXTURE(Fixture, "clients of one network share a question, and those of another ask their own") {
  options.clientSubnet = true;
  auto& server = upstream([](const Query& asked) { return Replies{scoped(asked, 24)}; });
  std::array<std::optional<std::optional<Answer>>, 3> results;
  const Query first = askingFrom(networkOf(1, 24));
  const Query same = askingFrom(networkOf(1, 32));
  const Query other = askingFrom(networkOf(2, 24));
  scope.spawn(askInto(forward(), first, results[0]));
  scope.spawn(askInto(forward(), same, results[1]));
  scope.spawn(askInto(forward(), other, results[2]));
  settle();
  for (const auto& result : results) REQUIRE((result && *result));
  CHECK(server.udp.size() == 2);
  CHECK((*results[0])->entry(0).rrset.front()[3] == 1);
  CHECK((*results[1])->entry(0).rrset.front()[3] == 1);
  CHECK((*results[2])->entry(0).rrset.front()[3] == 2);
}

TEST_CASE_FIXTURE(Fixture, "a reply about another network is ignored, and the right one counts") {
  options.clientSubnet = true;
  upstream([](const Query& asked) {
    Answer poisoned;
    poisoned.add(asked.name(), 60s, taut::rdata::A(6, 6, 6, 6));
    const Bytes option{0, 8, 0, 7, 0, 1, 24, 24, 10, 0, 0};
    taut::ReplyOptions shape;
    shape.ednsOptions = option;
    Bytes forged(512);
    forged.resize(taut::writeReply(asked, poisoned, shape, forged));
    return Replies{forged, scoped(asked, 24)};
  });
  CHECK(last(askingFrom(networkOf(1, 24))) == 1);
  CHECK(forward().statistics().mismatched == 1);
}

TEST_CASE_FIXTURE(Fixture, "a server that refuses a question with a network is asked without") {
  options.clientSubnet = true;
  auto& server = upstream([](const Query& asked) {
    return Replies{asked.edns()->clientSubnet ? error(asked, Rcode::REFUSED) : scoped(asked, 0)};
  });
  CHECK(last(askingFrom(networkOf(1, 24))) == 99);
  CHECK(server.udp.size() == 2);
}

TEST_CASE_FIXTURE(Fixture, "a cache in front of it keeps the answers of networks apart") {
  options.clientSubnet = true;
  auto& server = upstream([](const Query& asked) { return Replies{scoped(asked, 24)}; });
  taut::Cache cache(1 << 20, clock);
  for (const std::uint8_t third : {std::uint8_t{1}, std::uint8_t{2}}) {
    const Query asked = askingFrom(networkOf(third, 24));
    const auto answer = ask(asked);
    REQUIRE(answer);
    CHECK(cache.store(asked, *answer));
  }
  CHECK(server.udp.size() == 2);
  for (const std::uint8_t third : {std::uint8_t{1}, std::uint8_t{2}})
    CHECK(cache.lookup(askingFrom(networkOf(third, 32)))->entry(0).rrset.front()[3] == third);
  CHECK_FALSE(cache.lookup(askingFrom(networkOf(3, 24))));
}

}  // namespace forwarder_test
