#include "taut/resolver/rebinding_filter.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rdata.hpp"

namespace rebinding_filter_test {

namespace {

using namespace std::chrono_literals;
using taut::Answer;
using taut::Class;
using taut::Name;
using taut::Query;
using taut::Rcode;
using taut::Section;
using taut::Task;
using taut::Type;
using Bytes = std::vector<std::uint8_t>;

// A client that gives one answer.
class Client final : public taut::Resolver {
 public:
  Task<std::optional<Answer>> resolve(const Query&) override {
    return Task<std::optional<Answer>>::ready(std::move(next));
  }

  std::optional<Answer> next;
};

struct Fixture {
  Answer filter(Answer answer, const char* name = "www.example.") {
    client->next = std::move(answer);
    const Query query(Name(name), Type::A);
    auto filtered = taut::syncWait(filtering.resolve(query));
    REQUIRE(filtered);
    return std::move(*filtered);
  }
  bool refuses(Answer answer, const char* name = "www.example.") {
    const Answer filtered = filter(std::move(answer), name);
    if (filtered.rcode() == Rcode::NOERROR) return false;
    CHECK(filtered.rcode() == Rcode::SERVFAIL);
    CHECK(filtered.entryCount() == 0);
    REQUIRE(filtered.extendedError());
    CHECK(filtered.extendedError()->code == taut::ExtendedErrorCode::blocked);
    return true;
  }

  std::shared_ptr<Client> client = std::make_shared<Client>();
  const std::vector<Name> allowed = {Name("home.test."), Name("corp.example.")};
  taut::RebindingFilter filtering{client, allowed};
};

Answer with(Type type, const Bytes& rdata, Section section = Section::answer, const char* owner = "www.example.") {
  Answer answer;
  answer.addRecord(section, Name(owner), type, Class::IN, 60, rdata);
  return answer;
}

Answer addressOf(const char* text) {
  const auto address = taut::Address::parse(text);
  REQUIRE(address);
  return with(address->isV4() ? Type::A : Type::AAAA, Bytes(address->bytes().begin(), address->bytes().end()));
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "private addresses in an answer make it SERVFAIL with the reason") {
  for (const char* const text : {"0.0.0.0",
                                 "0.1.2.3",
                                 "10.0.0.1",
                                 "10.255.255.255",
                                 "127.0.0.1",
                                 "127.255.0.1",
                                 "169.254.1.1",
                                 "172.16.0.1",
                                 "172.31.255.255",
                                 "192.168.0.1",
                                 "192.168.255.255",
                                 "::",
                                 "::1",
                                 "fc00::1",
                                 "fdff::1",
                                 "fe80::1",
                                 "febf::1",
                                 "::ffff:10.0.0.1",
                                 "::ffff:192.0.2.1",
                                 "64:ff9b::10.0.0.1",
                                 "64:ff9b::127.0.0.1",
                                 "64:ff9b:1::1"}) {
    CAPTURE(text);
    CHECK(refuses(addressOf(text)));
  }
}

TEST_CASE_FIXTURE(Fixture, "public addresses, and those beside the private networks, are passed on") {
  for (const char* const text :
       {"1.0.0.0", "9.255.255.255", "11.0.0.0", "126.255.255.255", "128.0.0.0", "169.253.0.1", "169.255.0.1",
        "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "192.0.2.1", "::2", "64:ff9b::192.0.2.1",
        "64:ff9b:2::1", "fbff::1", "fe00::1", "fec0::1", "2001:db8::1"}) {
    CAPTURE(text);
    CHECK_FALSE(refuses(addressOf(text)));
  }
}

TEST_CASE_FIXTURE(Fixture, "one private address among others is enough, at the end of aliases too") {
  Answer answer;
  answer.add(Name("www.example."), 60s, taut::rdata::CNAME(Name("target.example.")));
  answer.add(Name("target.example."), 60s, taut::rdata::A(192, 0, 2, 1));
  CHECK_FALSE(filter(std::move(answer)).entryCount() == 0);
  Answer mixed;
  mixed.add(Name("www.example."), 60s, taut::rdata::CNAME(Name("target.example.")));
  mixed.add(Name("target.example."), 60s, taut::rdata::A(192, 0, 2, 1));
  mixed.add(Name("target.example."), 60s, taut::rdata::A(192, 168, 1, 1));
  CHECK(refuses(std::move(mixed)));
}

TEST_CASE_FIXTURE(Fixture,
                  "names in the domains that are allowed have private addresses, aliases to them from elsewhere not") {
  CHECK_FALSE(refuses(addressOf("10.0.0.1"), "home.test."));
  CHECK_FALSE(refuses(addressOf("10.0.0.1"), "a.b.HOME.test."));
  CHECK_FALSE(refuses(addressOf("10.0.0.1"), "corp.example."));
  CHECK(refuses(addressOf("10.0.0.1"), "myhome.test."));
  CHECK(refuses(addressOf("10.0.0.1"), "test."));
  Answer alias;
  alias.add(Name("www.example."), 60s, taut::rdata::CNAME(Name("box.home.test.")));
  alias.add(Name("box.home.test."), 60s, taut::rdata::A(10, 0, 0, 1));
  CHECK(refuses(std::move(alias)));
}

TEST_CASE_FIXTURE(Fixture, "the address hints of SVCB and HTTPS are looked at too") {
  const Bytes alpnAndHint = {0, 1, 1, 'a', 0, 0, 1, 0, 3, 2, 'h', '2', 0, 4, 0, 8, 192, 0, 2, 1};
  for (const Type type : {Type::SVCB, Type::HTTPS}) {
    Bytes v4 = alpnAndHint;
    v4.insert(v4.end(), {192, 0, 2, 2});
    CHECK_FALSE(refuses(with(type, v4)));
    v4[20] = 127;
    CHECK(refuses(with(type, v4)));
    Bytes v6 = {0, 1, 0, 0, 6, 0, 16, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    CHECK(refuses(with(type, v6)));
    v6[7] = 0x20;
    CHECK_FALSE(refuses(with(type, v6)));
    // Cut anywhere, as no server's reply is that was read: it is passed over without a fault.
    for (std::size_t size = 0; size < 20; ++size)
      CHECK_FALSE(refuses(with(type, Bytes(alpnAndHint.begin(), alpnAndHint.begin() + size))));
  }
}

TEST_CASE_FIXTURE(Fixture, "additional data with a private address is left out, and the answer stays") {
  Answer answer = with(Type::MX, {0, 10, 4, 'm', 'a', 'i', 'l', 0});
  answer.add(Name("mail."), 60s, taut::rdata::A(10, 0, 0, 1), Section::additional);
  const Answer filtered = filter(std::move(answer));
  REQUIRE(filtered.entryCount() == 1);
  CHECK(filtered.entry(0).rrset.type == Type::MX);
  Answer harmless = with(Type::MX, {0, 10, 4, 'm', 'a', 'i', 'l', 0});
  harmless.add(Name("mail."), 60s, taut::rdata::A(192, 0, 2, 1), Section::additional);
  CHECK(filter(std::move(harmless)).entryCount() == 2);
}

TEST_CASE_FIXTURE(Fixture, "no answer stays none, and an error stays what it is") {
  const Query query(Name("www.example."), Type::A);
  CHECK_FALSE(taut::syncWait(filtering.resolve(query)));
  CHECK(filter(Answer::nameError()).rcode() == Rcode::NXDOMAIN);
}

TEST_CASE_FIXTURE(Fixture, "other domains are allowed once they take the place of the first") {
  const std::vector<Name> others = {Name("example.")};
  filtering.setAllowedDomains(others);
  CHECK_FALSE(refuses(addressOf("10.0.0.1"), "www.example."));
  CHECK(refuses(addressOf("10.0.0.1"), "www.home.test."));
}

TEST_CASE_FIXTURE(Fixture, "the root as a domain that is allowed allows all, and no domain at all none") {
  const std::vector<Name> root = {Name(".")};
  filtering.setAllowedDomains(root);
  CHECK_FALSE(refuses(addressOf("10.0.0.1")));
  filtering.setAllowedDomains({});
  CHECK(refuses(addressOf("10.0.0.1"), "www.home.test."));
}

TEST_CASE_FIXTURE(Fixture, "what is blocked has the source and the scope of the answer in its place") {
  Answer inside = addressOf("10.0.0.1");
  inside.setSource(taut::AnswerSource::forwarder(taut::Address::loopbackV4(53)));
  inside.setClientSubnetScope(24);
  const Answer blocked = filter(std::move(inside));
  CHECK(blocked.rcode() == Rcode::SERVFAIL);
  CHECK(blocked.source().server() == taut::Address::loopbackV4(53));
  CHECK(blocked.clientSubnetScope() == std::uint8_t{24});
}

}  // namespace rebinding_filter_test
