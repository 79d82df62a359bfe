#include "taut/server/views.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "messages.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/server/server_factory.hpp"
#include "test_resolver.hpp"

namespace views_test {

using namespace taut;

namespace {

AddressPolicy only(std::string_view network) {
  AddressPolicy policy(AddressPolicy::Action::refuse);
  policy.allow(network);
  return policy;
}

Address clientOf(std::uint8_t last) {
  return Address::v4({192, 0, 2, last}, 5353);
}

// Counts what it is asked, and remembers that it was closed.
class Counting final : public Resolver {
 public:
  Task<std::optional<Answer>> resolve(const Query& query) override {
    ++asked;
    return inner.resolve(query);
  }
  void addTo(ResolverStatistics& statistics) const override {
    statistics.caches.hits += asked;
    ++statistics.caches.entries;
    UpstreamStatistics& upstream = statistics.upstream(Address::loopbackV4(53));
    upstream.requests += asked;
    ++upstream.shards;
  }
  Task<> close() override {
    closed = true;
    inner.gate.set();
    return Task<>::ready();
  }

  TestResolver inner;
  std::size_t asked = 0;
  bool closed = false;
};

struct Chain {
  explicit Chain(bool recursionAvailable = false) : view(std::make_shared<View>(recursionAvailable)) {
    view->add(resolver);
  }
  std::shared_ptr<Counting> resolver = std::make_shared<Counting>();
  std::shared_ptr<View> view;
};

// One query on its way through a factory.
class Asked {
 public:
  Asked(ServerFactory& factory, TaskScope& scope, const char* name, std::uint8_t from) : query_(parse(name, from)) {
    scope.spawn(factory.serve(query_, channel_));
  }

  bool hasReply() const { return channel_.sends > 0; }
  ParsedReply reply() const { return ParsedReply(channel_.reply); }

 private:
  static Query parse(const char* name, std::uint8_t from) {
    const Bytes message = makeQuery(name, Type::A);
    return Query::parse(message, {clientOf(from), Transport::udp}).value();
  }

  Query query_;
  TestChannel channel_;
};

std::size_t hitsOf(const ServerFactory& factory) {
  ResolverStatistics statistics;
  factory.addTo(statistics);
  return statistics.caches.hits;
}

}  // namespace

TEST_CASE("the first rule that has the client's address counts, and a client of none has no view") {
  const Chain first;
  const Chain second;
  Views views;
  CHECK_FALSE(views.any());
  views.replace({{only("192.0.2.1"), first.view}, {only("192.0.2.0/30"), second.view}, {only("::/0"), first.view}});
  CHECK(views.any());
  CHECK(views.find(queryFrom(clientOf(1))) == first.view.get());
  CHECK(views.find(queryFrom(clientOf(2))) == second.view.get());
  CHECK(views.find(queryFrom(clientOf(4))) == nullptr);
  CHECK(views.find(queryFrom(Address::loopbackV6(1))) == first.view.get());
  views.replace({});
  CHECK_FALSE(views.any());
  CHECK(views.find(queryFrom(clientOf(1))) == nullptr);
  syncWait(views.close());
}

TEST_CASE("a query is answered by its client's view, the RA bit of its reply too, and other clients as before") {
  ServerFactory factory({std::make_shared<TestResolver>()});
  const Chain chain(true);
  factory.setViews({{only("192.0.2.1"), chain.view}});
  TaskScope scope;
  const Asked inside(factory, scope, "missing.example", 1);
  const Asked outside(factory, scope, "empty.example", 2);
  CHECK(chain.resolver->asked == 1);
  CHECK(inside.reply().rcode == Rcode::NXDOMAIN);
  CHECK((inside.reply().flags & flag::RA) != 0);
  CHECK(outside.reply().rcode == Rcode::NOERROR);
  CHECK((outside.reply().flags & flag::RA) == 0);
  const Asked nothing(factory, scope, "nothing.example", 1);
  CHECK(nothing.reply().rcode == Rcode::REFUSED);
  syncWait(factory.closeResolvers());
  CHECK(chain.resolver->closed);
}

TEST_CASE("a view that is taken away answers what waits in it, then closes, and what it has counted stays") {
  ServerFactory factory({std::make_shared<TestResolver>()});
  auto chain = std::make_unique<Chain>();
  const auto resolver = chain->resolver;
  const std::weak_ptr<View> view = chain->view;
  factory.setViews({{only("192.0.2.1"), chain->view}});
  chain.reset();
  TaskScope scope;
  const Asked waiting(factory, scope, "gate.example", 1);
  factory.setViews({});
  const Asked later(factory, scope, "empty.example", 1);
  CHECK(later.hasReply());
  CHECK_FALSE(waiting.hasReply());
  CHECK_FALSE(resolver->closed);
  CHECK(hitsOf(factory) == 1);
  resolver->inner.gate.set();
  CHECK(waiting.reply().rcode == Rcode::NOERROR);
  CHECK(resolver->closed);
  CHECK(view.expired());
  CHECK(hitsOf(factory) == 1);
  ResolverStatistics statistics;
  factory.addTo(statistics);
  CHECK(statistics.caches.entries == 0);
  CHECK(statistics.upstreams.empty());
  const Chain other;
  factory.setViews({{only("192.0.2.1"), other.view}});
  const Asked again(factory, scope, "empty.example", 1);
  statistics = {};
  factory.addTo(statistics);
  REQUIRE(statistics.upstreams.size() == 1);
  CHECK(statistics.upstreams[0].requests == 2);
  CHECK(statistics.upstreams[0].shards == 1);
  syncWait(factory.closeResolvers());
}

TEST_CASE("a view that other rules name still stays as it is") {
  const Chain kept;
  const Chain gone;
  Views views;
  views.replace({{only("192.0.2.1"), gone.view}, {only("192.0.2.2"), kept.view}});
  views.replace({{only("192.0.2.0/24"), kept.view}, {only("::/0"), kept.view}});
  CHECK(gone.resolver->closed);
  CHECK_FALSE(kept.resolver->closed);
  CHECK(views.find(queryFrom(clientOf(1))) == kept.view.get());
  syncWait(views.close());
  CHECK(kept.resolver->closed);
}

TEST_CASE("the end of the server closes views in which queries wait, those that are going too") {
  ServerFactory factory;
  const Chain serving;
  const Chain going;
  factory.setViews({{only("192.0.2.1"), serving.view}, {only("192.0.2.2"), going.view}});
  TaskScope scope;
  const Asked first(factory, scope, "gate.example", 1);
  const Asked second(factory, scope, "gate.example", 2);
  factory.setViews({{only("192.0.2.1"), serving.view}});
  syncWait(factory.closeResolvers());
  CHECK(serving.resolver->closed);
  CHECK(going.resolver->closed);
  CHECK(first.hasReply());
  CHECK(second.hasReply());
  const Chain late;
  factory.setViews({{only("192.0.2.1"), late.view}});
  const Asked third(factory, scope, "empty.example", 1);
  CHECK(late.resolver->asked == 0);
  CHECK(serving.resolver->asked == 2);
}

}  // namespace views_test
