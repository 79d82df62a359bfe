#include "taut/resolver/secondary_authority.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "taut/coro/task_scope.hpp"
#include "taut/dns/query.hpp"
#include "taut/io/sleep.hpp"
#include "taut/testing/fake_primary.hpp"
#include "taut/testing/manual_shard.hpp"

namespace secondary_authority_test {

namespace {

using namespace taut;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;
using testing::FakePrimary;

std::string exampleZone(std::uint32_t serial, std::uint8_t last) {
  return fmt::format(
      "example. 300 SOA ns.example. mail.example. {} 3600 600 86400 60\n"
      "example. 300 NS ns.example.\n"
      "ns.example. 300 A 192.0.2.53\n"
      "www.example. 300 A 192.0.2.{}\n",
      serial, last);
}

// The last octet of the address of www.example, or the RCODE as a negative number.
Task<int> ask(Resolver& resolver) {
  const Query query(Name("www.example."), Type::A);
  const auto answer = co_await resolver.resolve(query);
  if (!answer) co_return -1000;
  if (answer->rcode() != Rcode::NOERROR) co_return -static_cast<int>(answer->rcode());
  co_return answer->entry(0).rrset.front().back();
}

struct Program {
  testing::ManualShard shard;
  FakePrimary primary{shard};
};

template <class Test>
void run(Program& program, SecondaryAuthority& authority, Test test) {
  const auto main = [](Program& p, SecondaryAuthority& secondary, Test body) -> Task<> {
    TaskScope scope;
    scope.spawn(p.primary.run(), scope.token());
    co_await secondary.start(scope);
    co_await body(p, secondary);
    scope.stop();
    co_await scope.join();
    co_await secondary.close();
  };
  program.shard.run(main(program, authority, test));
}

TEST_CASE("a secondary answers SERVFAIL until its zone has come, then from it, and from each later version") {
  Program program;
  program.primary.serve(exampleZone(5, 1));
  SecondaryAuthority authority(program.shard, Name("example."), {{{program.primary.address()}, {}}});
  run(program, authority, [](Program& p, SecondaryAuthority& secondary) -> Task<> {
    const int before = co_await ask(secondary);
    CHECK(before == -static_cast<int>(Rcode::SERVFAIL));
    co_await sleepFor(p.shard, 1s);
    const int first = co_await ask(secondary);
    CHECK(first == 1);
    CHECK(secondary.version(Name("example."))->serial() == 5);
    p.primary.serve(exampleZone(6, 2));
    CHECK(secondary.notified(Name("example."), p.primary.address(), Serial(6)));
    co_await sleepFor(p.shard, 1s);
    const int second = co_await ask(secondary);
    CHECK(second == 2);
  });
}

TEST_CASE("a NOTIFY for another zone or from another host does not matter") {
  Program program;
  program.primary.serve(exampleZone(5, 1));
  SecondaryAuthority authority(program.shard, Name("example."), {{{program.primary.address()}, {}}});
  CHECK_FALSE(authority.notified(Name("other."), program.primary.address()));
  CHECK_FALSE(authority.notified(Name("example."), Address::v4({192, 0, 2, 1})));
  CHECK(authority.version(Name("other.")) == nullptr);
}

TEST_CASE("a name outside its zones is for the next resolver") {
  Program program;
  SecondaryAuthority authority(program.shard, {Name("a.example."), Name("b.example."), Name("a.example.")},
                               {{{program.primary.address()}, {}}});
  run(program, authority, [](Program&, SecondaryAuthority& secondary) -> Task<> {
    const int outside = co_await ask(secondary);
    CHECK(outside == -1000);
  });
}

TEST_CASE("a zone that expires is answered SERVFAIL") {
  Program program;
  program.primary.serve(exampleZone(5, 1));
  SecondaryAuthority authority(program.shard, Name("example."), {{{program.primary.address()}, {}}});
  run(program, authority, [](Program& p, SecondaryAuthority& secondary) -> Task<> {
    co_await sleepFor(p.shard, 1s);
    p.primary.onQuestion = [](const Query&) { return std::optional(FakePrimary::Reply{}); };
    co_await sleepFor(p.shard, 25h);
    const int expired = co_await ask(secondary);
    CHECK(expired == -static_cast<int>(Rcode::SERVFAIL));
  });
}

TEST_CASE("a service gets a zone once, on a thread of its own, for authorities on other shards") {
  Program program;
  program.primary.serve(exampleZone(5, 1));
  std::optional<SecondaryAuthorityService> service;
  service.emplace(std::vector<PrimaryOptions>{{{program.primary.address()}, {}}}, std::vector{Name("example.")});
  SecondaryAuthority authority(program.shard, *service);
  SecondaryAuthority other(program.shard, *service);
  struct Served {
    std::optional<SecondaryAuthorityService>& service;
    SecondaryAuthority& other;
  };
  static Served* served = nullptr;
  Served both{service, other};
  served = &both;
  run(program, authority, [](Program& p, SecondaryAuthority& secondary) -> Task<> {
    while (!served->service->version(Name("example."))->isLoaded()) co_await sleepFor(p.shard, 10ms);
    for (int answer = 0; answer != 1;) {
      co_await sleepFor(p.shard, 10ms);
      const int now = co_await ask(secondary);
      answer = now;
    }
    const int another = co_await ask(served->other);
    CHECK(another == 1);
    p.primary.serve(exampleZone(6, 2));
    CHECK(served->service->notified(Name("example."), p.primary.address()));
    for (int answer = 0; answer != 2;) {
      co_await sleepFor(p.shard, 10ms);
      const int now = co_await ask(secondary);
      answer = now;
    }
    CHECK(p.primary.count(Type::AXFR) == 1);
    // The last version stays when the service has gone.
    served->service.reset();
    const int after = co_await ask(secondary);
    CHECK(after == 2);
  });
}

TEST_CASE("a secondary without a primary, or with one that has no address, is refused") {
  Program program;
  CHECK_THROWS_AS(SecondaryAuthority(program.shard, Name("example."), {}), std::invalid_argument);
  CHECK_THROWS_AS(SecondaryAuthority(program.shard, Name("example."), {PrimaryOptions{}}), std::invalid_argument);
  CHECK_THROWS_AS(SecondaryAuthorityService({}, {Name("example.")}), std::invalid_argument);
}

}  // namespace

}  // namespace secondary_authority_test
