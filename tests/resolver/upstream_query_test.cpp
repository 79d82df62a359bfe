#include "taut/resolver/upstream_query.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "resolver/scripted_upstream.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/reply.hpp"

namespace upstream_query_test {

namespace {

using namespace taut;
using Kind = UpstreamReplyHead::Kind;

constexpr std::uint16_t id = 0x1234;

UpstreamQuestion asking(const std::string& name, Type type = Type::A) {
  return {{Name(name), type}};
}

Bytes octetsOf(const UpstreamQuestion& question, const UpstreamQuery& query) {
  Bytes octets(maxUpstreamQuerySize);
  octets.resize(writeUpstreamQuery(question, query, octets));
  return octets;
}

Query parsed(const Bytes& octets) {
  const auto query = Query::parse(octets, {Address(), Transport::tcp});
  REQUIRE(query);
  return *query;
}

Bytes cookieOf(std::size_t size, std::uint8_t octet = 0x11) {
  return Bytes(size, octet);
}

Bytes optionOf(const Bytes& cookie) {
  Bytes option{0, 10, 0, static_cast<std::uint8_t>(cookie.size())};
  option.insert(option.end(), cookie.begin(), cookie.end());
  return option;
}

Bytes replyTo(const Bytes& query, const Bytes& options = {}, Rcode rcode = Rcode::NOERROR) {
  const Query asked = parsed(query);
  ReplyOptions shape;
  shape.ednsOptions = options;
  Answer answer(rcode);
  if (rcode == Rcode::NOERROR) answer.add(asked.name(), std::chrono::seconds(60), rdata::A(192, 0, 2, 1));
  Bytes reply(65535);
  reply.resize(writeReply(asked, answer, shape, reply));
  return reply;
}

struct Case {
  UpstreamQuestion question = asking("www.example.");
  UpstreamQuery query{id};
  Bytes cookie{};

  void send(std::size_t cookieSize) {
    cookie = cookieOf(cookieSize);
    query.cookie = cookie;
  }
  UpstreamReplyHead match(const Bytes& reply) const { return matchUpstreamReply(question, query, reply); }
  Bytes octets() const { return octetsOf(question, query); }
};

}  // namespace

TEST_CASE("the longest name has room in a query, with a client subnet and a cookie") {
  const std::string label(63, 'x');
  UpstreamQuestion question = asking(label + '.' + label + '.' + label + '.' + std::string(61, 'x') + '.');
  REQUIRE(question.name.size() == maxNameSize);
  question.clientSubnet = ClientSubnet{Address::v6({0x20, 0x01}), 128};
  UpstreamQuery query{id};
  const Bytes cookie = cookieOf(40);
  query.cookie = cookie;
  CHECK(octetsOf(question, query).size() == maxUpstreamQuerySize);
}

TEST_CASE("recursion is desired or not, and without it nothing is asked about validation") {
  UpstreamQuestion question = asking("www.example.");
  const auto flags = [&] { return loadU16(octetsOf(question, {id}).data() + 2); };
  CHECK(flags() == (flag::RD | flag::AD));
  question.recursionDesired = false;
  CHECK(flags() == 0);
  question.checkingDisabled = true;
  CHECK(flags() == flag::CD);
}

TEST_CASE_FIXTURE(Case, "a cookie is sent with EDNS only") {
  send(24);
  CHECK(parsed(octets()).edns()->cookie.size == 24);
  query.edns = false;
  CHECK_FALSE(parsed(octets()).edns());
}

TEST_CASE_FIXTURE(Case, "a reply with another client cookie, or none that can be one, is not the reply") {
  send(8);
  CHECK(match(replyTo(octets(), optionOf(cookieOf(24)))).kind == Kind::matched);
  CHECK(match(replyTo(octets(), optionOf(cookieOf(24)))).cookieSize == 24);
  CHECK(match(replyTo(octets(), optionOf(cookieOf(8)))).cookieSize == 8);
  CHECK(match(replyTo(octets(), optionOf(cookieOf(24, 0x12)))).kind == Kind::mismatched);
  for (const std::size_t size : {0, 7, 9, 15, 40 + 1}) {
    CAPTURE(size);
    CHECK(match(replyTo(octets(), optionOf(cookieOf(size)))).kind == Kind::mismatched);
  }
}

TEST_CASE_FIXTURE(Case, "of two cookies in a reply the first counts") {
  send(8);
  Bytes options = optionOf(cookieOf(16));
  const Bytes other = optionOf(cookieOf(24, 0x12));
  options.insert(options.end(), other.begin(), other.end());
  const UpstreamReplyHead head = match(replyTo(octets(), options));
  CHECK(head.kind == Kind::matched);
  CHECK(head.cookieSize == 16);
}

TEST_CASE_FIXTURE(Case, "a server that gave a cookie has to go on, and another one need not know cookies") {
  send(8);
  CHECK(match(replyTo(octets())).kind == Kind::matched);
  send(24);
  CHECK(match(replyTo(octets())).kind == Kind::unproven);
  CHECK(match(replyTo(octets(), optionOf(cookieOf(8)))).kind == Kind::matched);
}

TEST_CASE_FIXTURE(Case, "a cookie that was not asked for is not looked at") {
  const UpstreamReplyHead head = match(replyTo(octets(), optionOf(cookieOf(24))));
  CHECK(head.kind == Kind::matched);
  CHECK(head.cookieSize == 0);
}

TEST_CASE_FIXTURE(Case, "with a seed the case of the name is mixed, and one that has not seen it cannot reply") {
  query.caseSeed = 0x5555'5555'5555'5555;
  const Bytes mixed = octets();
  const Bytes plain = octetsOf(question, {id});
  CHECK(parsed(mixed).name() == question.name);
  CHECK_FALSE(std::ranges::equal(parsed(mixed).name().wire(), question.name.wire()));
  CHECK(match(replyTo(mixed)).kind == Kind::matched);
  CHECK(match(replyTo(plain)).kind == Kind::unproven);
  query.caseSeed = 0x0123'4567'89ab'cdef;
  CHECK(octets() != mixed);
}

TEST_CASE("digits, hyphens and other octets have no case") {
  const UpstreamQuestion question = asking("0-9_\\001\\255\\@\\[\\`\\{.");
  UpstreamQuery query{id};
  const Bytes plain = octetsOf(question, query);
  query.caseSeed = ~std::uint64_t{0};
  CHECK(octetsOf(question, query) == plain);
}

TEST_CASE_FIXTURE(Case, "the question's own case is restored in a reply, and what is compressed against it follows") {
  query.caseSeed = ~std::uint64_t{0};
  Bytes reply = replyTo(octets());
  restoreCase(question, reply);
  query.caseSeed = 0;
  CHECK(reply == replyTo(octets()));
}

TEST_CASE_FIXTURE(Case, "a reply is malformed where its records do not add up, or has a second OPT record") {
  const Bytes whole = replyTo(octets());
  for (std::size_t size = 12 + question.name.size() + 4; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK(match(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))).kind == Kind::malformed);
  }
  Bytes twice = whole;
  twice.insert(twice.end(), whole.end() - 11, whole.end());
  CHECK(match(twice).kind == Kind::matched);
  ++twice[11];
  CHECK(match(twice).kind == Kind::malformed);
}

TEST_CASE_FIXTURE(Case, "the upper bits of the RCODE are those of OPT") {
  const UpstreamReplyHead head = match(replyTo(octets(), {}, Rcode::BADCOOKIE));
  CHECK(head.rcode == Rcode::BADCOOKIE);
  CHECK(head.edns);
}

}  // namespace upstream_query_test
