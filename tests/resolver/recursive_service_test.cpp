#include "taut/resolver/recursive_service.hpp"

#include <array>
#include <chrono>
#include <cstddef>
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
#include "taut/dns/reply_builder.hpp"

namespace recursive_service_test {

namespace {

using namespace std::chrono_literals;
using taut::Answer;
using taut::Cache;
using taut::Class;
using taut::Name;
using taut::Query;
using taut::Rcode;
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

// A client's query for an address, over UDP and with EDNS.
Query parse(std::uint16_t flags, bool dnssecOk = false) {
  static std::array<std::uint8_t, 512> wire;
  taut::ReplyBuilder builder{taut::MutableByteSpan(wire), wire.size()};
  builder.begin(7, flags);
  builder.putQuestion({Name("www.example."), Type::A});
  builder.putOpt(1232, Rcode::NOERROR, dnssecOk, {});
  return *Query::parse(taut::ByteSpan(wire).first(builder.finish()), {taut::Address(), taut::Transport::udp});
}

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

TEST_CASE_FIXTURE(Fixture,
                  "clients are asked on behalf of all, and one answer serves queries with and without DO and CD") {
  serve([](const Query& asked) {
    CHECK(asked.dnssecOk());
    CHECK_FALSE(asked.checkingDisabled());
    CHECK(asked.replyLimit() == 65535);
    Answer answer;
    answer.add(asked.name(), 60s, taut::rdata::A(192, 0, 2, 1));
    answer.addRecord(Section::answer, asked.name(), Type::RRSIG, Class::IN, 60, {});
    answer.setAuthenticData(true);
    return answer;
  });
  for (const std::uint16_t flags : {taut::flag::RD, static_cast<std::uint16_t>(taut::flag::RD | taut::flag::CD)}) {
    cache->flush();
    client->asked = 0;
    for (int i = 0; i < 3; ++i) {
      CHECK(ask(parse(flags)).entryCount() == 1);
      CHECK(ask(parse(taut::flag::RD)).entryCount() == 1);
      CHECK(ask(parse(taut::flag::RD | taut::flag::CD)).entryCount() == 1);
      const Answer whole = ask(parse(flags, true));
      CHECK(whole.entryCount() == 2);
      CHECK(whole.authenticData());
    }
    CHECK(client->asked == 1);
  }
}

TEST_CASE_FIXTURE(Fixture, "a client with CD gets the data that fails validation upstream, and no other client does") {
  serve([](const Query& asked) {
    if (!asked.checkingDisabled()) return Answer::serverFailure();
    Answer answer;
    answer.add(asked.name(), 60s, taut::rdata::A(192, 0, 2, 66));
    return answer;
  });
  for (int i = 0; i < 3; ++i) {
    CHECK(ask(parse(taut::flag::RD)).rcode() == Rcode::SERVFAIL);
    const Answer bogus = ask(parse(taut::flag::RD | taut::flag::CD));
    CHECK(bogus.rcode() == Rcode::NOERROR);
    CHECK(bogus.entryCount() == 1);
  }
  // The failure, the failure again for who has CD, and the data: each is asked for once.
  CHECK(client->asked == 3);
}

TEST_CASE_FIXTURE(Fixture, "where no server could be asked, CD is no reason to ask again") {
  serve([](const Query&) {
    Answer answer = Answer::serverFailure();
    answer.setExtendedError(taut::ExtendedErrorCode::noReachableAuthority);
    return answer;
  });
  CHECK(ask(parse(taut::flag::RD | taut::flag::CD)).rcode() == Rcode::SERVFAIL);
  CHECK(client->asked == 1);
}

TEST_CASE_FIXTURE(Fixture,
                  "a client that looks at networks is asked once for each, and clients in one share the answer") {
  serve([](const Query& asked) {
    const taut::ClientSubnet network = asked.clientNetwork();
    Answer answer;
    answer.add(asked.name(), 60s, taut::rdata::A(192, 0, 2, network.network.bytes()[2]));
    answer.setClientSubnetScope(24);
    return answer;
  });
  const auto lastFor = [this](std::uint8_t third, std::uint8_t last) {
    std::array<std::uint8_t, 512> wire;
    taut::ReplyBuilder builder{taut::MutableByteSpan(wire), wire.size()};
    builder.begin(7, taut::flag::RD);
    builder.putQuestion({Name("www.example."), Type::A});
    const auto peer = taut::Address::v4({198, 51, third, last}, 4711);
    const Query asked = *Query::parse(taut::ByteSpan(wire).first(builder.finish()), {peer, taut::Transport::udp});
    const Answer answer = ask(asked);
    CHECK(answer.clientSubnetScope() == std::uint8_t{24});
    return int{answer.entry(0).rrset.front().back()};
  };
  for (int round = 0; round < 2; ++round) {
    CHECK(lastFor(1, 1) == 1);
    CHECK(lastFor(1, 2) == 1);
    CHECK(lastFor(2, 1) == 2);
  }
  CHECK(client->asked == 2);
}

TEST_CASE_FIXTURE(Fixture, "who may not recurse is refused by the server, and what is kept comes from the cache") {
  serve([](const Query& asked) {
    Answer answer;
    answer.add(asked.name(), 60s, taut::rdata::A(192, 0, 2, 1));
    return answer;
  });
  CHECK(ask(parse(taut::flag::RD)).source().kind() == taut::AnswerSource::Kind::handler);
  CHECK(ask(parse(taut::flag::RD)).source().kind() == taut::AnswerSource::Kind::cache);
  service->setAddressPolicy(taut::AddressPolicy(taut::AddressPolicy::Action::refuse));
  CHECK(ask(parse(taut::flag::RD)).source().kind() == taut::AnswerSource::Kind::server);
}

}  // namespace recursive_service_test
