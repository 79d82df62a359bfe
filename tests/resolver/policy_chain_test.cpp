// Local zones, DNS64, response policies and the rebinding filter as a recursive service has them together.
#include <chrono>
#include <cstdint>
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
#include "taut/resolver/cache.hpp"
#include "taut/resolver/dns64.hpp"
#include "taut/resolver/local_zones.hpp"
#include "taut/resolver/rebinding_filter.hpp"
#include "taut/resolver/recursive_service.hpp"
#include "taut/resolver/response_policy.hpp"
#include "taut/testing/fake_upstream.hpp"
#include "taut/testing/manual_shard.hpp"
#include "taut/testing/query.hpp"
#include "taut/zone/zone_set.hpp"

namespace policy_chain_test {

namespace {

using namespace std::chrono_literals;
using namespace taut;
using taut::test::policyZone;
using taut::test::textOf;

// The Internet: www.example.com has 192.0.2.1, rebind.example.com 10.0.0.1, other names have no data.
class Internet final : public Resolver {
 public:
  Task<std::optional<Answer>> resolve(const Query& query) override {
    asked.push_back(query.question());
    std::optional<Answer> answer(std::in_place);
    const bool isAddress = query.type() == Type::A;
    if (isAddress && query.name() == Name("www.example.com."))
      answer->add(query.name(), 300s, rdata::A(192, 0, 2, 1));
    else if (isAddress && query.name() == Name("rebind.example.com."))
      answer->add(query.name(), 300s, rdata::A(10, 0, 0, 1));
    else
      answer = Answer::noData(Name("com."), 300s, {Name("a."), Name("b."), 1, 2, 3, 4, 300});
    answer->setAuthoritative(false);
    return Task<std::optional<Answer>>::ready(std::move(answer));
  }

  std::vector<Question> asked;
};

struct Fixture {
  Fixture() {
    const AddressPolicy inside = AddressPolicy(AddressPolicy::Action::refuse).allow("192.0.2.0/24");
    service->setAddressPolicy(inside);
    policy->setAddressPolicy(inside);
  }

  // The policy zone is one of those that are served, also where no client may ask about it.
  void publish(const char* rules) {
    const std::vector<std::shared_ptr<const Zone>> zones = {policyZone(rules)};
    ZoneSet served(zones);
    served.restrict(Name("rpz.example."), Class::IN, AddressPolicy(AddressPolicy::Action::refuse));
    const std::vector<PolicySource> sources = {{served.get(Name("rpz.example."))}};
    policy->replace(PolicySet::make(sources));
  }
  std::string ask(const char* name, Type type, Address client = Address::v4({192, 0, 2, 7}, 5300)) {
    internet->asked.clear();
    testing::QueryShape shape;
    shape.client = client;
    const auto query = testing::query(name, type, shape);
    const auto answer = syncWait(dns64.resolve(query));
    REQUIRE(answer);
    std::string text = toString(answer->rcode());
    for (std::size_t i = 0; i < answer->entryCount(); ++i)
      if (answer->entry(i).section == Section::answer)
        text += fmt::format(" {} {}", answer->entry(i).rrset.type, textOf(answer->entry(i).rrset));
    return text;
  }

  std::shared_ptr<Internet> internet = std::make_shared<Internet>();
  std::shared_ptr<Cache> cache = std::make_shared<Cache>(1 << 20);
  std::shared_ptr<RecursiveService> service = std::make_shared<RecursiveService>(
      RecursiveService::Caches{cache},
      std::vector<std::shared_ptr<Resolver>>{std::make_shared<LocalZones>(),
                                             std::make_shared<RebindingFilter>(internet, std::vector<Name>{})});
  std::shared_ptr<ResponsePolicy> policy = std::make_shared<ResponsePolicy>(service, PolicySet::make({}));
  Dns64 dns64{policy};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "local names have their loopback addresses, which are no rebinding, and nobody is asked") {
  CHECK(ask("localhost", Type::A) == "NOERROR A 127.0.0.1");
  CHECK(ask("localhost", Type::AAAA) == "NOERROR AAAA ::1");
  CHECK(ask("1.1.168.192.in-addr.arpa", Type::PTR) == "NXDOMAIN");
  CHECK(internet->asked.empty());
  CHECK(ask("rebind.example.com", Type::A) == "SERVFAIL");
  CHECK(ask("rebind.example.com", Type::AAAA) == "SERVFAIL");
}

TEST_CASE_FIXTURE(Fixture, "a question for AAAA and one for A share what the cache has of A") {
  CHECK(ask("www.example.com", Type::AAAA) == "NOERROR AAAA 64:ff9b::c000:201");
  CHECK(internet->asked.size() == 2);
  CHECK(ask("www.example.com", Type::A) == "NOERROR A 192.0.2.1");
  CHECK(ask("www.example.com", Type::AAAA) == "NOERROR AAAA 64:ff9b::c000:201");
  CHECK(internet->asked.empty());
}

TEST_CASE_FIXTURE(Fixture, "a rule counts at once for what the cache has, and no longer than it is there") {
  CHECK(ask("www.example.com", Type::A) == "NOERROR A 192.0.2.1");
  publish("www.example.com CNAME .\n");
  CHECK(ask("www.example.com", Type::A) == "NXDOMAIN");
  CHECK(ask("www.example.com", Type::AAAA) == "NXDOMAIN");
  publish("32.1.2.0.192.rpz-ip CNAME *.\n");
  CHECK(ask("www.example.com", Type::A) == "NOERROR");
  CHECK(ask("www.example.com", Type::AAAA) == "NOERROR");
  publish("www.example.com A 198.51.100.80\n");
  CHECK(ask("www.example.com", Type::AAAA) == "NOERROR AAAA 64:ff9b::c633:6450");
  publish("");
  CHECK(ask("www.example.com", Type::A) == "NOERROR A 192.0.2.1");
  CHECK(internet->asked.empty());
}

TEST_CASE_FIXTURE(Fixture, "clients that may not recurse are refused, whatever the policy and the local zones say") {
  publish("www.example.com A 198.51.100.80\n");
  const Address outside = Address::v4({203, 0, 113, 5}, 5300);
  CHECK(ask("www.example.com", Type::A, outside) == "REFUSED");
  CHECK(ask("www.example.com", Type::AAAA, outside) == "REFUSED");
  CHECK(ask("localhost", Type::A, outside) == "REFUSED");
  CHECK(internet->asked.empty());
}

namespace {

Task<> resolveInto(Resolver& resolver, const Query& query, std::optional<Answer>& answer) {
  answer = co_await resolver.resolve(query);
}

}  // namespace

TEST_CASE(
    "answers that take their time are changed as those that are there at once, by the policy of their beginning") {
  testing::ManualShard shard;
  auto upstream = std::make_shared<testing::FakeUpstream>(shard);
  upstream->at("www.example.com", Type::AAAA).after(1s);
  upstream->at("www.example.com", Type::A).add(300s, rdata::A(192, 0, 2, 1)).after(1s);
  upstream->at("rebind.example.com", Type::A).add(300s, rdata::A(10, 0, 0, 1)).after(1s);
  upstream->at("bad.example.com", Type::A).add(300s, rdata::A(198, 51, 100, 1)).after(1s);
  const std::vector<PolicySource> sources = {{policyZone("24.0.100.51.198.rpz-ip CNAME .\n")}};
  auto filter = std::make_shared<RebindingFilter>(upstream, std::vector<Name>{});
  auto policy = std::make_shared<ResponsePolicy>(filter, PolicySet::make(sources));
  Dns64 dns64(policy);
  const auto ask = [&](const char* name, Type type) {
    std::optional<Answer> answer;
    const Query query(Name(name), type);
    shard.run(resolveInto(dns64, query, answer));
    REQUIRE(answer);
    return fmt::format("{}", *answer);
  };
  CHECK(ask("www.example.com.", Type::AAAA) == "NOERROR, 1 record");
  CHECK(ask("rebind.example.com.", Type::A) == "SERVFAIL, 0 records");
  CHECK(ask("bad.example.com.", Type::A) == "NXDOMAIN, 1 record");

  std::optional<Answer> answer;
  const Query query(Name("bad.example.com."), Type::A);
  shard.post([&] { policy->replace(PolicySet::make({})); });
  shard.run(resolveInto(dns64, query, answer));
  CHECK(answer.value().rcode() == Rcode::NXDOMAIN);
  CHECK(ask("bad.example.com.", Type::A) == "NOERROR, 1 record");
}

TEST_CASE_FIXTURE(Fixture, "what the cache has is passed on without a coroutine") {
  publish("bad.test CNAME .\n");
  static_cast<void>(ask("www.example.com", Type::A));
  const auto query = testing::query("www.example.com", Type::A);
  CHECK(dns64.resolve(query).isReady());
  publish("www.example.com CNAME .\n");
  CHECK(dns64.resolve(query).isReady());
}

}  // namespace policy_chain_test
