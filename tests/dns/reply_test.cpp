#include "taut/dns/reply.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/heap_counter.hpp"
#include "support/packet.hpp"
#include "taut/base/address.hpp"
#include "taut/dns/message_view.hpp"
#include "taut/dns/rdata.hpp"

namespace taut::reply_test {

using namespace std::chrono_literals;

namespace {

Query parse(ByteSpan message, Transport transport = Transport::udp) {
  auto query = Query::parse(message, {Address::loopbackV4(5353), transport});
  REQUIRE(query.has_value());
  return *query;
}

std::vector<std::uint8_t> reply(const Query& query, const Answer& answer, const ReplyOptions& options = {}) {
  std::vector<std::uint8_t> buffer(maxMessageSize);
  buffer.resize(writeReply(query, answer, options, buffer));
  return buffer;
}

struct Contents {
  std::vector<Record> records;  // without OPT
  std::optional<Record> opt;
};

Contents contentsOf(ByteSpan message) {
  Contents contents;
  auto view = MessageView::parse(message);
  REQUIRE(view.has_value());
  while (const auto record = view->nextRecord()) {
    if (record->type == Type::OPT) {
      CHECK_FALSE(contents.opt.has_value());
      contents.opt = *record;
    } else {
      contents.records.push_back(*record);
    }
  }
  REQUIRE(view->ok());
  return contents;
}

bool truncated(ByteSpan message) {
  return MessageView::parse(message)->truncated();
}

Packet asked(std::uint16_t flags = 0) {
  return Packet::header(flags, 1).question("www.example.com");
}

Packet askedWithOpt(unsigned payloadSize = 1232, std::uint32_t ttl = 0) {
  return Packet::header(0, 1, 0, 0, 1).question("www.example.com").opt(payloadSize, ttl);
}

// Records of one RRset, added one by one: 16 octets each after the owner's pointer.
void addAddresses(Answer& answer, std::size_t count, NameView owner = Name("www.example.com")) {
  for (std::size_t i = 0; i < count; ++i) answer.add(owner, 1min, rdata::A(192, 0, 2, static_cast<std::uint8_t>(i)));
}

constexpr std::size_t questionEnd = 12 + 17 + 4;

}  // namespace

TEST_CASE("A reply has QR, the query's ID, opcode, RD and CD, and nothing else of its flags") {
  for (unsigned opcode = 0; opcode < 16; ++opcode) {
    const auto flags = static_cast<std::uint16_t>(opcode << 11 | 0x07ff);
    const auto message = reply(parse(asked(flags)), Answer());
    const auto view = MessageView::parse(message);
    CHECK(view->id() == 0x1234);
    CHECK(view->flags() == (flag::QR | opcode << 11 | flag::RD | flag::CD));
    CHECK(view->questionCount() == 1);
  }
  CHECK(MessageView::parse(reply(parse(asked()), Answer()))->flags() == flag::QR);
}

TEST_CASE("AA and RCODE are the answer's, RA the server's") {
  Answer answer(Rcode::NXDOMAIN);
  answer.setAuthoritative(true);
  ReplyOptions options;
  options.recursionAvailable = true;
  CHECK(MessageView::parse(reply(parse(asked()), answer, options))->flags() == (flag::QR | flag::AA | flag::RA | 3));
}

TEST_CASE("REFUSED and NOTIMP are responses like any other") {
  CHECK(MessageView::parse(reply(parse(asked()), Answer::refused()))->flags() == (flag::QR | 5));
  const auto flags = static_cast<std::uint16_t>(2 << 11);
  CHECK(MessageView::parse(reply(parse(asked(flags)), Answer::notImplemented()))->flags() == (flag::QR | flags | 4));
}

TEST_CASE("AD goes to clients that asked with DO or AD only") {
  Answer answer;
  answer.setAuthenticData(true);
  const auto ad = [&](const Packet& packet) {
    return (MessageView::parse(reply(parse(packet), answer))->flags() & flag::AD) != 0;
  };
  CHECK_FALSE(ad(asked()));
  CHECK_FALSE(ad(askedWithOpt()));
  CHECK(ad(asked(flag::AD)));
  CHECK(ad(askedWithOpt(1232, 0x8000)));
  answer.setAuthenticData(false);
  CHECK_FALSE(ad(asked(flag::AD)));
}

TEST_CASE("The question is echoed in the client's case") {
  const auto message = reply(parse(Packet::header(0, 1).question("wWw.eXample.com", Type::MX, Class::CH)), Answer());
  auto view = MessageView::parse(message);
  const auto question = view->nextQuestion();
  REQUIRE(question.has_value());
  CHECK(question->name.toString() == "wWw.eXample.com.");
  CHECK((question->type == Type::MX));
  CHECK((question->rrClass == Class::CH));
}

TEST_CASE("A question that did not parse is left out of the FORMERR") {
  const Packet packet = asked();
  for (std::size_t size = messageHeaderSize; size < packet.size(); ++size) {
    const auto message = reply(parse(packet.span().first(size)), Answer::formatError());
    CHECK(message.size() == messageHeaderSize);
    CHECK(MessageView::parse(message)->questionCount() == 0);
    CHECK((MessageView::parse(message)->rcode() == Rcode::FORMERR));
  }
}

TEST_CASE("Of several questions the first is echoed") {
  const Query query = parse(Packet::header(0, 2, 0, 0, 1).question("a.example").question("b.example").opt(1232));
  CHECK(query.formatError());
  const auto message = reply(query, Answer::formatError());
  CHECK(contentsOf(message).opt.has_value());
  auto view = MessageView::parse(message);
  CHECK(view->questionCount() == 1);
  CHECK(view->nextQuestion()->name == Name("a.example"));
}

TEST_CASE("A reply written over the query is the same as one written elsewhere") {
  Answer answer;
  addAddresses(answer, 3);
  answer.add(Name("mail.example.com"), 1h, rdata::MX(10, Name("www.example.com")), Section::authority);
  ReplyOptions options;
  const std::array<std::uint8_t, 4> nsid = {0, 3, 0, 0};
  options.ednsOptions = nsid;
  for (Packet packet : {asked(flag::RD), askedWithOpt(4096, 0x8000)}) {
    const Query query = parse(packet);
    const auto elsewhere = reply(query, answer, options);
    packet.resize(2000);
    const Query over = parse(packet.span());
    const std::size_t size = writeReply(over, answer, options, MutableByteSpan(packet.data(), packet.size()));
    CHECK(std::ranges::equal(packet.span().first(size), elsewhere));
  }
}

TEST_CASE("OPT answers OPT, with the server's payload size and the client's DO, and only then") {
  ReplyOptions options;
  options.udpPayloadSize = 1400;
  const Contents plain = contentsOf(reply(parse(asked()), Answer(), options));
  CHECK_FALSE(plain.opt.has_value());
  const Contents with = contentsOf(reply(parse(askedWithOpt(4096, 0x8000)), Answer(), options));
  REQUIRE(with.opt.has_value());
  CHECK(static_cast<unsigned>(with.opt->rrClass) == 1400);
  CHECK(with.opt->ttl == 0x8000);
  CHECK((with.opt->section == Section::additional));
  CHECK(with.opt->owner.isRoot());
  CHECK(contentsOf(reply(parse(askedWithOpt(4096, 0)), Answer(), options)).opt->ttl == 0);
}

TEST_CASE("A FORMERR for malformed options or a second OPT has an OPT too") {
  const Packet cookie = Packet().option(10, asBytes("short"));
  const Query malformed = parse(Packet::header(0, 1, 0, 0, 1).question("x").opt(1232, 0, cookie));
  CHECK(contentsOf(reply(malformed, Answer::formatError())).opt.has_value());
  const Query twice = parse(Packet::header(0, 1, 0, 0, 2).question("x").opt(1232).opt(1232));
  CHECK(contentsOf(reply(twice, Answer::formatError())).opt.has_value());
}

TEST_CASE("BADVERS and BADCOOKIE are divided between the header and OPT") {
  const auto badVersion = reply(parse(askedWithOpt(1232, 0x00010000)), Answer(Rcode::BADVERS));
  CHECK((MessageView::parse(badVersion)->rcode() == Rcode::NOERROR));
  CHECK(contentsOf(badVersion).opt->ttl == 0x01000000);  // version 0: the one that we speak
  const auto badCookie = reply(parse(askedWithOpt()), Answer(Rcode::BADCOOKIE));
  CHECK(static_cast<unsigned>(MessageView::parse(badCookie)->rcode()) == 7);
  CHECK(contentsOf(badCookie).opt->ttl == 0x01000000);
}

TEST_CASE("An RCODE beyond 15 becomes SERVFAIL for a client without EDNS, one up to 15 stays") {
  CHECK((MessageView::parse(reply(parse(asked()), Answer(Rcode::BADVERS)))->rcode() == Rcode::SERVFAIL));
  for (unsigned rcode = 0; rcode < 16; ++rcode)
    CHECK(static_cast<unsigned>(
              MessageView::parse(reply(parse(asked()), Answer(static_cast<Rcode>(rcode))))->rcode()) == rcode);
}

TEST_CASE("Sections are written in their order, whatever the order of adding") {
  Answer answer;
  answer.add(Name("c"), 1s, rdata::A(192, 0, 2, 3), Section::additional);
  answer.add(Name("b"), 1s, rdata::A(192, 0, 2, 2), Section::authority);
  answer.add(Name("a"), 1s, rdata::A(192, 0, 2, 1));
  const auto message = reply(parse(asked()), answer);
  const Contents contents = contentsOf(message);
  REQUIRE(contents.records.size() == 3);
  CHECK(contents.records[0].owner == Name("a"));
  CHECK(contents.records[1].owner == Name("b"));
  CHECK((contents.records[1].section == Section::authority));
  CHECK(contents.records[2].owner == Name("c"));
  CHECK((contents.records[2].section == Section::additional));
}

TEST_CASE("Without EDNS a reply over UDP has 512 octets") {
  constexpr std::size_t fits = (512 - questionEnd) / 16;
  Answer answer;
  addAddresses(answer, fits);
  const auto whole = reply(parse(asked()), answer);
  CHECK(whole.size() == questionEnd + fits * 16);
  CHECK_FALSE(truncated(whole));
  addAddresses(answer, 1);
  const auto cut = reply(parse(asked()), answer);
  CHECK(cut.size() == questionEnd);  // the RRset goes in whole or not at all
  CHECK(truncated(cut));
  CHECK(MessageView::parse(cut)->recordCount(Section::answer) == 0);
}

TEST_CASE("With EDNS a reply over UDP has what the client offers, up to our own limit, OPT included") {
  const auto fitsIn = [](std::size_t limit) { return (limit - questionEnd - 11) / 16; };
  for (const auto& [offered, limit] : {std::pair{800U, std::size_t{800}},
                                       {1232U, std::size_t{1232}},
                                       {4096U, std::size_t{1232}},
                                       {100U, std::size_t{512}}}) {
    CAPTURE(offered);
    Answer answer;
    addAddresses(answer, fitsIn(limit));
    const auto whole = reply(parse(askedWithOpt(offered)), answer);
    CHECK_FALSE(truncated(whole));
    CHECK(whole.size() <= limit);
    CHECK(whole.size() + 16 > limit);
    CHECK(contentsOf(whole).opt.has_value());
    addAddresses(answer, 1);
    const auto cut = reply(parse(askedWithOpt(offered)), answer);
    CHECK(truncated(cut));
    CHECK(contentsOf(cut).opt.has_value());
    CHECK(contentsOf(cut).records.empty());
  }
}

TEST_CASE("Truncation keeps the RRsets before the one that does not fit, and nothing after it") {
  Answer answer;
  addAddresses(answer, 5);
  addAddresses(answer, 100, Name("b.example.com"));
  addAddresses(answer, 1, Name("c.example.com"));
  answer.add(Name("d.example.com"), 1s, rdata::A(192, 0, 2, 9), Section::authority);
  const auto message = reply(parse(asked()), answer);
  CHECK(truncated(message));
  const Contents contents = contentsOf(message);
  CHECK(contents.records.size() == 5);
  CHECK(MessageView::parse(message)->recordCount(Section::answer) == 5);
}

TEST_CASE("A truncated answer is the question, TC and OPT, over a stream too, and keeps its RCODE and AA") {
  Answer answer(Rcode::NXDOMAIN);
  answer.setAuthoritative(true);
  addAddresses(answer, 1);
  answer.setTruncated(true);
  for (const Transport transport : {Transport::udp, Transport::tcp}) {
    const auto message = reply(parse(asked(), transport), answer);
    CHECK(truncated(message));
    CHECK(message.size() == questionEnd);
    CHECK(MessageView::parse(message)->flags() == (flag::QR | flag::AA | flag::TC | 3));
    const Contents contents = contentsOf(reply(parse(askedWithOpt(), transport), answer));
    CHECK(contents.records.empty());
    CHECK(contents.opt.has_value());
  }
  answer.setTruncated(false);
  CHECK_FALSE(truncated(reply(parse(asked()), answer)));
}

TEST_CASE("Records of one owner, type and class are one RRset where they were added in a row, whatever the case") {
  Answer answer;
  addAddresses(answer, 20);
  addAddresses(answer, 20, Name("WWW.EXAMPLE.COM"));
  CHECK(contentsOf(reply(parse(asked()), answer)).records.empty());

  Answer apart;
  addAddresses(apart, 20);
  apart.add(Name("www.example.com"), 1s, rdata::AAAA(std::array<std::uint8_t, 16>{}));
  addAddresses(apart, 20);
  CHECK(contentsOf(reply(parse(asked()), apart)).records.size() == 21);
}

TEST_CASE("Glue that does not fit truncates, other additional data is left out without a word") {
  Answer store;  // keeps what the RRsets of the other answers point to
  addAddresses(store, 1, Name("ns.example.com"));
  const RRset small = store.entry(0).rrset;
  const std::vector<std::uint8_t> large(600);
  store.addRecord(Section::answer, Name("ns.example.com"), static_cast<Type>(65280), Class::IN, 0, large);

  Answer optional;
  optional.borrowAdditional(store.entry(1).rrset);
  optional.borrowAdditional(small);
  const auto without = reply(parse(asked()), optional);
  CHECK_FALSE(truncated(without));
  CHECK(contentsOf(without).records.size() == 1);  // what comes after and fits goes in

  Answer needed;
  needed.borrowGlue(store.entry(1).rrset);
  needed.borrowGlue(small);
  const auto cut = reply(parse(asked()), needed);
  CHECK(truncated(cut));
  CHECK(contentsOf(cut).records.empty());
}

namespace {

// Gives one address of each of so many hosts, and counts how many were taken.
class Hosts final : public AdditionalSource {
 public:
  Hosts(std::size_t count, bool required, std::size_t& taken) : count_(count), taken_(taken), required_(required) {}

  void draw(AdditionalSink& sink) const override {
    static constexpr std::array<std::uint8_t, 6> stored = {0, 4, 192, 0, 2, 1};
    static const Name host("ns.example.com");
    RRset rrset{host, stored.data(), 60, Type::A, Class::IN, 1};
    RRset signatures{host, stored.data(), 60, Type::RRSIG, Class::IN, 1};
    for (std::size_t i = 0; i < count_; ++i) {
      ++taken_;
      if (!sink.take(rrset, signatures, required_)) return;
    }
  }

 private:
  std::size_t count_;
  std::size_t& taken_;
  bool required_;
};

}  // namespace

TEST_CASE("Additional data of a source is drawn while the reply has room, and hardly further") {
  std::size_t taken = 0;
  Answer optional;
  optional.setAdditionalSource(Hosts(1'000'000, false, taken));
  const auto full = reply(parse(asked()), optional);
  CHECK_FALSE(truncated(full));
  CHECK(full.size() > 512 - 16);
  CHECK(taken < 60);

  taken = 0;
  Answer glue;
  glue.setAdditionalSource(Hosts(1'000'000, true, taken));
  const auto cut = reply(parse(asked()), glue);
  CHECK(truncated(cut));
  CHECK(taken < 30);

  taken = 0;
  Answer few;
  few.setAdditionalSource(Hosts(3, true, taken));
  const auto whole = reply(parse(asked()), few);
  CHECK_FALSE(truncated(whole));
  CHECK(contentsOf(whole).records.size() == 6);  // each with its signature
}

TEST_CASE("Additional data is not asked for where the answer does not fit") {
  std::size_t taken = 0;
  Answer answer;
  addAddresses(answer, 40);
  answer.setAdditionalSource(Hosts(10, false, taken));
  CHECK(truncated(reply(parse(asked()), answer)));
  CHECK(taken == 0);
}

TEST_CASE("An RRset of more records than there is room for is refused without a look at them") {
  RRset rrset;
  rrset.count = 60'000;
  Answer answer;
  answer.borrowRRset(Section::answer, rrset);
  ReplyOptions roundRobin;
  roundRobin.rrsetRoundRobin = true;
  Packet message = asked();
  storeU16(message.data(), 50'000);
  CHECK(truncated(reply(parse(message), answer, roundRobin)));
  CHECK(truncated(reply(parse(message, Transport::tcp), answer, roundRobin)));
}

namespace {

// The last octets of the records' RDATA in the order of the reply to a query with this ID.
std::string order(const Answer& answer, std::uint16_t id, bool roundRobin = true) {
  Packet message = asked();
  storeU16(message.data(), id);
  ReplyOptions options;
  options.rrsetRoundRobin = roundRobin;
  const auto sent = reply(parse(message), answer, options);
  std::string octets;
  for (const Record& record : contentsOf(sent).records)
    octets += static_cast<char>('0' + sent[record.rdataOffset + record.rdataSize - 1]);
  return octets;
}

}  // namespace

TEST_CASE("The records of each RRset in an answer go round by the query's ID, where that was asked for") {
  const Name owner("www.example.com");
  const std::array<std::uint8_t, 18> three = {0, 4, 192, 0, 2, 1, 0, 4, 192, 0, 2, 2, 0, 4, 192, 0, 2, 3};
  RRset rrset;
  rrset.owner = owner;
  rrset.rdata = three.data();
  rrset.ttl = 60;
  rrset.type = Type::A;
  rrset.count = 3;
  Answer borrowed;
  borrowed.borrowRRset(Section::answer, rrset);
  Answer copied;
  for (std::uint8_t i = 1; i <= 3; ++i) copied.add(owner, 1min, rdata::A(192, 0, 2, i));
  for (const Answer* const answer : {&borrowed, &copied}) {
    CHECK(order(*answer, 0) == "123");
    CHECK(order(*answer, 1) == "231");
    CHECK(order(*answer, 2) == "312");
    CHECK(order(*answer, 3) == "123");
    CHECK(order(*answer, 65534) == "312");
    for (std::uint16_t id = 0; id < 4; ++id) CHECK(order(*answer, id, false) == "123");
  }

  rrset.type = Type::RRSIG;
  borrowed.borrowRRset(Section::answer, rrset);
  rrset.type = Type::A;
  borrowed.borrowRRset(Section::authority, rrset);
  borrowed.borrowGlue(rrset);
  CHECK(order(borrowed, 1) == "231123123123");
}

TEST_CASE("An RRset whose records go round goes in whole or not at all") {
  Answer borrowed;
  std::vector<std::uint8_t> octets;
  for (int i = 0; i < 40; ++i)
    for (const int octet : {0, 4, 192, 0, 2, i}) octets.push_back(static_cast<std::uint8_t>(octet));
  const Name owner("www.example.com");
  RRset rrset;
  rrset.owner = owner;
  rrset.rdata = octets.data();
  rrset.type = Type::A;
  rrset.count = 40;
  borrowed.borrowRRset(Section::answer, rrset);
  Answer copied;
  addAddresses(copied, 40);
  for (std::uint16_t id = 0; id < 80; ++id) {
    CHECK(order(borrowed, id).empty());
    CHECK(order(copied, id).empty());
  }
}

TEST_CASE("Over a stream replies are truncated at 65,535 octets only") {
  Answer answer;
  addAddresses(answer, 4000);
  const auto whole = reply(parse(askedWithOpt(512), Transport::tcp), answer);
  CHECK_FALSE(truncated(whole));
  CHECK(contentsOf(whole).records.size() == 4000);
  addAddresses(answer, 100);
  CHECK(truncated(reply(parse(askedWithOpt(512), Transport::tcp), answer)));
}

TEST_CASE("A reply never leaves its buffer, and goes without options that do not fit beside the question") {
  std::string longest;
  for (int i = 0; i < 3; ++i) longest += std::string(63, static_cast<char>('a' + i)) + ".";
  longest += std::string(61, 'd');
  Packet packet = Packet::header(0, 1, 0, 0, 1).question(longest).opt(1232);
  const Query query = parse(packet);
  const std::size_t least = 12 + 255 + 4 + 11;
  Answer answer;
  addAddresses(answer, 30, Name(longest));
  const Packet option = Packet().option(12, std::vector<std::uint8_t>(300));
  ReplyOptions options;
  options.ednsOptions = option;
  std::vector<std::uint8_t> buffer(1000);
  for (const std::size_t size : {least, std::size_t{400}, std::size_t{512}, least + option.size() - 1,
                                 least + option.size(), std::size_t{900}}) {
    CAPTURE(size);
    std::ranges::fill(buffer, std::uint8_t{0xee});
    const std::size_t written = writeReply(query, answer, options, MutableByteSpan(buffer).first(size));
    CHECK(written <= size);
    CHECK(std::ranges::all_of(ByteSpan(buffer).subspan(size), [](std::uint8_t octet) { return octet == 0xee; }));
    const Contents contents = contentsOf(ByteSpan(buffer).first(written));
    REQUIRE(contents.opt.has_value());
    CHECK(contents.opt->rdataSize == (size < least + option.size() ? 0 : option.size()));
    CHECK(truncated(ByteSpan(buffer).first(written)));
  }
}

TEST_CASE("A hit costs no heap allocation from the query's arrival to its reply") {
  Packet packet = askedWithOpt();
  const Packet original = packet;
  packet.resize(1232);
  Answer store;
  addAddresses(store, 1);
  const auto hit = [&] {
    std::ranges::copy(original.span(), packet.data());
    const auto query = Query::parse(packet.span().first(original.size()), {Address(), Transport::udp});
    Answer answer;
    answer.borrowRRset(Section::answer, store.entry(0).rrset);
    return writeReply(*query, answer, ReplyOptions(), MutableByteSpan(packet.data(), packet.size()));
  };
  hit();
  const std::size_t before = HeapCounter::allocations();
  for (int i = 0; i < 100; ++i) REQUIRE(hit() == questionEnd + 16 + 11);
  CHECK(HeapCounter::allocations() == before);
}

}  // namespace taut::reply_test
