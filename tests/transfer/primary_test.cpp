#include "taut/transfer/primary.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "secondary_support.hpp"
#include "taut/coro/task_scope.hpp"

namespace primary_test {

namespace {

using namespace taut;  // NOLINT(google-build-using-namespace)
using testing::FakePrimary;
using Kind = PrimaryFailure::Kind;
using Reply = std::optional<FakePrimary::Reply>;

// A primary that is asked for the serial of example.
struct Asking {
  explicit Asking(std::shared_ptr<const TsigKey> key = {}, std::shared_ptr<const TsigKey> ours = {})
      : fake(shard, key), primary(shard, {{fake.address()}, ours ? std::move(ours) : std::move(key)}) {
    fake.serve(exampleZone(5));
  }

  Result<PrimaryVersion, PrimaryFailure> ask() { return shard.run(ask(*this)); }

  static Task<Result<PrimaryVersion, PrimaryFailure>> ask(Asking& asking) {
    TaskScope scope;
    scope.spawn(asking.fake.run(), scope.token());
    const Name zone("example.");
    auto serial = co_await asking.primary.askVersion(zone, Class::IN);
    scope.stop();
    co_await scope.join();
    co_return serial;
  }

  // A question over UDP is answered so.
  void overUdp(std::function<FakePrimary::Reply(const Query&)> reply) {
    fake.onQuestion = [reply = std::move(reply)](const Query& query) -> Reply {
      if (query.transport() != Transport::udp) return std::nullopt;
      return reply(query);
    };
  }

  testing::ManualShard shard;
  FakePrimary fake;
  Primary primary;
};

TEST_CASE("the serial is asked for over UDP, by one datagram") {
  Asking asking;
  const auto serial = asking.ask();
  REQUIRE(serial);
  CHECK(serial->serial.value() == 5);
  CHECK(asking.fake.asked.size() == 1);
}

TEST_CASE("what is truncated, refused, not implemented or not answered over UDP is asked over TCP") {
  const auto truncated = [](FakePrimary::Reply reply) {
    reply.messages[0][2] |= 0x02;
    return reply;
  };
  Asking asking;
  SUBCASE("truncated") {
    asking.overUdp([&](const Query& query) { return truncated(asking.fake.error(query, Rcode::NOERROR)); });
  }
  SUBCASE("refused") {
    asking.overUdp([&](const Query& query) { return asking.fake.error(query, Rcode::REFUSED); });
  }
  SUBCASE("not implemented") {
    asking.overUdp([&](const Query& query) { return asking.fake.error(query, Rcode::NOTIMP); });
  }
  SUBCASE("not answered") {
    asking.fake.silentOverUdp = true;
  }
  const auto serial = asking.ask();
  REQUIRE(serial);
  CHECK(serial->serial.value() == 5);
  CHECK(asking.fake.count(Type::SOA, Transport::tcp) == 1);
}

TEST_CASE("a primary that is a secondary itself says for how long it has the zone, over UDP and TCP") {
  Asking asking;
  asking.fake.expire = 77;
  SUBCASE("UDP") {}
  SUBCASE("TCP") {
    asking.fake.silentOverUdp = true;
  }
  const auto theirs = asking.ask();
  REQUIRE(theirs);
  CHECK(theirs->expire == std::chrono::seconds(77));
}

TEST_CASE("options of a reply that do not add up, or that are no time, say nothing of how long the zone is there") {
  const std::vector<std::vector<std::uint8_t>> malformed = {{0, 9, 0, 4, 0, 0, 0},
                                                            {0, 9, 0, 0},
                                                            {0, 9, 0, 3, 0, 0, 1},
                                                            {0, 3, 0xff, 0xff, 0, 9, 0, 4, 0, 0, 0, 1},
                                                            {0, 9, 0}};
  for (const auto& options : malformed) {
    Asking asking;
    asking.fake.onQuestion = [&](const Query& query) -> Reply {
      FakePrimary::Reply reply = asking.fake.soa(query);
      FakePrimary::Message& message = reply.messages[0];
      message.resize(message.size() - 2);  // OPT's length, which is 0
      message.insert(message.end(), {0, static_cast<std::uint8_t>(options.size())});
      message.insert(message.end(), options.begin(), options.end());
      return reply;
    };
    const auto theirs = asking.ask();
    REQUIRE(theirs);
    CHECK(theirs->serial.value() == 5);
    CHECK_FALSE(theirs->expire);
  }
}

TEST_CASE("a primary that does not know EDNS is asked without it, and then no more with it") {
  Asking asking;
  asking.fake.knowsEdns = false;
  asking.fake.expire = 77;
  std::size_t each = 2;
  SUBCASE("UDP") {}
  SUBCASE("TCP") {
    asking.fake.silentOverUdp = true;
    each = 4;
  }
  const auto theirs = asking.ask();
  REQUIRE(theirs);
  CHECK(theirs->serial.value() == 5);
  CHECK_FALSE(theirs->expire);
  CHECK(asking.fake.asked.size() == each);
  REQUIRE(asking.ask());
  CHECK(asking.fake.asked.size() == 2 * each - 1);
}

TEST_CASE("a question without a reply is asked twice over UDP, and the window shrinks") {
  Asking asking;
  asking.fake.silentOverUdp = true;
  CHECK(asking.ask());
  CHECK(asking.fake.count(Type::SOA, Transport::udp) == 2);
  CHECK(asking.primary.window().size() < QuestionWindow::first);
  CHECK(asking.primary.window().inFlight() == 0);
}

TEST_CASE("an answer that says no is one") {
  for (const Rcode rcode : {Rcode::SERVFAIL, Rcode::NXDOMAIN, Rcode::NOTAUTH}) {
    Asking asking;
    asking.overUdp([&](const Query& query) { return asking.fake.error(query, rcode); });
    const auto serial = asking.ask();
    REQUIRE_FALSE(serial);
    CHECK(serial.error().kind == Kind::refused);
    CHECK(serial.error().reason.find(toString(rcode)) != std::string::npos);
    CHECK(asking.fake.asked.size() == 1);
  }
}

TEST_CASE("an answer that is not authoritative, or has no SOA of the zone, does not count") {
  Asking asking;
  const auto answered = [](const Query& query, bool authoritative, std::string_view owner) {
    Answer answer;
    answer.setAuthoritative(authoritative);
    answer.add(Name(owner), 300s, rdata::SOA(Name("ns."), Name("mail."), 9, 1, 2, 3, 4));
    FakePrimary::Message reply(512);
    reply.resize(writeReply(query, answer, {}, reply));
    return FakePrimary::Reply{{reply}};
  };
  SUBCASE("not authoritative") {
    asking.overUdp([&](const Query& query) { return answered(query, false, "example."); });
  }
  SUBCASE("the SOA of another zone") {
    asking.overUdp([&](const Query& query) { return answered(query, true, "other."); });
  }
  SUBCASE("nothing") {
    asking.overUdp([&](const Query& query) { return asking.fake.error(query, Rcode::NOERROR); });
  }
  const auto serial = asking.ask();
  REQUIRE_FALSE(serial);
  CHECK(serial.error().kind == Kind::refused);
}

TEST_CASE("replies with another ID or question are passed over") {
  Asking asking;
  asking.overUdp([&](const Query& query) {
    FakePrimary::Reply reply = asking.fake.soa(query);
    FakePrimary::Message forged = reply.messages[0];
    forged[0] ^= 1;
    reply.messages.insert(reply.messages.begin(), forged);
    return reply;
  });
  const auto serial = asking.ask();
  REQUIRE(serial);
  CHECK(serial->serial.value() == 5);
  CHECK(asking.fake.count(Type::SOA, Transport::tcp) == 0);
}

TEST_CASE("with a key, an unsigned reply over UDP leads to a question over TCP, and one over TCP does not count") {
  Asking asking(exampleKey());
  asking.fake.signs = FakePrimary::Signed::none;
  const auto serial = asking.ask();
  REQUIRE_FALSE(serial);
  CHECK(serial.error().kind == Kind::unverified);
  CHECK(asking.fake.count(Type::SOA, Transport::tcp) == 1);
}

TEST_CASE("with the key of both, a signed reply counts") {
  Asking asking(exampleKey());
  const auto serial = asking.ask();
  REQUIRE(serial);
  CHECK(serial->serial.value() == 5);
  CHECK(asking.fake.count(Type::SOA, Transport::udp) == 1);
}

TEST_CASE("a key that is not shared is told of by its error") {
  Asking other(exampleKey(), exampleKey("other."));
  const auto unknown = other.ask();
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().reason.find("BADKEY") != std::string::npos);
  Asking secret(exampleKey(), exampleKey("key.", 9));
  const auto wrong = secret.ask();
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().reason.find("BADSIG") != std::string::npos);
}

TEST_CASE("where an address cannot be reached the next one is asked, and is the first from then on") {
  Asking asking;
  const Address nobody = Address::v4({127, 0, 0, 99}, asking.fake.address().port());
  Primary primary(asking.shard, {{nobody, asking.fake.address()}, {}});
  const auto ask = [](Asking& a, Primary& server) -> Task<> {
    TaskScope scope;
    scope.spawn(a.fake.run(), scope.token());
    const Name zone("example.");
    const auto serial = co_await server.askVersion(zone, Class::IN);
    CHECK(serial.ok());
    CHECK(server.address() == a.fake.address());
    scope.stop();
    co_await scope.join();
  };
  asking.shard.run(ask(asking, primary));
}

TEST_CASE("a primary without an address is refused, and port 0 stands for 53") {
  testing::ManualShard shard;
  CHECK_THROWS_AS(Primary(shard, {}), std::invalid_argument);
  const Primary primary(shard, {{Address::loopbackV4()}, {}});
  CHECK(primary.address().port() == 53);
  CHECK(primary.isAt(Address::loopbackV4(12345)));
  CHECK_FALSE(primary.isAt(Address::v4({127, 0, 0, 2})));
}

}  // namespace

}  // namespace primary_test
