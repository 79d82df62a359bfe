// That a server for which memory runs out gives up a query or a connection, and goes on. Each allocation of an exchange
// fails once alone, once with the next, and once with all that follow.
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "blocking_client.hpp"
#include "messages.hpp"
#include "support/failing_heap.hpp"
#include "support/temporary_file.hpp"
#include "taut/base/local_pool.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/io/sleep.hpp"
#include "taut/resolver/forwarder.hpp"
#include "taut/resolver/resolver.hpp"
#include "taut/server/server.hpp"
#include "taut/server/stream_connection.hpp"
#include "taut/testing/query.hpp"
#include "test_resolver.hpp"

namespace memory_shortage_test {

namespace {

using namespace taut;

constexpr std::size_t all = std::numeric_limits<std::size_t>::max();

// Answers at once, or for names that begin with `later` in a later turn.
class TwoWaysResolver final : public Resolver {
 public:
  explicit TwoWaysResolver(Shard& shard) : shard_(shard) {}

  Task<std::optional<Answer>> resolve(const Query& query) override {
    if (NameView(query.name()).firstLabel() == "later") return later(query);
    return Task<std::optional<Answer>>::ready(answer(query));
  }

 private:
  Task<std::optional<Answer>> later(const Query& query) {
    for (int turn = 0; turn < 3; ++turn) co_await sleepFor(shard_, Duration::zero(), query.stopToken());
    co_return answer(query);
  }
  static Answer answer(const Query& query) {
    Answer answer;
    answer.add(query.name(), std::chrono::minutes(5), rdata::A(192, 0, 2, 1));
    return answer;
  }

  Shard& shard_;
};

// Awaits itself without an end.
class Endless final : public Resolver {
 public:
  Task<std::optional<Answer>> resolve(const Query& query) override {
    auto answer = co_await next(query);
    co_return answer;
  }

 private:
  Task<std::optional<Answer>> next(const Query& query) { return resolve(query); }
};

ServerOptions options() {
  ServerOptions options;
  options.listen = {Address::loopbackV4()};
  options.threads = 1;
  options.datagramBuffers = 16;
  return options;
}

// A connection that the server forgets is never idle enough to end, so its client hears of nothing.
std::unique_ptr<ServerFactory> makeFactory(Shard& shard) {
  static const StreamLimits patient{.idle = std::chrono::hours(1)};
  auto factory = std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::make_shared<TwoWaysResolver>(shard)});
  factory->setProtocol([](ServerFactory& owner, const Address& peer) {
    return std::make_unique<StreamConnection>(owner, peer, patient);
  });
  return factory;
}

template <typename Function>
std::size_t onShard(Server& server, Function function) {
  std::promise<std::size_t> promise;
  server.post([&](std::size_t, ServerFactory&) { promise.set_value(function()); });
  return promise.get_future().get();
}

// What has arrived at the server is dealt with, as far as it needs no time.
void letTurn(Server& server) {
  for (int turn = 0; turn < 8; ++turn) onShard(server, [] { return 0; });
}

void arm(Server& server, std::size_t skipped, std::size_t failing) {
  onShard(server, [=] {
    LocalPool::trim();
    FailingHeap::arm(skipped, failing);
    return 0;
  });
}

// Returns how many allocations failed.
std::size_t disarm(Server& server) {
  return onShard(server, [] {
    const std::size_t failed = FailingHeap::failed();
    FailingHeap::disarm();
    return failed;
  });
}

// The next reply with this ID.
bool receives(BlockingClient& client, std::uint16_t id) {
  while (const auto reply = client.receive())
    if (ParsedReply(*reply).id == id) return true;
  return false;
}

// One exchange while the allocations of the server fail as told, and one afterwards, which has to succeed.
std::size_t exchangeDatagrams(Server& server, const Bytes& query, std::size_t skipped, std::size_t failing) {
  BlockingClient client(SOCK_DGRAM, server.addresses()[0]);
  arm(server, skipped, failing);
  client.send(withId(query, 1));
  letTurn(server);
  const std::size_t failed = disarm(server);
  client.send(withId(query, 2));
  CHECK(receives(client, 2));
  return failed;
}

// A client of a stream gets a reply or the end of the stream.
std::size_t exchangeOverStream(Server& server, const Bytes& query, std::size_t skipped, std::size_t failing) {
  arm(server, skipped, failing);
  BlockingClient client(SOCK_STREAM, server.addresses()[0]);
  client.send(query);
  letTurn(server);
  const std::size_t failed = disarm(server);
  errno = 0;
  const bool replied = client.receive().has_value();
  CHECK((replied || errno != EAGAIN));
  BlockingClient next(SOCK_STREAM, server.addresses()[0]);
  CHECK(next.ask(query));
  return failed;
}

}  // namespace

TEST_CASE("whatever allocation of an exchange fails, and however many, the server goes on serving") {
  const LogCapture captured;
  Server server(options(), makeFactory);
  server.start();
  for (const std::string_view name : {"www.example.com", "later.example.com"}) {
    const Bytes query = makeQuery(name, Type::A);
    for (const auto exchange : {&exchangeDatagrams, &exchangeOverStream}) {
      for (const std::size_t failing : {std::size_t{1}, std::size_t{2}, all}) {
        std::size_t skipped = 0;
        while (exchange(server, query, skipped, failing) > 0) ++skipped;
        CAPTURE(name);
        CAPTURE(failing);
        CHECK(skipped > 0);
      }
    }
  }
  CHECK(captured.count("there is not enough memory: queries and connections are dropped") <= 1);
}

TEST_CASE("whatever allocation of the first exchange fails, for what grows once too, the server goes on serving") {
  const LogCapture captured;
  const Bytes query = makeQuery("later.example.com", Type::A);
  std::size_t skipped = 0;
  for (bool failed = true; failed; ++skipped) {
    Server server(options(), makeFactory);
    server.start();
    failed = exchangeDatagrams(server, query, skipped, all) > 0;
  }
  CHECK(skipped > 1);
}

TEST_CASE("each datagram is told of once, whatever allocation fails") {
  const LogCapture captured;
  std::atomic<std::size_t> told{0};
  std::atomic<std::size_t> forWantOfMemory{0};
  Server server(options(), [&](Shard& shard) {
    auto factory = makeFactory(shard);
    factory->setOnReply([&](const MessageEnd& end) {
      ++told;
      if (end.dropped == DropReason::memory) ++forWantOfMemory;
    });
    return factory;
  });
  server.start();
  std::size_t exchanges = 0;
  for (const std::string_view name : {"www.example.com", "later.example.com"})
    for (const std::size_t failing : {std::size_t{1}, all}) {
      const Bytes query = makeQuery(name, Type::A);
      std::size_t skipped = 0;
      while (exchangeDatagrams(server, query, skipped, failing) > 0) ++skipped;
      exchanges += skipped + 1;
    }
  server.stop();
  server.wait();
  CHECK(told == 2 * exchanges);
  CHECK(forWantOfMemory > 0);
}

TEST_CASE("a server whose memory is short ends when it is asked to") {
  const LogCapture captured;
  for (const std::size_t failing : {1, 30}) {
    for (std::size_t skipped = 0; skipped < 10; ++skipped) {
      Server server(options(), makeFactory);
      server.start();
      BlockingClient resting(SOCK_STREAM, server.addresses()[0]);
      CHECK(resting.ask(makeQuery("www.example.com", Type::A)));
      arm(server, skipped, failing);
      server.stop();
      server.wait();
      CHECK_FALSE(resting.receive());
    }
  }
}

TEST_CASE("a server whose threads find no memory to start with says so, and nothing runs") {
  class Starving final : public ServerFactory {
   public:
    explicit Starving(std::size_t skipped) : skipped_(skipped) {}
    void startFactory() override {
      LocalPool::trim();
      FailingHeap::arm(skipped_, all);
    }
    void stopFactory() override { FailingHeap::disarm(); }

   private:
    std::size_t skipped_;
  };
  const LogCapture captured;
  std::size_t skipped = 0;
  for (bool started = false; !started; ++skipped) {
    Server server(options(), [&](Shard&) { return std::make_unique<Starving>(skipped); });
    try {
      server.start();
      started = true;
    } catch (const std::bad_alloc&) {
      CHECK(server.addresses().empty());
    }
  }
  CHECK(skipped > 1);
}

TEST_CASE("a forwarder for which memory for other servers is short asks those that it asked before") {
  const TemporaryFile before("nameserver 192.0.2.1\n");
  const TemporaryFile after("nameserver 192.0.2.2\n");
  const std::vector<Address> given{*Address::parse("192.0.2.3", 53)};
  Shard shard;
  std::size_t skipped = 0;
  for (bool failed = true; failed; ++skipped) {
    ForwarderOptions options;
    options.resolvConf = before.path();
    Forwarder forwarder(shard, options);
    std::vector<Address> servers = given;
    std::string path = after.path();
    try {
      FailingHeap::arm(skipped, all);
      forwarder.setServers(std::move(servers), std::move(path));
      failed = false;
    } catch (const std::bad_alloc&) {
    }
    FailingHeap::disarm();
    const std::vector<Address> asked = forwarder.servers();
    if (failed) CHECK(asked == std::vector{*Address::parse("192.0.2.1", 53)});
    if (!failed) CHECK(asked == std::vector{given[0], *Address::parse("192.0.2.2", 53)});
  }
  CHECK(skipped > 1);
}

TEST_CASE("a handler that awaits itself without an end fails when memory runs out, and the next query is answered") {
  const LogCapture log;
  ServerFactory factory({std::make_shared<Endless>()});
  const testing::ReceivedQuery query = testing::query("endless.example", Type::A);
  TestChannel channel;
  FailingHeap::arm(1000, 2);  // the pool tries twice
  syncWait(factory.serve(query, channel));
  CHECK(FailingHeap::failed() == 2);
  FailingHeap::disarm();
  CHECK(ParsedReply(channel.reply).rcode == Rcode::SERVFAIL);
  CHECK(log.lines().size() == 1);
}

}  // namespace memory_shortage_test
