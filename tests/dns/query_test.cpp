#include "taut/dns/query.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/packet.hpp"
#include "taut/base/address.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/stop_token.hpp"

namespace taut::query_test {

namespace {

std::optional<Query> parse(ByteSpan message, Transport transport = Transport::udp) {
  return Query::parse(message, {Address::loopbackV4(5353), transport});
}

bool malformed(ByteSpan message) {
  const auto query = parse(message);
  REQUIRE(query.has_value());
  return query->formatError();
}

constexpr std::uint16_t opcodeBits(Opcode opcode) {
  return static_cast<std::uint16_t>(static_cast<unsigned>(opcode) << 11);
}

const std::array<std::uint8_t, 4> address = {192, 0, 2, 1};
constexpr auto any = static_cast<unsigned>(Class::ANY);

// The message with a question and one TSIG record after it.
Packet withTsig(Packet header, ByteSpan rdata, unsigned rrClass = any) {
  return header.question("x").name("key.example").recordBody(Type::TSIG, rdata, 0, rrClass);
}

}  // namespace

TEST_CASE("A query is its header, its question and its client") {
  const Packet packet = Packet::header(flag::RD, 1).question("Www.Example.com", Type::AAAA, Class::CH);
  const auto received = TimePoint(std::chrono::seconds(7));
  StopSource stop;
  const QueryClient client{Address::loopbackV6(1053), Transport::tcp, received, stop.token(), std::chrono::seconds(9)};
  const auto query = Query::parse(packet, client);
  REQUIRE(query.has_value());
  CHECK_FALSE(query->formatError());
  CHECK(query->id() == 0x1234);
  CHECK((query->opcode() == Opcode::QUERY));
  CHECK(query->recursionDesired());
  CHECK(query->name().toString() == "Www.Example.com.");  // the client's case
  CHECK((query->type() == Type::AAAA));
  CHECK((query->rrClass() == Class::CH));
  CHECK(query->question() == Question{Name("www.example.com"), Type::AAAA, Class::CH});
  CHECK(query->questionCount() == 1);
  CHECK(query->questionSize() == packet.size() - messageHeaderSize);
  CHECK_FALSE(query->edns().has_value());
  CHECK((query->peer() == Address::loopbackV6(1053)));
  CHECK((query->transport() == Transport::tcp));
  CHECK((query->received() == received));
  CHECK((query->client().idleTimeout == std::chrono::seconds(9)));
  CHECK_FALSE(query->stopToken().stopRequested());
  stop.requestStop();
  CHECK(query->stopToken().stopRequested());
  CHECK(query->message().data() == packet.span().data());
}

TEST_CASE("Any type and class can be asked for") {
  for (const unsigned value : {0U, 1U, 41U, 252U, 255U, 256U, 65280U, 65535U}) {
    const auto query = parse(Packet::header(0, 1).question("x", static_cast<Type>(value), static_cast<Class>(value)));
    REQUIRE(query.has_value());
    CHECK_FALSE(query->formatError());
    CHECK(static_cast<unsigned>(query->type()) == value);
    CHECK(static_cast<unsigned>(query->rrClass()) == value);
  }
}

TEST_CASE("RD, AD and CD are the bits that RFC 1035 and RFC 4035 give them") {
  const auto bits = [](unsigned high, unsigned low) {
    Packet packet;
    packet.u16(1).u8(high).u8(low).u16(0).u16(0).u16(0).u16(0);
    const Query query = parse(packet).value();
    return std::array{query.recursionDesired(), query.authenticData(), query.checkingDisabled()};
  };
  CHECK(bits(0, 0) == std::array{false, false, false});
  CHECK(bits(1, 0) == std::array{true, false, false});
  CHECK(bits(0, 0x20) == std::array{false, true, false});
  CHECK(bits(0, 0x10) == std::array{false, false, true});
  CHECK(bits(0x7e, 0xcf) == std::array{false, false, false});
}

TEST_CASE("Less than a header is not answered") {
  const Packet packet = Packet::header(0, 0);
  for (std::size_t size = 0; size < messageHeaderSize; ++size)
    CHECK_FALSE(parse(packet.span().first(size)).has_value());
  CHECK(parse(packet).has_value());
}

TEST_CASE("A response is never answered, whatever else it says") {
  for (unsigned opcode = 0; opcode < 16; ++opcode) {
    const auto flags = static_cast<std::uint16_t>(opcode << 11);
    CHECK_FALSE(parse(Packet::header(flags | flag::QR, 1).question("x")).has_value());
    CHECK_FALSE(parse(Packet::header(flags | flag::QR, 1)).has_value());  // malformed as well
    CHECK(parse(Packet::header(flags, 1).question("x")).has_value());
  }
}

TEST_CASE("A header without a question is a query without one") {
  const auto query = parse(Packet::header(0, 0));
  REQUIRE(query.has_value());
  CHECK_FALSE(query->formatError());
  CHECK_FALSE(query->hasQuestion());
  CHECK(query->name().isRoot());
}

TEST_CASE("A question that is cut anywhere is a format error, and the message none that is met with silence") {
  const Packet packet = Packet::header(0, 1).question("www.example.com");
  for (std::size_t size = messageHeaderSize; size < packet.size(); ++size) {
    const auto query = parse(packet.span().first(size));
    REQUIRE(query.has_value());
    CHECK(query->formatError());
    CHECK_FALSE(query->hasQuestion());
    CHECK(query->id() == 0x1234);
  }
  CHECK_FALSE(malformed(packet));
}

TEST_CASE("A bad name in the question is a format error") {
  const auto withName = [](const Packet& name) {
    return malformed(Packet::header(0, 1).bytes(name).u16(1).u16(1).bytes(std::vector<std::uint8_t>(300)));
  };
  CHECK_FALSE(withName(Packet().name("example")));
  CHECK(withName(Packet().pointer(12)));             // itself
  CHECK(withName(Packet().label("x").pointer(12)));  // no pointer has a place there
  CHECK(withName(Packet().label(std::string(64, 'a')).u8(0)));
  CHECK(withName(Packet().u8(0x80).u8(0)));
  Packet tooLong;
  for (int i = 0; i < 128; ++i) tooLong.label("x");
  CHECK(withName(tooLong.u8(0)));
}

TEST_CASE("A QUERY has one question at most, other opcodes may have more") {
  const auto two = [](Opcode opcode) {
    return Packet::header(opcodeBits(opcode), 2).question("a.example").question("b.example");
  };
  CHECK(malformed(two(Opcode::QUERY)));
  const auto update = parse(two(Opcode::UPDATE));
  REQUIRE(update.has_value());
  CHECK_FALSE(update->formatError());
  CHECK(update->name() == Name("a.example"));
  CHECK(update->questionCount() == 2);
  CHECK(malformed(Packet::header(opcodeBits(Opcode::UPDATE), 3).question("a").question("b")));
  CHECK(malformed(Packet::header(opcodeBits(Opcode::UPDATE), 65535).question("a")));
  // A further question may point to the first one's name.
  CHECK_FALSE(malformed(Packet::header(opcodeBits(Opcode::NOTIFY), 2).question("a").pointer(12).u16(1).u16(1)));
  CHECK(malformed(Packet::header(opcodeBits(Opcode::NOTIFY), 2).question("a").pointer(40).u16(1).u16(1)));
}

TEST_CASE("Records that are fewer than their count are a format error, and octets after the last are ignored") {
  Packet packet = Packet::header(opcodeBits(Opcode::NOTIFY), 1, 1).question("example.com", Type::SOA);
  const std::size_t recordAt = packet.size();
  packet.pointer(12).recordBody(Type::A, address);
  for (std::size_t size = recordAt; size < packet.size(); ++size) CHECK(malformed(packet.span().first(size)));
  CHECK_FALSE(malformed(packet));
  packet.u8(0xff);
  CHECK_FALSE(malformed(packet));
}

TEST_CASE("Counts are believed only as far as there are records") {
  CHECK(malformed(Packet::header(0, 1, 65535, 65535, 65535).question("x")));
  CHECK(malformed(Packet::header(0, 1, 0, 1, 0).question("x")));
  CHECK(malformed(Packet::header(0, 65535, 65535, 65535, 65535)));
}

TEST_CASE("RDLENGTH may be zero, and may not lead beyond the message") {
  CHECK_FALSE(malformed(Packet::header(opcodeBits(Opcode::UPDATE), 1, 2)
                            .question("example.com", Type::SOA)
                            .record("a.example.com", Type::ANY, {}, 0)
                            .record("b.example.com", Type::A, address)));
  Packet packet = Packet::header(0, 1, 1).question("x").record("x", Type::A, address);
  packet.data()[packet.size() - 5] = 5;
  CHECK(malformed(packet));
}

TEST_CASE("Owner names of records are bounded, and their pointers lead backwards to after the header") {
  const auto withOwner = [](const Packet& owner) {
    return malformed(Packet::header(0, 1, 1).question("x").bytes(owner).recordBody(Type::A, address));
  };
  CHECK_FALSE(withOwner(Packet().pointer(12)));
  CHECK_FALSE(withOwner(Packet().label("y").pointer(12)));
  CHECK(withOwner(Packet().pointer(11)));
  CHECK(withOwner(Packet().pointer(19)));  // itself: the question ends there
  CHECK(withOwner(Packet().pointer(300)));
  CHECK(withOwner(Packet().u8(0x40).u8(0)));
  CHECK(withOwner(Packet().label(std::string(64, 'a')).u8(0)));
  Packet longest;
  for (int i = 0; i < 127; ++i) longest.label("x");
  Packet tooLong = longest;
  CHECK_FALSE(withOwner(longest.u8(0)));
  CHECK(withOwner(tooLong.label("x").u8(0)));
}

TEST_CASE("OPT in the additional section says what the client can do") {
  const std::array<std::uint8_t, 8> cookie = {1, 2, 3, 4, 5, 6, 7, 8};
  const Packet options = Packet().option(3, {}).option(10, cookie);
  const auto query = parse(Packet::header(0, 1, 0, 0, 1).question("x").opt(1400, 0x8000, options));
  REQUIRE(query.has_value());
  CHECK_FALSE(query->formatError());
  REQUIRE(query->edns().has_value());
  CHECK(query->edns()->udpPayloadSize == 1400);
  CHECK(query->edns()->nsid);
  CHECK(std::ranges::equal(query->edns()->cookie.client(), cookie));
  CHECK(query->dnssecOk());
}

TEST_CASE("OPT is found wherever it stands in the additional section") {
  const auto query = parse(Packet::header(0, 1, 0, 0, 3)
                               .question("x")
                               .record("a", Type::A, address)
                               .opt(1400)
                               .record("b", Type::A, address));
  REQUIRE(query.has_value());
  CHECK_FALSE(query->formatError());
  CHECK(query->edns().has_value());
  CHECK_FALSE(query->dnssecOk());
}

TEST_CASE("Two OPTs are a format error") {
  const auto query = parse(Packet::header(0, 1, 0, 0, 2).question("x").opt(1400).opt(512));
  REQUIRE(query.has_value());
  CHECK(query->formatError());
  CHECK(query->hasQuestion());
  CHECK(query->edns()->udpPayloadSize == 1400);  // it is owed an OPT all the same
}

TEST_CASE("An OPT that is not owned by the root is a format error") {
  CHECK(malformed(Packet::header(0, 1, 0, 0, 1).question("x").record("x", Type::OPT, {})));
  CHECK(malformed(Packet::header(0, 1, 0, 0, 1).question("x").pointer(12).recordBody(Type::OPT, {})));
  CHECK(malformed(Packet::header(0, 1, 0, 0, 1).question("x").pointer(14).recordBody(Type::OPT, {})));  // the root
}

TEST_CASE("An OPT in another section is a format error") {
  CHECK(malformed(Packet::header(0, 1, 1).question("x").opt(1400)));
  CHECK(malformed(Packet::header(0, 1, 0, 1).question("x").opt(1400)));
}

TEST_CASE("Malformed options are a format error that is still owed an OPT") {
  const auto query = parse(Packet::header(0, 1, 0, 0, 1).question("x").opt(1400, 0x8000, Packet().u16(10).u16(9)));
  REQUIRE(query.has_value());
  CHECK(query->formatError());
  REQUIRE(query->edns().has_value());
  CHECK(query->edns()->udpPayloadSize == 1400);
  CHECK(query->dnssecOk());
  CHECK(query->edns()->options.empty());
}

TEST_CASE("A TSIG is the last record of the additional section, of class ANY and with whole data, or a format error") {
  const Packet rdata = Packet().name("hmac-sha256").u16(0).u32(1767225600).u16(300).u16(2).u16(7).u16(9).u16(0).u16(0);
  const Packet good = withTsig(Packet::header(0, 1, 0, 0, 1), rdata);
  CHECK_FALSE(malformed(good));
  CHECK_FALSE(malformed(
      Packet::header(0, 1, 0, 0, 2).question("x").opt(1400).name("key.example").recordBody(Type::TSIG, rdata, 0, any)));

  for (std::size_t size = 0; size < rdata.size(); ++size)
    CHECK(malformed(withTsig(Packet::header(0, 1, 0, 0, 1), rdata.span().first(size))));
  CHECK(malformed(withTsig(Packet::header(0, 1, 0, 0, 1), Packet(rdata).u8(0))));
  CHECK(malformed(withTsig(Packet::header(0, 1, 0, 0, 1), rdata, 1)));
  CHECK(malformed(withTsig(Packet::header(0, 1, 0, 0, 2), rdata).opt(1400)));
  CHECK(malformed(withTsig(Packet::header(0, 1, 0, 0, 2), rdata).name("k").recordBody(Type::TSIG, rdata, 0, any)));
  CHECK(malformed(withTsig(Packet::header(0, 1, 1), rdata)));
  CHECK(malformed(withTsig(Packet::header(0, 1, 0, 1), rdata)));
}

TEST_CASE("An unknown version of EDNS is no format error, even with options that make no sense") {
  const auto query = parse(Packet::header(0, 1, 0, 0, 1).question("x").opt(1400, 0x00050000, Packet().u8(1)));
  REQUIRE(query.has_value());
  CHECK_FALSE(query->formatError());
  CHECK(query->edns()->version == 5);
}

TEST_CASE("Over UDP a reply has what the client offers, within 512 octets and our own limit") {
  const auto limit = [](unsigned offered, std::size_t own) {
    const Packet packet = Packet::header(0, 1, 0, 0, 1).question("x").opt(offered);
    return Query::parse(packet, {Address::loopbackV4(5353), Transport::udp}, own)->replyLimit();
  };
  CHECK(limit(1232, 1232) == 1232);
  CHECK(limit(4096, 1232) == 1232);
  CHECK(limit(1000, 1232) == 1000);
  CHECK(limit(511, 1232) == 512);
  CHECK(limit(0, 1232) == 512);
  CHECK(limit(65535, 65535) == 65535);
  CHECK(limit(4096, 100) == 512);
  CHECK(parse(Packet::header(0, 1).question("x"))->replyLimit() == 512);
}

TEST_CASE("Over a stream a reply has up to 65,535 octets, whatever the client offers") {
  const Packet packet = Packet::header(0, 1, 0, 0, 1).question("x").opt(512);
  CHECK(parse(packet, Transport::tcp)->replyLimit() == 65535);
}

TEST_CASE("A query of one's own limits a reply as the protocol does") {
  CHECK(Query(Name("example.com"), Type::MX).replyLimit() == 65535);
}

TEST_CASE("A query's hash is that of its name, whatever the name is changed to") {
  const auto query = parse(Packet::header(0, 1).question("Www.Example.com"));
  CHECK(query->nameHash() == Name("www.example.com").hash());
  CHECK(query->nameHash() == Name("www.example.com").hash());
  CHECK(query->withQuestion(Name("other.example"), Type::A).nameHash() == Name("other.example").hash());
}

TEST_CASE("A query of one's own has a question, RD and no client") {
  const Query query(Name("example.com"), Type::MX);
  CHECK(query.name() == Name("example.com"));
  CHECK((query.type() == Type::MX));
  CHECK((query.rrClass() == Class::IN));
  CHECK(query.hasQuestion());
  CHECK(query.questionCount() == 1);
  CHECK(query.recursionDesired());
  CHECK_FALSE(query.formatError());
  CHECK(query.peer().empty());
}

TEST_CASE("Asking on keeps all but the question") {
  const auto query = parse(Packet::header(flag::CD, 1, 0, 0, 1).question("a.example", Type::A, Class::CH).opt(1400));
  REQUIRE(query.has_value());
  const Query next = query->withQuestion(Name("bb.example"), Type::AAAA);
  CHECK(next.name() == Name("bb.example"));
  CHECK((next.type() == Type::AAAA));
  CHECK((next.rrClass() == Class::CH));
  CHECK(next.id() == query->id());
  CHECK(next.checkingDisabled());
  CHECK(next.edns()->udpPayloadSize == 1400);
  CHECK(next.questionSize() == query->questionSize() + 1);
  CHECK((next.peer() == query->peer()));
  CHECK(query->name() == Name("a.example"));

  const Query fromNone = parse(Packet::header(0, 0))->withQuestion(Name("x"), Type::A);
  CHECK(fromNone.hasQuestion());
  CHECK(fromNone.questionCount() == 1);
}

TEST_CASE("On behalf of all clients a query has DO, the CD that is wanted, and room for the largest reply") {
  const auto plain = parse(Packet::header(flag::RD, 1).question("a.example"));
  const auto other = parse(Packet::header(flag::RD | flag::CD, 1, 0, 0, 1).question("a.example").opt(1232));
  for (const auto* query : {&*plain, &*other}) {
    for (const bool checkingDisabled : {false, true}) {
      const Query asked = query->forAllClients(checkingDisabled);
      CHECK(asked.dnssecOk());
      CHECK(asked.checkingDisabled() == checkingDisabled);
      CHECK(asked.recursionDesired());
      CHECK(asked.question() == query->question());
      CHECK(asked.replyLimit() == 65535);
    }
    CHECK_FALSE(query->dnssecOk());
  }
}

TEST_CASE("A query's values do not change with the octets that it was parsed from") {
  const Packet options = Packet().option(10, Packet().u32(1).u32(2));
  Packet packet = Packet::header(0, 1, 0, 0, 1).question("www.example.com").opt(1232, 0, options);
  const auto query = parse(packet);
  REQUIRE(query.has_value());
  std::fill_n(packet.data(), packet.size(), std::uint8_t{0xff});
  CHECK(query->id() == 0x1234);
  CHECK(query->name() == Name("www.example.com"));
  CHECK(query->edns()->cookie.size == 8);
  CHECK(query->edns()->cookie.octets[7] == 2);
}

TEST_CASE("Any octets are a query, a format error or nothing: never a fault") {
  std::mt19937 random(6891);
  const Packet whole = Packet::header(0, 1, 0, 1, 2)
                           .question("www.example.com")
                           .record("a.example", Type::A, address)
                           .record("b.example", Type::A, address)
                           .opt(1232, 0, Packet().option(10, Packet().u32(1).u32(2)));
  std::size_t good = 0;
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::uint8_t> octets(whole.span().begin(), whole.span().end());
    for (auto changes = random() % 4; changes > 0; --changes)
      octets[random() % octets.size()] = static_cast<std::uint8_t>(random());
    octets.resize(octets.size() - random() % 3);
    const auto query = parse(octets);
    if (!query) continue;
    if (!query->formatError()) ++good;
    if (query->hasQuestion()) REQUIRE(NameView::fromWire(query->name().wire()).has_value());
    REQUIRE(query->questionSize() <= octets.size());
  }
  CHECK(good > 1000);
  CHECK(good < 19000);
}

}  // namespace taut::query_test
