#include "taut/resolver/upstream_message.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "taut/dns/message_view.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/reply.hpp"

namespace upstream_message_test {

namespace {

using namespace std::chrono_literals;
using taut::Answer;
using taut::ByteSpan;
using taut::Class;
using taut::MutableByteSpan;
using taut::Name;
using taut::Query;
using taut::Rcode;
using taut::RRset;
using taut::Section;
using taut::Type;
using taut::UpstreamQuestion;
using Bytes = std::vector<std::uint8_t>;

constexpr std::uint16_t id = 0x1234;

UpstreamQuestion asking(const char* name, Type type) {
  return {{Name(name), type}};
}

Bytes queryFor(const UpstreamQuestion& question, bool edns = true) {
  Bytes bytes(taut::maxUpstreamQuerySize);
  bytes.resize(taut::writeUpstreamQuery(question, {id, edns}, bytes));
  return bytes;
}

// The reply of an ordinary server to the question.
Bytes replyTo(const UpstreamQuestion& question, const Answer& answer, bool edns = true) {
  const Bytes query = queryFor(question, edns);
  const auto parsed = Query::parse(query, {taut::Address(), taut::Transport::tcp});
  REQUIRE(parsed);
  Bytes reply(65535);
  taut::ReplyOptions options;
  options.recursionAvailable = true;
  reply.resize(taut::writeReply(*parsed, answer, options, reply));
  return reply;
}

// What a message is to the query, and its answer.
enum class Kind { mismatched, truncated, unusable, endless, complete };
struct Read {
  Kind kind;
  bool edns = false;
  Answer answer{};
};

Read read(const UpstreamQuestion& question, ByteSpan message, std::uint16_t queryId = id) {
  using Head = taut::UpstreamReplyHead::Kind;
  using Reply = taut::UpstreamReply::Kind;
  const taut::UpstreamReplyHead head = taut::matchUpstreamReply(question, {queryId}, message);
  if (head.kind == Head::mismatched) return {Kind::mismatched};
  if (head.kind == Head::truncated) return {Kind::truncated};
  if (head.kind == Head::malformed) return {Kind::unusable};
  CHECK(head.kind == Head::matched);
  taut::UpstreamReply reply = taut::readUpstreamReply(question, head, message);
  if (reply.kind == Reply::unusable) return {Kind::unusable};
  return {reply.kind == Reply::endless ? Kind::endless : Kind::complete, head.edns, std::move(reply.answer)};
}

std::string describe(const Answer& answer) {
  std::string text;
  for (std::size_t i = 0; i < answer.entryCount(); ++i) {
    const auto& [rrset, section, required] = answer.entry(i);
    text += "?!+"[static_cast<std::size_t>(section)] + rrset.owner.toString() + toString(rrset.type) + ' ';
  }
  return text;
}

Answer addressOf(const char* name, std::chrono::seconds ttl = 60s) {
  Answer answer;
  answer.add(Name(name), ttl, taut::rdata::A(192, 0, 2, 1));
  return answer;
}

void addSoa(Answer& answer, const char* zone) {
  answer.add(Name(zone), 60s, taut::rdata::SOA(Name("ns.example."), Name("admin.example."), 1, 2, 3, 4, 5),
             Section::authority);
}

}  // namespace

TEST_CASE("a query asks with RD and AD, with DO where it has EDNS, and copies CD") {
  const auto plain = Query::parse(queryFor(asking("Www.example.", Type::MX)), {taut::Address(), taut::Transport::udp});
  REQUIRE(plain);
  CHECK_FALSE(plain->formatError());
  CHECK(plain->id() == id);
  CHECK(plain->name() == Name("www.example."));
  CHECK(plain->type() == Type::MX);
  CHECK(plain->recursionDesired());
  CHECK(plain->authenticData());
  CHECK_FALSE(plain->checkingDisabled());
  REQUIRE(plain->edns());
  CHECK(plain->edns()->udpPayloadSize == 1232);
  CHECK(plain->dnssecOk());

  UpstreamQuestion question = asking("www.example.", Type::MX);
  question.checkingDisabled = true;
  const auto secure = Query::parse(queryFor(question), {taut::Address(), taut::Transport::udp});
  CHECK(secure->checkingDisabled());
  CHECK_FALSE(Query::parse(queryFor(question, false), {taut::Address(), taut::Transport::udp})->edns());
}

TEST_CASE("a reply gives its records, without AA, and with AD as the server says") {
  const auto question = asking("www.example.", Type::A);
  Answer sent = addressOf("WWW.example.");
  sent.setAuthoritative(true);
  sent.setAuthenticData(true);
  const Read reply = read(question, replyTo(question, sent));
  REQUIRE(reply.kind == Kind::complete);
  CHECK(reply.edns);
  CHECK(reply.answer.rcode() == Rcode::NOERROR);
  CHECK(reply.answer.authenticData());
  CHECK_FALSE(reply.answer.authoritative());
  CHECK(describe(reply.answer) == "?www.example.A ");
  CHECK(reply.answer.entry(0).rrset.ttl == 60);
  CHECK_FALSE(read(question, replyTo(question, addressOf("www.example."), false)).edns);
}

TEST_CASE("what differs in ID, QR, opcode or question is no reply, and case makes no difference") {
  const auto question = asking("www.example.", Type::A);
  const Bytes right = replyTo(question, addressOf("www.example."));
  REQUIRE(read(question, right).kind == Kind::complete);
  CHECK(read(asking("wWw.EXAMPLE.", Type::A), right).kind == Kind::complete);
  CHECK(read(asking("ww2.example.", Type::A), right).kind == Kind::mismatched);
  CHECK(read(asking("www.example.", Type::AAAA), right).kind == Kind::mismatched);
  CHECK(read({{Name("www.example."), Type::A, Class::CH}}, right).kind == Kind::mismatched);
  CHECK(read(question, right, id + 1).kind == Kind::mismatched);
  const std::pair<std::size_t, std::uint8_t> faults[] = {{2, 0x01}, {2, 0x91}, {5, 0}, {5, 2}, {12, 40}};
  for (const auto& [at, octet] : faults) {
    Bytes wrong = right;
    wrong[at] = octet;
    CHECK(read(question, wrong).kind == Kind::mismatched);
  }
  CHECK(read(question, {}).kind == Kind::mismatched);
  CHECK(read(question, ByteSpan(right).first(11)).kind == Kind::mismatched);
}

TEST_CASE("an error may come without the question, data may not") {
  const auto question = asking("www.example.", Type::A);
  Bytes header = {0x12, 0x34, 0x81, 0x81, 0, 0, 0, 0, 0, 0, 0, 0};
  const Read reply = read(question, header);
  CHECK(reply.kind == Kind::complete);
  CHECK(reply.answer.rcode() == Rcode::FORMERR);
  for (const std::uint8_t rcode : Bytes{0, 3}) {
    header[3] = rcode;
    CHECK(read(question, header).kind == Kind::mismatched);
  }
}

TEST_CASE("a truncated reply is one even where its records are cut off") {
  const auto question = asking("www.example.", Type::A);
  Bytes cut = replyTo(question, addressOf("www.example."));
  cut[2] |= 0x02;
  CHECK(read(question, cut).kind == Kind::truncated);
  cut.resize(35);
  CHECK(read(question, cut).kind == Kind::truncated);
}

TEST_CASE("a reply that does not parse to its last record is unusable wherever it is cut") {
  const auto question = asking("www.example.", Type::A);
  const Bytes whole = replyTo(question, addressOf("www.example."));
  const std::size_t questionEnd = 12 + 13 + 4;
  for (std::size_t size = questionEnd; size < whole.size(); ++size)
    CHECK(read(question, ByteSpan(whole).first(size)).kind == Kind::unusable);
  Bytes longer = whole;
  longer.push_back(0);
  CHECK(read(question, longer).kind == Kind::complete);
}

TEST_CASE("RDATA whose contents do not fit its algorithm is passed on") {
  const auto question = asking("www.example.", Type::SSHFP);
  const Bytes oneOfFourOctets{1, 1, 1, 2, 3, 4};
  Answer answer;
  answer.addRecord(Section::answer, Name("www.example."), Type::SSHFP, Class::IN, 60, oneOfFourOctets);
  const Read reply = read(question, replyTo(question, answer));
  REQUIRE(reply.kind == Kind::complete);
  REQUIRE(reply.answer.entryCount() == 1);
  CHECK(std::ranges::equal(reply.answer.entry(0).rrset.front(), oneOfFourOctets));
}

TEST_CASE("RDATA that does not fit its type makes a reply unusable") {
  const auto question = asking("www.example.", Type::A);
  Answer answer;
  answer.addRecord(Section::answer, Name("www.example."), Type::A, Class::IN, 60, Bytes{192, 0, 2});
  CHECK(read(question, replyTo(question, answer)).kind == Kind::unusable);
  Answer twice = addressOf("www.example.");
  twice.addRecord(Section::additional, Name(), Type::OPT, static_cast<Class>(512), 0, {});
  CHECK(read(question, replyTo(question, twice, false)).kind == Kind::complete);
  CHECK(read(question, replyTo(question, twice, true)).kind == Kind::unusable);
}

TEST_CASE("aliases are followed through the answer section in any order, and what is off the chain is dropped") {
  const auto question = asking("a.example.", Type::A);
  Answer sent;
  sent.add(Name("c.example."), 60s, taut::rdata::A(192, 0, 2, 1));
  sent.add(Name("b.example."), 60s, taut::rdata::CNAME(Name("c.example.")));
  sent.add(Name("a.example."), 60s, taut::rdata::CNAME(Name("b.example.")));
  sent.add(Name("poison.example."), 60s, taut::rdata::A(192, 0, 2, 66));
  const Read reply = read(question, replyTo(question, sent));
  CHECK(reply.kind == Kind::complete);
  CHECK(describe(reply.answer) == "?c.example.A ?b.example.CNAME ?a.example.CNAME ");
}

TEST_CASE("aliases in a circle, or through more than 32 names, make a reply endless") {
  const auto question = asking("0.example.", Type::A);
  const auto chainOf = [&](int names, const char* last) {
    Answer chain;
    for (int i = 0; i + 1 < names; ++i)
      chain.add(Name(std::to_string(i) + ".example."), 60s,
                taut::rdata::CNAME(Name(std::to_string(i + 1) + ".example.")));
    const Name end(std::to_string(names - 1) + ".example.");
    if (last)
      chain.add(end, 60s, taut::rdata::CNAME(Name(last)));
    else
      chain.add(end, 60s, taut::rdata::A(192, 0, 2, 1));
    return read(question, replyTo(question, chain));
  };
  CHECK(chainOf(32, nullptr).kind == Kind::complete);
  CHECK(chainOf(32, nullptr).answer.recordCount() == 32);
  CHECK(chainOf(32, "elsewhere.").kind == Kind::endless);
  CHECK(chainOf(33, nullptr).kind == Kind::endless);
  CHECK(chainOf(500, nullptr).kind == Kind::endless);
  CHECK(chainOf(1, "0.example.").kind == Kind::endless);
  CHECK(chainOf(2, "0.example.").kind == Kind::endless);
  CHECK(chainOf(5, "3.example.").kind == Kind::endless);
  CHECK(chainOf(5, "3.example.").answer.entryCount() == 0);
  const auto alias = asking("0.example.", Type::CNAME);
  Answer self;
  self.add(Name("0.example."), 60s, taut::rdata::CNAME(Name("0.example.")));
  CHECK(read(alias, replyTo(alias, self)).kind == Kind::complete);
}

TEST_CASE("a DNAME above the name is part of the answer") {
  const auto question = asking("www.old.example.", Type::A);
  Answer sent;
  sent.add(Name("old.example."), 60s, taut::rdata::DNAME(Name("new.example.")));
  sent.add(Name("www.old.example."), 60s, taut::rdata::CNAME(Name("www.new.example.")));
  sent.add(Name("www.new.example."), 60s, taut::rdata::A(192, 0, 2, 1));
  sent.add(Name("other.example."), 60s, taut::rdata::DNAME(Name("new.example.")));
  CHECK(describe(read(question, replyTo(question, sent)).answer) ==
        "?old.example.DNAME ?www.old.example.CNAME ?www.new.example.A ");
}

TEST_CASE("only what concerns the name's zones is taken from the authority section") {
  const auto question = asking("www.example.", Type::A);
  Answer sent = Answer::nameError();
  addSoa(sent, "example.");
  addSoa(sent, "victim.");
  sent.add(Name("victim."), 60s, taut::rdata::NS(Name("ns.attacker.")), Section::authority);
  sent.add(Name("example."), 60s, taut::rdata::A(192, 0, 2, 1), Section::authority);
  const Read reply = read(question, replyTo(question, sent));
  CHECK(reply.kind == Kind::complete);
  CHECK(reply.answer.rcode() == Rcode::NXDOMAIN);
  CHECK(describe(reply.answer) == "!example.SOA ");
}

TEST_CASE("proofs and signatures are taken, for queries with DO") {
  const auto question = asking("www.example.", Type::A);
  Answer sent = addressOf("www.example.");
  const Bytes signature = {0, 1, 8, 2, 0, 0, 0, 60, 0x70, 0, 0, 0, 0x60, 0, 0, 0, 0, 1, 0, 1, 2, 3};
  sent.addRecord(Section::answer, Name("www.example."), Type::RRSIG, Class::IN, 60, signature);
  const Bytes signatureOfMx = {0, 15, 8, 2, 0, 0, 0, 60, 0x70, 0, 0, 0, 0x60, 0, 0, 0, 0, 1, 0, 1, 2, 3};
  sent.addRecord(Section::answer, Name("www.example."), Type::RRSIG, Class::IN, 60, signatureOfMx);
  const Bytes nsec = {1, 'z', 0, 0, 1, 0x40};
  sent.addRecord(Section::authority, Name("v.example."), Type::NSEC, Class::IN, 60, nsec);
  const Read reply = read(question, replyTo(question, sent));
  CHECK(describe(reply.answer) == "?www.example.A ?www.example.RRSIG !v.example.NSEC ");
}

TEST_CASE("additional addresses are taken where a record refers to them, as optional data") {
  const auto question = asking("example.", Type::MX);
  Answer sent;
  sent.add(Name("example."), 60s, taut::rdata::MX(10, Name("mail.example.")));
  sent.add(Name("mail.example."), 60s, taut::rdata::A(192, 0, 2, 1), Section::additional);
  sent.add(Name("poison.example."), 60s, taut::rdata::A(192, 0, 2, 66), Section::additional);
  sent.add(Name("mail.example."), 60s, taut::rdata::NS(Name("ns.attacker.")), Section::additional);
  const Read reply = read(question, replyTo(question, sent));
  CHECK(describe(reply.answer) == "?example.MX +mail.example.A ");
  CHECK_FALSE(reply.answer.entry(1).required);
}

TEST_CASE("records of another class and of meta types are dropped") {
  const auto question = asking("www.example.", Type::A);
  Answer sent = addressOf("www.example.");
  sent.addRecord(Section::answer, Name("www.example."), Type::A, Class::CH, 60, Bytes{1, 2, 3, 4});
  sent.addRecord(Section::answer, Name("www.example."), Type::TSIG, Class::IN, 60, Bytes{0});
  CHECK(describe(read(question, replyTo(question, sent)).answer) == "?www.example.A ");
}

TEST_CASE("records of the name that are of another type are dropped, and all of them are taken for ANY") {
  auto question = asking("www.example.", Type::A);
  Answer sent = addressOf("www.example.");
  sent.add(Name("www.example."), 60s, taut::rdata::MX(10, Name("mail.example.")));
  CHECK(describe(read(question, replyTo(question, sent)).answer) == "?www.example.A ");
  question.type = Type::ANY;
  CHECK(describe(read(question, replyTo(question, sent)).answer) == "?www.example.A ?www.example.MX ");
}

TEST_CASE("a referral and an answer about other names are no answers, no data is one") {
  const auto question = asking("www.example.", Type::A);
  Answer referral;
  referral.add(Name("example."), 60s, taut::rdata::NS(Name("ns.example.")), Section::authority);
  CHECK(read(question, replyTo(question, referral)).kind == Kind::unusable);
  CHECK(read(question, replyTo(question, addressOf("poison.example."))).kind == Kind::unusable);
  Answer noData;
  addSoa(noData, "example.");
  CHECK(read(question, replyTo(question, noData)).kind == Kind::complete);
  CHECK(read(question, replyTo(question, Answer())).kind == Kind::complete);
}

TEST_CASE("errors bring no records along") {
  const auto question = asking("www.example.", Type::A);
  Answer sent = addressOf("www.example.");
  sent.setRcode(Rcode::REFUSED);
  const Read reply = read(question, replyTo(question, sent));
  CHECK(reply.kind == Kind::complete);
  CHECK(reply.answer.rcode() == Rcode::REFUSED);
  CHECK(reply.answer.entryCount() == 0);
}

TEST_CASE("the RCODE's upper bits are read from OPT") {
  const auto question = asking("www.example.", Type::A);
  CHECK(read(question, replyTo(question, Answer(Rcode::BADVERS))).answer.rcode() == Rcode::BADVERS);
}

TEST_CASE("the records of an RRset come with one TTL, the smallest, and absurd ones count as 0") {
  const auto question = asking("www.example.", Type::A);
  Answer sent = addressOf("www.example.", 60s);
  sent.add(Name("www.example."), 20s, taut::rdata::A(192, 0, 2, 2));
  Bytes message = replyTo(question, sent, false);
  const Read reply = read(question, message);
  REQUIRE(reply.answer.entryCount() == 2);
  CHECK(reply.answer.entry(0).rrset.ttl == 20);
  CHECK(reply.answer.entry(1).rrset.ttl == 20);
  message[12 + 13 + 4 + 6] = 0x80;
  CHECK(read(question, message).answer.entry(1).rrset.ttl == 0);
}

TEST_CASE("names that compression blows up beyond reason make a reply unusable") {
  // Two octets for each owner, and for each MX exchange, of a name of 255.
  std::string text;
  for (int i = 0; i < 127; ++i) text += "a.";
  const auto question = asking(text.c_str(), Type::MX);
  Bytes message = queryFor(question, false);
  message[2] = 0x81;
  constexpr std::uint16_t records = 4000;
  taut::storeU16(message.data() + 6, records);
  for (int i = 0; i < records; ++i) {
    const Bytes record = {0xc0, 12, 0, 15, 0, 1, 0, 0, 0, 60, 0, 4, 0, 1, 0xc0, 12};
    message.insert(message.end(), record.begin(), record.end());
  }
  REQUIRE(message.size() <= 65535);
  CHECK(read(question, message).kind == Kind::unusable);
  message.resize(message.size() - 16 * (records - 100));
  taut::storeU16(message.data() + 6, 100);
  CHECK(read(question, message).kind == Kind::complete);
}

namespace {

const taut::ClientSubnet subnet{taut::Address::v4({192, 0, 2, 0}), 24};

UpstreamQuestion askingFrom(const taut::ClientSubnet& network) {
  UpstreamQuestion question = asking("www.example", Type::A);
  question.clientSubnet = network;
  return question;
}

// A reply whose OPT has these options.
Bytes replyWith(const UpstreamQuestion& question, const Bytes& options) {
  const Bytes query = queryFor(question);
  const auto parsed = Query::parse(query, {taut::Address(), taut::Transport::tcp});
  REQUIRE(parsed);
  Bytes reply(65535);
  taut::ReplyOptions shape;
  shape.ednsOptions = options;
  reply.resize(taut::writeReply(*parsed, addressOf("www.example"), shape, reply));
  return reply;
}

Bytes option(const Bytes& data) {
  Bytes octets{0, 8, 0, static_cast<std::uint8_t>(data.size())};
  octets.insert(octets.end(), data.begin(), data.end());
  return octets;
}

}  // namespace

TEST_CASE("a query has the client subnet of its question, without a scope, and none without EDNS") {
  const Bytes query = queryFor(askingFrom(subnet));
  const auto parsed = Query::parse(query, {taut::Address(), taut::Transport::udp});
  REQUIRE(parsed);
  CHECK_FALSE(parsed->formatError());
  CHECK(parsed->edns()->clientSubnet == subnet);
  CHECK(parsed->dnssecOk());
  const Bytes plain = queryFor(askingFrom(subnet), false);
  CHECK_FALSE(Query::parse(plain, {taut::Address(), taut::Transport::udp})->edns());
  const taut::ClientSubnet longest{taut::Address::v6({1}), 128};
  CHECK(queryFor(askingFrom(longest)).size() == queryFor(asking("www.example", Type::A)).size() + 24);
}

TEST_CASE("a reply has the scope of its client subnet, and 0 where the server sent none") {
  const UpstreamQuestion question = askingFrom(subnet);
  const Read scoped = read(question, replyWith(question, option({0, 1, 24, 20, 192, 0, 2})));
  CHECK(scoped.kind == Kind::complete);
  CHECK(scoped.answer.clientSubnetScope() == std::uint8_t{20});
  const Bytes cookie{0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8};
  for (const Bytes& options : {Bytes(), cookie}) {
    const Read silent = read(question, replyWith(question, options));
    CHECK(silent.kind == Kind::complete);
    CHECK(silent.answer.clientSubnetScope() == std::uint8_t{0});
  }
  const UpstreamQuestion plain = asking("www.example", Type::A);
  const Read unasked = read(plain, replyWith(plain, option({0, 1, 24, 20, 192, 0, 2})));
  CHECK(unasked.kind == Kind::complete);
  CHECK_FALSE(unasked.answer.clientSubnetScope());
}

TEST_CASE("a reply about another network than that of the question is no reply to it") {
  const UpstreamQuestion question = askingFrom(subnet);
  for (const Bytes& data :
       {Bytes{0, 1, 24, 20, 192, 0, 3}, Bytes{0, 1, 23, 20, 192, 0, 2}, Bytes{0, 2, 24, 20, 192, 0, 2},
        Bytes{0, 1, 24, 33, 192, 0, 2}, Bytes{0, 1, 24, 20, 192, 0}, Bytes{}})
    CHECK(read(question, replyWith(question, option(data))).kind == Kind::mismatched);
  Bytes twice = option({0, 1, 24, 24, 192, 0, 2});
  const Bytes other = option({0, 1, 24, 24, 10, 0, 0});
  twice.insert(twice.end(), other.begin(), other.end());
  CHECK(read(question, replyWith(question, twice)).kind == Kind::mismatched);
  CHECK(read(question, replyWith(question, Bytes{0, 8, 0, 9, 0})).kind == Kind::mismatched);
}

}  // namespace upstream_message_test
