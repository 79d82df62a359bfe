#include "taut/resolver/recursive_service.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "taut/base/clock.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rdata.hpp"

namespace {

using namespace std::chrono_literals;
using taut::Answer;
using taut::Cache;
using taut::Name;
using taut::Query;
using taut::RecursiveService;
using taut::Section;
using taut::Task;
using taut::Type;

// A client whose answers the test makes.
class Client final : public taut::Resolver {
 public:
  using Script = std::function<Answer(const Query&)>;

  explicit Client(Script script) : script_(std::move(script)) {}

  Task<std::optional<Answer>> resolve(const Query& query) override {
    ++asked;
    return Task<std::optional<Answer>>::ready(script_(query));
  }

  std::size_t asked = 0;

 private:
  Script script_;
};

struct Fixture {
  RecursiveService& serve(Client::Script script) {
    client = std::make_shared<Client>(std::move(script));
    return service.emplace(RecursiveService::Caches{cache}, std::vector<std::shared_ptr<taut::Resolver>>{client});
  }

  Answer ask(const Query& query) {
    auto answer = taut::syncWait(service->resolve(query));
    REQUIRE(answer);
    return std::move(*answer);
  }

  taut::ManualClock clock;
  std::shared_ptr<Cache> cache = std::make_shared<Cache>(1 << 20, clock);
  std::shared_ptr<Client> client;
  std::optional<RecursiveService> service;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "who asks first gets the TTLs that who asks next gets from the cache") {
  serve([](const Query& asked) {
    Answer answer;
    if (asked.type() == Type::A) answer.add(asked.name(), 240h, taut::rdata::A(192, 0, 2, 1));
    answer.add(Name("example."), 48h, taut::rdata::NS(Name("ns.example.")), Section::authority);
    if (asked.type() != Type::A)
      answer.add(Name("example."), 48h,
                 taut::rdata::SOA(Name("ns.example."), Name("a.example."), 1, 2, 3, 4, 1'000'000), Section::authority);
    return answer;
  });
  for (const Type type : {Type::A, Type::AAAA}) {
    const Query asked(Name("www.example."), type);
    const Answer first = ask(asked);
    const Answer next = ask(asked);
    REQUIRE(first.entryCount() == 2);
    REQUIRE(next.entryCount() == 2);
    for (std::size_t i = 0; i < 2; ++i) CHECK(first.entry(i).rrset.ttl == next.entry(i).rrset.ttl);
    CHECK(first.entry(0).rrset.ttl == 86400);
    CHECK(first.entry(1).rrset.ttl == (type == Type::A ? 86400 : 10800));
  }
  CHECK(client->asked == 2);
}
