#include "taut/resolver/response_policy.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "resolver/hosts_support.hpp"
#include "resolver/policy_support.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/resolver/policy_set.hpp"
#include "taut/testing/query.hpp"

namespace response_policy_test {

namespace {

using namespace std::chrono_literals;
using namespace taut;
using taut::test::policyZone;
using taut::test::textOf;

std::string textOfAnswer(const Answer& answer) {
  if (answer.isNoReply()) return "no reply";
  if (answer.truncated()) return "truncated";
  std::string text = toString(answer.rcode());
  for (std::size_t i = 0; i < answer.entryCount(); ++i) {
    const Answer::Entry& entry = answer.entry(i);
    if (entry.section == Section::answer)
      text += fmt::format(" | {} {} {}", entry.rrset.owner, entry.rrset.type, textOf(entry.rrset));
  }
  return text;
}

// An upstream whose answers a test makes; a name that it was not told of does not exist.
class Upstream final : public Resolver {
 public:
  Task<std::optional<Answer>> resolve(const Query& query) override {
    asked.push_back(query.question());
    const auto found = answers.find({query.name(), query.type()});
    std::optional<Answer> answer = found == answers.end() ? Answer::nameError() : found->second();
    return Task<std::optional<Answer>>::ready(std::move(answer));
  }
  void at(const char* name, Type type, std::function<Answer()> make) { answers[{Name(name), type}] = std::move(make); }

  std::map<std::pair<Name, Type>, std::function<Answer()>> answers;
  std::vector<Question> asked;
};

template <class... Rdata>
std::function<Answer()> records(const char* owner, const Rdata&... rdata) {
  return [=] {
    Answer answer;
    (answer.add(Name(owner), 300s, rdata), ...);
    answer.setAuthenticData(true);
    return answer;
  };
}

struct Fixture {
  Fixture() {
    upstream->at("www.example.com", Type::A, records("www.example.com.", rdata::A(198, 51, 100, 1)));
    upstream->at("two.example.com", Type::A,
                 records("two.example.com.", rdata::A(198, 51, 100, 1), rdata::A(203, 0, 113, 9)));
    upstream->at("www.example.com", Type::AAAA, records("www.example.com.", rdata::AAAA("2001:db8:1::1")));
    upstream->at("alias.example.com", Type::A, [] {
      Answer answer;
      answer.add(Name("alias.example.com."), 300s, rdata::CNAME(Name("middle.example.net.")));
      answer.add(Name("middle.example.net."), 300s, rdata::CNAME(Name("end.example.org.")));
      answer.add(Name("end.example.org."), 300s, rdata::A(198, 51, 100, 1));
      return answer;
    });
    upstream->at("broken.example.com", Type::A, [] {
      Answer answer = Answer::serverFailure();
      answer.setExtendedError(ExtendedErrorCode::dnssecBogus);
      return answer;
    });
    upstream->at("walled.garden", Type::A, records("walled.garden.", rdata::A(192, 0, 2, 80)));
    upstream->at("www.example.com.walled.garden", Type::A,
                 records("www.example.com.walled.garden.", rdata::A(192, 0, 2, 81)));
  }

  // One zone for each text, in order: rpz1.example, rpz2.example and so on.
  void use(const std::vector<std::string>& zones) {
    std::vector<PolicySource> sources;
    for (std::size_t i = 0; i < zones.size(); ++i)
      sources.push_back({policyZone(zones[i], fmt::format("rpz{}.example.", i + 1)), ExtendedErrorCode::filtered});
    policy.replace(PolicySet::make(sources));
  }
  Answer ask(const char* name, Type type = Type::A, const testing::QueryShape& shape = {}) {
    upstream->asked.clear();
    const auto query = testing::query(name, type, shape);
    auto answer = syncWait(policy.resolve(query));
    REQUIRE(answer);
    return std::move(*answer);
  }
  std::string text(const char* name, Type type = Type::A, const testing::QueryShape& shape = {}) {
    return textOfAnswer(ask(name, type, shape));
  }

  std::shared_ptr<Upstream> upstream = std::make_shared<Upstream>();
  ResponsePolicy policy{upstream, PolicySet::make({})};
};

const std::string aliases =
    " | alias.example.com. CNAME middle.example.net. | middle.example.net. CNAME end.example.org.";

}  // namespace

TEST_CASE_FIXTURE(Fixture,
                  "a blocked name does not exist, the answer says why and by which zone, and no server is asked") {
  use({"www.example.com CNAME .\n"});
  const Answer answer = ask("www.example.com");
  CHECK(textOfAnswer(answer) == "NXDOMAIN");
  CHECK(upstream->asked.empty());
  CHECK_FALSE(answer.authenticData());
  CHECK_FALSE(answer.authoritative());
  REQUIRE(answer.extendedError());
  CHECK(answer.extendedError()->code == ExtendedErrorCode::filtered);
  CHECK(answer.extendedError()->text == "rpz1.example.");
  REQUIRE(answer.entryCount(Section::additional) == 1);
  CHECK(answer.entry(0).rrset.type == Type::SOA);
  CHECK(answer.entry(0).rrset.owner == Name("rpz1.example.").view());
  CHECK(answer.source().zone().value() == Name("rpz1.example.").view());
}

TEST_CASE_FIXTURE(Fixture, "a name can have no data, no reply, or a reply over TCP alone") {
  use({"www.example.com CNAME *.\n*.drop.test CNAME rpz-drop.\ntwo.example.com CNAME rpz-tcp-only.\n"});
  CHECK(text("www.example.com") == "NOERROR");
  CHECK(text("x.drop.test") == "no reply");
  CHECK(text("two.example.com") == "truncated");
  CHECK(upstream->asked.empty());
  testing::QueryShape stream;
  stream.transport = Transport::tcp;
  CHECK(text("two.example.com", Type::A, stream) ==
        "NOERROR | two.example.com. A 198.51.100.1 | two.example.com. A 203.0.113.9");
}

TEST_CASE_FIXTURE(Fixture,
                  "a name that is passed through is answered as if there were no policy, by later zones neither") {
  use({"www.example.com CNAME rpz-passthru.\n", "*.example.com CNAME .\n24.0.100.51.198.rpz-ip CNAME .\n"});
  CHECK(text("www.example.com") == "NOERROR | www.example.com. A 198.51.100.1");
  CHECK(ask("www.example.com").authenticData());
  CHECK(text("two.example.com") == "NXDOMAIN");
}

TEST_CASE_FIXTURE(Fixture, "local data stands in the place of what servers say, with the name that was asked for") {
  use({"www.example.com A 192.0.2.7\nwww.example.com TXT blocked\n*.wild.test AAAA 2001:db8::7\n"});
  const Answer answer = ask("www.example.com");
  CHECK(textOfAnswer(answer) == "NOERROR | www.example.com. A 192.0.2.7");
  CHECK(answer.extendedError()->code == ExtendedErrorCode::forgedAnswer);
  CHECK(text("www.example.com", Type::AAAA) == "NOERROR");
  CHECK(ask("www.example.com", Type::AAAA).extendedError()->code == ExtendedErrorCode::filtered);
  CHECK(text("www.example.com", Type::ANY) ==
        "NOERROR | www.example.com. A 192.0.2.7 | www.example.com. TXT \"blocked\"");
  CHECK(text("a.b.wild.test", Type::AAAA) == "NOERROR | a.b.wild.test. AAAA 2001:db8::7");
  CHECK(upstream->asked.empty());
}

TEST_CASE_FIXTURE(Fixture, "an alias of local data is followed, and no rule is applied to its target") {
  use({"www.example.com CNAME walled.garden.\nwalled.garden CNAME .\n"});
  CHECK(text("www.example.com") == "NOERROR | www.example.com. CNAME walled.garden. | walled.garden. A 192.0.2.80");
  CHECK(upstream->asked == std::vector<Question>{{Name("walled.garden."), Type::A}});
  CHECK(text("www.example.com", Type::CNAME) == "NOERROR | www.example.com. CNAME walled.garden.");
  CHECK(upstream->asked.empty());
  CHECK(text("walled.garden") == "NXDOMAIN");
  use({"www.example.com CNAME nowhere.test.\n"});
  CHECK(text("www.example.com") == "NXDOMAIN | www.example.com. CNAME nowhere.test.");
}

TEST_CASE_FIXTURE(Fixture, "a wildcard as the target of an alias stands for the name before its domain") {
  use({"*.example.com CNAME *.walled.garden.\n"});
  CHECK(
      text("www.example.com") ==
      "NOERROR | www.example.com. CNAME www.example.com.walled.garden. | www.example.com.walled.garden. A 192.0.2.81");
  const std::string label(63, 'x');
  const std::string name = label + '.' + label + '.' + label + '.' + std::string(45, 'y') + ".example.com.";
  CHECK(text(name.c_str()) == "YXDOMAIN");
}

TEST_CASE_FIXTURE(Fixture, "an address in an answer is blocked whatever else the answer has") {
  use({"24.0.113.0.203.rpz-ip CNAME .\n48.zz.1.db8.2001.rpz-ip CNAME *.\n"});
  CHECK(text("two.example.com") == "NXDOMAIN");
  CHECK(upstream->asked.size() == 1);
  CHECK(text("www.example.com") == "NOERROR | www.example.com. A 198.51.100.1");
  CHECK(text("www.example.com", Type::AAAA) == "NOERROR");
}

TEST_CASE_FIXTURE(Fixture, "of several networks with addresses of an answer the longest one has the rule") {
  use({"24.0.113.0.203.rpz-ip CNAME .\n32.1.100.51.198.rpz-ip CNAME rpz-passthru.\n"});
  CHECK(text("two.example.com") == "NOERROR | two.example.com. A 198.51.100.1 | two.example.com. A 203.0.113.9");
  use({"24.0.113.0.203.rpz-ip A 192.0.2.7\n16.0.0.51.198.rpz-ip CNAME rpz-passthru.\n"});
  CHECK(text("two.example.com") == "NOERROR | two.example.com. A 192.0.2.7");
}

TEST_CASE_FIXTURE(Fixture, "rules for clients go before all others of their zone") {
  use({"32.100.2.0.192.rpz-client-ip CNAME rpz-passthru.\n*.example.com CNAME .\n"});
  CHECK(text("www.example.com") == "NOERROR | www.example.com. A 198.51.100.1");
  testing::QueryShape other;
  other.client = Address::v4({192, 0, 2, 101}, 5300);
  CHECK(text("www.example.com", Type::A, other) == "NXDOMAIN");
}

TEST_CASE_FIXTURE(Fixture, "a name that an alias leads to is blocked, and the aliases before it stay") {
  use({"middle.example.net CNAME .\n"});
  CHECK(text("alias.example.com") == "NXDOMAIN | alias.example.com. CNAME middle.example.net.");
  use({"end.example.org CNAME *.\n"});
  CHECK(text("alias.example.com") == "NOERROR" + aliases);
  use({"end.example.org CNAME walled.garden.\n"});
  CHECK(text("alias.example.com") ==
        "NOERROR" + aliases + " | end.example.org. CNAME walled.garden. | walled.garden. A 192.0.2.80");
  use({"32.1.100.51.198.rpz-ip A 192.0.2.7\n"});
  CHECK(text("alias.example.com") == "NOERROR" + aliases + " | end.example.org. A 192.0.2.7");
}

TEST_CASE_FIXTURE(Fixture, "an earlier name on the way goes before an earlier zone, and that before a later one") {
  use({"end.example.org CNAME .\n", "alias.example.com CNAME rpz-passthru.\n"});
  CHECK(text("alias.example.com") == "NOERROR" + aliases + " | end.example.org. A 198.51.100.1");
  use({"end.example.org CNAME .\n", "end.example.org CNAME *.\n"});
  CHECK(text("alias.example.com") == "NXDOMAIN" + aliases);
  use({"24.0.100.51.198.rpz-ip CNAME *.\n", "www.example.com CNAME .\nend.example.org CNAME .\n"});
  CHECK(text("www.example.com") == "NOERROR");
  CHECK(upstream->asked.size() == 1);
  CHECK(text("alias.example.com") == "NOERROR" + aliases);
}

TEST_CASE_FIXTURE(Fixture,
                  "a failed validation stays SERVFAIL, whatever the rules for addresses and names after it are") {
  use({"24.0.100.51.198.rpz-ip A 192.0.2.7\n", "broken.example.com A 192.0.2.8\n"});
  const Answer answer = ask("broken.example.com");
  CHECK(textOfAnswer(answer) == "SERVFAIL");
  CHECK(answer.extendedError()->code == ExtendedErrorCode::dnssecBogus);
}

TEST_CASE_FIXTURE(Fixture, "where no rule fits the answer is passed on as it is") {
  use({"bad.test CNAME .\n24.0.3.0.192.rpz-ip CNAME .\n32.1.3.0.192.rpz-client-ip CNAME .\n"});
  const Answer answer = ask("www.example.com");
  CHECK(textOfAnswer(answer) == "NOERROR | www.example.com. A 198.51.100.1");
  CHECK(answer.authenticData());
  CHECK_FALSE(answer.extendedError());
  CHECK(text("nowhere.test") == "NXDOMAIN");
  CHECK(syncWait(policy.resolve(Query(Name("bad.test."), Type::TXT, Class::CH))).value().extendedError() == nullptr);
}

TEST_CASE_FIXTURE(Fixture, "clients that the policy is not for learn nothing of it") {
  use({"www.example.com CNAME .\n"});
  policy.setAddressPolicy(AddressPolicy(AddressPolicy::Action::refuse).allow("192.0.2.7"));
  CHECK(text("www.example.com") == "NOERROR | www.example.com. A 198.51.100.1");
  testing::QueryShape inside;
  inside.client = Address::v4({192, 0, 2, 7}, 5300);
  CHECK(text("www.example.com", Type::A, inside) == "NXDOMAIN");
}

TEST_CASE_FIXTURE(Fixture, "another policy counts from the next query on, and an answer does not need the one before") {
  use({"www.example.com CNAME .\n"});
  const Answer answer = ask("www.example.com");
  use({"two.example.com CNAME .\n"});
  CHECK(text("www.example.com") == "NOERROR | www.example.com. A 198.51.100.1");
  CHECK(text("two.example.com") == "NXDOMAIN");
  CHECK(answer.source().zone().value() == Name("rpz1.example.").view());
  CHECK(answer.entry(0).rrset.owner == Name("rpz1.example.").view());
}

TEST_CASE_FIXTURE(Fixture, "a policy that changes while an answer is awaited leaves that answer to the one before") {
  upstream->at("www.example.com", Type::A, [this] {
    policy.replace(PolicySet::make({}));
    return records("www.example.com.", rdata::A(198, 51, 100, 1))();
  });
  use({"24.0.100.51.198.rpz-ip A 192.0.2.7\n"});
  CHECK(text("www.example.com") == "NOERROR | www.example.com. A 192.0.2.7");
  CHECK(text("www.example.com") == "NOERROR | www.example.com. A 198.51.100.1");
}

TEST_CASE("zones that are not loaded have no rules, and what was made of a version is used again") {
  const auto first = policyZone("bad.test CNAME .\n24.0.3.0.192.rpz-ip CNAME .\n", "a.example.");
  const auto second = policyZone("bad.test CNAME .\n", "b.example.");
  const std::vector<PolicySource> sources = {{first}, {nullptr}, {Zone::notLoaded(Name("c.example."))}, {second}};
  const auto set = PolicySet::make(sources);
  REQUIRE(set->policies().size() == 2);
  CHECK(set->policies()[1].zone->zone() == second);
  CHECK(PolicySet::make(sources, set) == set);
  const auto changed = policyZone("worse.test CNAME .\n", "b.example.");
  const auto next = PolicySet::make(std::vector<PolicySource>{{first}, {changed}}, set);
  CHECK(next != set);
  CHECK(next->policies()[0].zone == set->policies()[0].zone);
  CHECK(next->policies()[1].zone->zone() == changed);
  const std::vector<PolicySource> other = {{first, ExtendedErrorCode::censored}, {second}};
  CHECK(PolicySet::make(other, set) != set);
}

}  // namespace response_policy_test
