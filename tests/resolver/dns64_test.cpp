#include "taut/resolver/dns64.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "resolver/hosts_support.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/dns/address_name.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/testing/query.hpp"

namespace dns64_test {

namespace {

using namespace std::chrono_literals;
using namespace taut;
using taut::test::textOf;

rdata::SOA soa() {
  return {Name("ns.example."), Name("admin.example."), 1, 3600, 600, 86400, 300};
}

// A client whose answers a test makes, each for one type.
class Client final : public Resolver {
 public:
  Task<std::optional<Answer>> resolve(const Query& query) override {
    asked.push_back(query.question());
    const auto found = answers.find(query.type());
    std::optional<Answer> answer;
    if (found != answers.end()) answer = std::move(found->second);
    return Task<std::optional<Answer>>::ready(std::move(answer));
  }

  std::map<Type, Answer> answers;
  std::vector<Question> asked;
};

// Each RRset of the answer section once, after the RCODE.
std::string textOfAnswer(const Answer& answer) {
  std::string text = toString(answer.rcode());
  std::string last;
  for (std::size_t i = 0; i < answer.entryCount(); ++i) {
    if (answer.entry(i).section != Section::answer) continue;
    const RRset& rrset = answer.entry(i).rrset;
    const std::string head = fmt::format(" | {} {} {} ", rrset.owner, rrset.ttl, rrset.type);
    text += (head == last ? " " : head) + textOf(rrset);
    last = head;
  }
  return text;
}

struct Fixture {
  Answer ask(const char* name, Type type) { return ask(Query(Name(name), type)); }
  Answer ask(const Query& query) {
    auto answer = syncWait(dns64.resolve(query));
    REQUIRE(answer);
    CHECK_FALSE(answer->authenticData());
    return std::move(*answer);
  }
  std::string text(const char* name, Type type = Type::AAAA) { return textOfAnswer(ask(name, type)); }

  std::shared_ptr<Client> client = std::make_shared<Client>();
  Dns64 dns64{client, {Nat64Prefix(), AddressPolicy().refuse("2001:db8:bad::/48")}};
};

Answer addresses(Type type, std::initializer_list<const char*> texts, std::uint32_t ttl = 3600) {
  Answer answer;
  for (const char* const text : texts)
    answer.addRecord(Section::answer, Name("www.example."), type, Class::IN, ttl, Address::parse(text).value().bytes());
  return answer;
}

// `ttl` is that of its SOA record.
Answer noData(std::chrono::seconds ttl = 300s) {
  return Answer::noData(Name("example."), ttl, soa());
}

Answer failure(std::optional<ExtendedErrorCode> reason = std::nullopt) {
  Answer answer = Answer::serverFailure();
  if (reason) answer.setExtendedError(*reason);
  return answer;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a name without AAAA has its IPv4 addresses embedded, for as long as both answers hold") {
  client->answers.emplace(Type::AAAA, noData(200s));
  client->answers.emplace(Type::A, addresses(Type::A, {"192.0.2.1", "192.0.2.2"}));
  CHECK(text("www.example.") == "NOERROR | www.example. 200 AAAA 64:ff9b::c000:201 64:ff9b::c000:202");
  CHECK(client->asked == std::vector<Question>{{Name("www.example."), Type::AAAA}, {Name("www.example."), Type::A}});
}

TEST_CASE_FIXTURE(Fixture, "a short TTL of an A record stays, and without a SOA record ten minutes are the limit") {
  client->answers.emplace(Type::AAAA, noData());
  client->answers.emplace(Type::A, addresses(Type::A, {"192.0.2.1"}, 7));
  CHECK(text("www.example.") == "NOERROR | www.example. 7 AAAA 64:ff9b::c000:201");
  client->answers.clear();
  client->answers.emplace(Type::AAAA, Answer());
  client->answers.emplace(Type::A, addresses(Type::A, {"192.0.2.1"}));
  CHECK(text("www.example.") == "NOERROR | www.example. 600 AAAA 64:ff9b::c000:201");
}

TEST_CASE_FIXTURE(Fixture, "an answer with AAAA is passed on, and A is not asked for") {
  client->answers.emplace(Type::AAAA, addresses(Type::AAAA, {"2001:db8::1"}));
  CHECK(text("www.example.") == "NOERROR | www.example. 3600 AAAA 2001:db8::1");
  CHECK(client->asked.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "aliases stay, those to a name without AAAA too, and signatures of A records go") {
  Answer alias;
  alias.add(Name("www.example."), 60s, rdata::CNAME(Name("host.example.")));
  alias.add(Name("example."), 300s, soa(), Section::authority);
  client->answers.emplace(Type::AAAA, std::move(alias));
  Answer v4;
  v4.add(Name("www.example."), 60s, rdata::CNAME(Name("host.example.")));
  v4.add(Name("host.example."), 3600s, rdata::A(192, 0, 2, 1));
  const std::vector<std::uint8_t> signature = {0, 1, 13, 2, 0, 0, 0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0};
  v4.addRecord(Section::answer, Name("host.example."), Type::RRSIG, Class::IN, 3600, signature);
  v4.setAuthenticData(true);
  v4.setAuthoritative(true);
  client->answers.emplace(Type::A, std::move(v4));
  const Answer made = ask("www.example.", Type::AAAA);
  CHECK(textOfAnswer(made) ==
        "NOERROR | www.example. 60 CNAME host.example. | host.example. 300 AAAA 64:ff9b::c000:201");
  CHECK_FALSE(made.authoritative());
}

TEST_CASE_FIXTURE(Fixture, "a name that does not exist stays so") {
  client->answers.emplace(Type::AAAA, Answer::nameError(Name("example."), 300s, soa()));
  CHECK(text("www.example.") == "NXDOMAIN");
  CHECK(client->asked.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a name with neither address has the answer to the question for AAAA") {
  client->answers.emplace(Type::AAAA, noData());
  client->answers.emplace(Type::A, noData());
  const Answer answer = ask("www.example.", Type::AAAA);
  CHECK(textOfAnswer(answer) == "NOERROR");
  CHECK(answer.entryCount(Section::authority) == 1);
}

TEST_CASE_FIXTURE(
    Fixture, "a failed validation, a refusal by policy and an overload stay what they are, and A is not asked for") {
  for (const ExtendedErrorCode reason : {ExtendedErrorCode::dnssecBogus, ExtendedErrorCode::signatureExpired,
                                         ExtendedErrorCode::blocked, ExtendedErrorCode::filtered}) {
    client->asked.clear();
    client->answers.clear();
    client->answers.emplace(Type::AAAA, failure(reason));
    client->answers.emplace(Type::A, addresses(Type::A, {"192.0.2.1"}));
    CHECK(text("www.example.") == "SERVFAIL");
    CHECK(client->asked.size() == 1);
  }
  client->asked.clear();
  client->answers.clear();
  Answer overload = failure();
  overload.setTransient(true);
  client->answers.emplace(Type::AAAA, std::move(overload));
  CHECK(text("www.example.") == "SERVFAIL");
  CHECK(client->asked.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "an error of servers that do not know AAAA does not hide the IPv4 addresses") {
  for (const auto reason :
       {std::optional<ExtendedErrorCode>(), std::optional(ExtendedErrorCode::noReachableAuthority)}) {
    client->answers.clear();
    client->answers.emplace(Type::AAAA, failure(reason));
    client->answers.emplace(Type::A, addresses(Type::A, {"192.0.2.1"}));
    CHECK(text("www.example.") == "NOERROR | www.example. 600 AAAA 64:ff9b::c000:201");
  }
  client->answers.clear();
  client->answers.emplace(Type::AAAA, failure());
  client->answers.emplace(Type::A, Answer::refused());
  CHECK(text("www.example.") == "SERVFAIL");
}

TEST_CASE_FIXTURE(Fixture, "where A fails it is not known that there is no address, and that is the answer") {
  client->answers.emplace(Type::AAAA, noData());
  client->answers.emplace(Type::A, failure(ExtendedErrorCode::dnssecBogus));
  const Answer answer = ask("www.example.", Type::AAAA);
  CHECK(answer.rcode() == Rcode::SERVFAIL);
  CHECK(answer.extendedError()->code == ExtendedErrorCode::dnssecBogus);
}

TEST_CASE_FIXTURE(Fixture, "what gives no reply, or asks for TCP, is passed on") {
  client->answers.emplace(Type::AAAA, Answer::noReply());
  CHECK(ask("www.example.", Type::AAAA).isNoReply());
  client->answers.clear();
  Answer truncated;
  truncated.setTruncated(true);
  client->answers.emplace(Type::AAAA, std::move(truncated));
  client->answers.emplace(Type::A, addresses(Type::A, {"192.0.2.1"}));
  CHECK(ask("www.example.", Type::AAAA).truncated());
  client->answers.clear();
  CHECK_FALSE(syncWait(dns64.resolve(Query(Name("www.example."), Type::AAAA))));
}

TEST_CASE_FIXTURE(Fixture, "AAAA records that no client can use count as none") {
  client->answers.emplace(Type::AAAA, addresses(Type::AAAA, {"::ffff:192.0.2.9", "2001:db8:bad::1"}));
  client->answers.emplace(Type::A, addresses(Type::A, {"192.0.2.1"}, 60));
  CHECK(text("www.example.") == "NOERROR | www.example. 60 AAAA 64:ff9b::c000:201");
  client->answers.clear();
  client->answers.emplace(Type::AAAA, addresses(Type::AAAA, {"::ffff:192.0.2.9"}));
  client->answers.emplace(Type::A, noData());
  CHECK(text("www.example.") == "NOERROR");
}

TEST_CASE_FIXTURE(Fixture, "of AAAA records the usable ones stay, without the signature of all") {
  Answer mixed = addresses(Type::AAAA, {"2001:db8::1", "::ffff:192.0.2.9", "2001:db8::2"});
  const std::vector<std::uint8_t> signature = {0, 28, 13, 2, 0, 0, 0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0};
  mixed.addRecord(Section::answer, Name("www.example."), Type::RRSIG, Class::IN, 3600, signature);
  mixed.setAuthenticData(true);
  client->answers.emplace(Type::AAAA, std::move(mixed));
  CHECK(text("www.example.") == "NOERROR | www.example. 3600 AAAA 2001:db8::1 2001:db8::2");
  CHECK(client->asked.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "addresses that have no meaning elsewhere are not embedded by the well-known prefix") {
  client->answers.emplace(Type::AAAA, noData());
  client->answers.emplace(Type::A, addresses(Type::A, {"10.0.0.1"}));
  CHECK(text("www.example.") == "NOERROR");
  Dns64 own(client, {Nat64Prefix::parse("2001:db8:64::/96").value(), AddressPolicy()});
  client->answers.clear();
  client->answers.emplace(Type::AAAA, noData());
  client->answers.emplace(Type::A, addresses(Type::A, {"10.0.0.1"}));
  const auto answer = syncWait(own.resolve(Query(Name("www.example."), Type::AAAA)));
  CHECK(textOfAnswer(answer.value()) == "NOERROR | www.example. 300 AAAA 2001:db8:64::a00:1");
}

TEST_CASE_FIXTURE(
    Fixture, "with DO and CD the client judges by itself and gets what there is; with one of them addresses are made") {
  const auto asked = [&](bool dnssecOk, bool checkingDisabled) {
    client->answers.clear();
    client->answers.emplace(Type::AAAA, noData());
    client->answers.emplace(Type::A, addresses(Type::A, {"192.0.2.1"}));
    testing::QueryShape shape;
    shape.dnssecOk = dnssecOk;
    if (checkingDisabled) shape.flags |= flag::CD;
    return ask(testing::query("www.example.", Type::AAAA, shape)).entryCount(Section::answer);
  };
  CHECK(asked(false, false) == 1);
  CHECK(asked(true, false) == 1);
  CHECK(asked(false, true) == 1);
  CHECK(asked(true, true) == 0);
}

TEST_CASE_FIXTURE(Fixture,
                  "the reverse name of an embedded address is an alias of the IPv4 address's, which is followed") {
  const Name reverse = reverseName(Address::parse("64:ff9b::192.0.2.1").value());
  Answer pointer;
  pointer.add(Name("1.2.0.192.in-addr.arpa."), 60s, rdata::PTR(Name("www.example.")));
  client->answers.emplace(Type::PTR, std::move(pointer));
  const std::string alias = fmt::format("NOERROR | {} 600 CNAME 1.2.0.192.in-addr.arpa.", reverse);
  CHECK(textOfAnswer(ask(Query(reverse, Type::PTR))) == alias + " | 1.2.0.192.in-addr.arpa. 60 PTR www.example.");
  CHECK(client->asked == std::vector<Question>{{Name("1.2.0.192.in-addr.arpa."), Type::PTR}});
  CHECK(textOfAnswer(ask(Query(reverse, Type::CNAME))) == alias);
  client->answers.clear();
  client->answers.emplace(Type::PTR, Answer::nameError(Name("192.in-addr.arpa."), 300s, soa()));
  const Answer denied = ask(Query(reverse, Type::PTR));
  CHECK(denied.rcode() == Rcode::NXDOMAIN);
  CHECK(denied.entryCount(Section::answer) == 1);
  CHECK(denied.entryCount(Section::authority) == 1);
}

TEST_CASE_FIXTURE(Fixture, "other reverse names are passed on") {
  const Name reverse = reverseName(Address::parse("2001:db8::1").value());
  client->answers.emplace(Type::PTR, noData());
  CHECK(textOfAnswer(ask(Query(reverse, Type::PTR))) == "NOERROR");
  CHECK(client->asked == std::vector<Question>{{reverse, Type::PTR}});
}

TEST_CASE_FIXTURE(Fixture, "clients find the prefix by ipv4only.arpa, and no server is asked for it") {
  CHECK(text("ipv4only.arpa.") == "NOERROR | ipv4only.arpa. 3600 AAAA 64:ff9b::c000:aa 64:ff9b::c000:ab");
  CHECK(text("IPv4only.arpa.", Type::A) == "NOERROR | IPv4only.arpa. 3600 A 192.0.0.170 192.0.0.171");
  CHECK(text("170.0.0.192.in-addr.arpa.", Type::PTR) == "NOERROR | 170.0.0.192.in-addr.arpa. 3600 PTR ipv4only.arpa.");
  const Name reverse = reverseName(Address::parse("64:ff9b::192.0.0.171").value());
  CHECK(ask(Query(reverse, Type::PTR)).entryCount(Section::answer) == 2);
  CHECK(client->asked.empty());
}

TEST_CASE_FIXTURE(Fixture, "an answer that was made says what the answer for A says of itself") {
  client->answers.emplace(Type::AAAA, noData());
  client->answers.find(Type::AAAA)->second.setClientSubnetScope(24);
  Answer v4 = addresses(Type::A, {"192.0.2.1"});
  v4.setSource(AnswerSource::forwarder(Address::loopbackV4(53)));
  v4.setExtendedError(ExtendedErrorCode::staleAnswer, "old");
  v4.setClientSubnetScope(16);
  client->answers.emplace(Type::A, std::move(v4));
  const Answer made = ask("www.example.", Type::AAAA);
  CHECK(made.source().server() == Address::loopbackV4(53));
  CHECK(made.extendedError()->code == ExtendedErrorCode::staleAnswer);
  CHECK(made.extendedError()->text == "old");
  CHECK(made.clientSubnetScope() == std::uint8_t{24});
}

}  // namespace dns64_test
