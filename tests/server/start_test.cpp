#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "blocking_client.hpp"
#include "messages.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/resolver/view.hpp"
#include "taut/server/server.hpp"
#include "test_resolver.hpp"

namespace start_test {

using namespace std::chrono_literals;

namespace {

using namespace taut;

// What happened, on whichever thread.
class Events {
 public:
  void add(const std::string& event) {
    const std::scoped_lock lock(mutex_);
    list_.push_back(event);
  }
  std::vector<std::string> list() const {
    const std::scoped_lock lock(mutex_);
    return list_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> list_;
};
using List = std::vector<std::string>;

// How the start of a resolver goes.
enum class Start { ends, fails, failsOddly, waits, ignoresStop };

class Starting final : public Resolver {
 public:
  Starting(Events& events, Start start) : events_(events), start_(start) {}

  Task<> start(TaskScope& work) override {
    events_.add("start");
    work.spawn(keepOn(), work.token());
    if (start_ == Start::fails) throw std::runtime_error("no list");
    if (start_ == Start::failsOddly) throw 42;
    if (start_ == Start::waits) co_await gate.wait();
    // A token that never stops is as none; that of the scope stops too late.
    if (start_ == Start::ignoresStop) co_await gate.wait(work.token());
  }
  Task<std::optional<Answer>> resolve(const Query&) override {
    events_.add("query");
    return Task<std::optional<Answer>>::ready(Answer());
  }
  Task<> close() override {
    events_.add("close");
    return Task<>::ready();
  }

  Event gate;

 private:
  Task<> keepOn() {
    Event never;
    co_await never.wait();
    events_.add("work ends");
  }

  Events& events_;
  Start start_;
};

class Noting final : public ServerFactory {
 public:
  Noting(Events& events, Start start) : ServerFactory({std::make_shared<Starting>(events, start)}), events_(events) {}
  void startFactory() override { events_.add("startFactory"); }
  void stopFactory() override { events_.add("stopFactory"); }

 private:
  Events& events_;
};

ServerOptions options() {
  ServerOptions options;
  options.listen = {Address::loopbackV4()};
  options.threads = 1;
  return options;
}

std::string startFailure(Server& server) {
  try {
    server.start();
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

// Begins something of its own as soon as it is made.
class Eager final : public Resolver {
 public:
  explicit Eager(Events& events) : events_(events) { work_.spawn(keepOn(), work_.token()); }
  Task<std::optional<Answer>> resolve(const Query&) override {
    return Task<std::optional<Answer>>::ready(std::nullopt);
  }
  Task<> close() override {
    work_.stop();
    co_await work_.join();
    events_.add("close");
  }

 private:
  static Task<> keepOn() {
    Event never;
    co_await never.wait();
  }

  Events& events_;
  TaskScope work_;
};

// What it throws when it is closed is no std::exception.
class ThrowingAtTheEnd final : public Resolver {
 public:
  Task<std::optional<Answer>> resolve(const Query&) override { return std::nullopt; }
  Task<> close() override { throw 42; }
};

class NeverStopped final : public ServerFactory {
 public:
  using ServerFactory::ServerFactory;
  void stopFactory() override { throw std::runtime_error("not yet"); }
};

Address clientOf(std::uint8_t host) {
  return *Address::parse("192.0.2." + std::to_string(host), 5000);
}

}  // namespace

TEST_CASE("a resolver starts after its factory and before the first query, and its own tasks end before it is closed") {
  Events events;
  Server server(options(), [&](Shard&) { return std::make_unique<Noting>(events, Start::ends); });
  server.start();
  CHECK(events.list() == List{"startFactory", "start"});
  CHECK(BlockingClient(SOCK_DGRAM, server.addresses()[0]).ask(makeQuery("www.example.com", Type::A)));
  server.stop();
  server.wait();
  CHECK(events.list() == List{"startFactory", "start", "query", "work ends", "close", "stopFactory"});
}

TEST_CASE("what closing and stopping throw is logged, and the other resolvers are closed, those of views too") {
  const LogCapture log;
  Events events;
  Server server(options(), [&](Shard&) {
    return std::make_unique<NeverStopped>(
        ServerFactory::Resolvers{std::make_shared<ThrowingAtTheEnd>(), std::make_shared<Eager>(events)});
  });
  server.start();
  server.stop();
  server.wait();
  CHECK(server.endedInOrder());
  CHECK(events.list() == List{"close"});
  CHECK(log.count("closing the resolvers: an exception of an unknown type") == 1);
  CHECK(log.count("stopping: not yet") == 1);

  View view(false);
  view.add(std::make_shared<ThrowingAtTheEnd>());
  view.add(std::make_shared<Eager>(events));
  view.add(std::make_shared<ThrowingAtTheEnd>());
  CHECK_THROWS_AS(syncWait(view.close()), int);
  CHECK(events.list() == List{"close", "close"});
}

TEST_CASE("what the start of a resolver throws comes out of the server's, and the resolver is closed") {
  Events events;
  Server server(options(), [&](Shard&) { return std::make_unique<Noting>(events, Start::fails); });
  CHECK(startFailure(server) == "no list");
  CHECK(events.list() == List{"startFactory", "start", "work ends", "close", "stopFactory"});
}

TEST_CASE("a start that takes too long is told to stop, the server does not start, and the resolver is closed") {
  Events events;
  ServerOptions impatient = options();
  impatient.starting = 20ms;
  Server server(impatient, [&](Shard&) { return std::make_unique<Noting>(events, Start::waits); });
  CHECK(startFailure(server) == "the resolvers have not started within 0.02 s");
  CHECK(events.list() == List{"startFactory", "start", "work ends", "close", "stopFactory"});
}

TEST_CASE("a start that does not end even so is left, and the server says that it does not start") {
  Events events;
  ServerOptions impatient = options();
  impatient.starting = 20ms;
  Server server(impatient, [&](Shard&) { return std::make_unique<Noting>(events, Start::ignoresStop); });
  CHECK(startFailure(server) == "the resolvers have not started within 0.02 s, and one of them ignores its stop token");
  CHECK(events.list() == List{"startFactory", "start"});
}

TEST_CASE("a stop ends a start that waits") {
  Events events;
  Server server(options(), [&](Shard& shard) {
    // The start has begun when this is called.
    shard.post([&] { server.stop(); });
    return std::make_unique<Noting>(events, Start::waits);
  });
  CHECK(startFailure(server).empty());
  server.wait();
  CHECK(events.list().back() == "stopFactory");
}

TEST_CASE("where the server does not start for another reason, the resolvers that were made are closed") {
  Events events;
  Server first(options(), [](Shard&) { return std::make_unique<ServerFactory>(); });
  first.start();
  ServerOptions taken = options();
  taken.listen = first.addresses();
  taken.threads = 2;
  const auto makeFactory = [&](Shard&) {
    return std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::make_shared<Eager>(events)});
  };
  Server second(taken, makeFactory);
  CHECK_THROWS_AS(second.start(), std::system_error);
  CHECK(events.list() == List{"close", "close"});
  int made = 0;
  Server third(taken, [&](Shard& shard) {
    if (++made == 2) throw std::runtime_error("no memory for zones");
    return makeFactory(shard);
  });
  CHECK(startFailure(third) == "no memory for zones");
  CHECK(events.list().size() == 3);
}

TEST_CASE("a view that comes later counts once its resolvers have started, and those of before until then") {
  Events events;
  const auto resolver = std::make_shared<Starting>(events, Start::waits);
  const auto slow = std::make_shared<View>(false);
  slow->add(resolver);
  const auto before = std::make_shared<View>(false);
  before->add(std::make_shared<TestResolver>());
  const auto all = AddressPolicy(AddressPolicy::Action::allow);
  Views views;
  views.replace({{all, before}});
  syncWait(views.start());
  views.replace({{all, slow}});
  CHECK(events.list() == List{"start"});
  CHECK(views.find(queryFrom(clientOf(1))) == before.get());
  resolver->gate.set();
  CHECK(views.find(queryFrom(clientOf(1))) == slow.get());
  syncWait(views.close());
  CHECK(events.list() == List{"start", "work ends", "close"});
}

TEST_CASE("a view that does not start is closed, the views of before stay, and it may be tried again") {
  Events events;
  const auto failing = std::make_shared<View>(false);
  failing->add(std::make_shared<Starting>(events, Start::fails));
  const auto oddlyFailing = std::make_shared<View>(false);
  oddlyFailing->add(std::make_shared<Starting>(events, Start::failsOddly));
  const auto before = std::make_shared<View>(false);
  before->add(std::make_shared<TestResolver>());
  const auto all = AddressPolicy(AddressPolicy::Action::allow);
  Views views;
  views.replace({{all, before}});
  syncWait(views.start());
  std::size_t attempts = 0;
  for (const auto& view : {failing, oddlyFailing, oddlyFailing, failing}) {
    views.replace({{all, view}});
    CHECK(views.find(queryFrom(clientOf(1))) == before.get());
    CHECK(events.list().size() == 3 * ++attempts);
    CHECK(events.list().back() == "close");
  }
  syncWait(views.close());
}

TEST_CASE("views that start while the server ends are closed, and never count") {
  Events events;
  const auto resolver = std::make_shared<Starting>(events, Start::waits);
  const auto slow = std::make_shared<View>(false);
  slow->add(resolver);
  Views views;
  syncWait(views.start());
  views.replace({{AddressPolicy(AddressPolicy::Action::allow), slow}});
  syncWait(views.close());
  CHECK_FALSE(views.any());
  CHECK(events.list() == List{"start", "work ends", "close"});
}

}  // namespace start_test
