#include "taut/server/server.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "blocking_client.hpp"
#include "messages.hpp"
#include "net/socket.hpp"
#include "support/no_descriptors.hpp"
#include "taut/server/stream_connection.hpp"
#include "test_resolver.hpp"

namespace server_test {

using namespace std::chrono_literals;

namespace {

using namespace taut;

// What happened on all shards of a server.
struct Events {
  void add(const std::string& event) {
    const std::scoped_lock lock(mutex);
    list.push_back(event);
  }
  std::size_t count(const std::string& event) const {
    const std::scoped_lock lock(mutex);
    return static_cast<std::size_t>(std::ranges::count(list, event));
  }

  mutable std::mutex mutex;
  std::vector<std::string> list;
};

class ClosingResolver final : public Resolver {
 public:
  explicit ClosingResolver(Events& events) : events_(events) {}
  Task<std::optional<Answer>> resolve(const Query&) override {
    return Task<std::optional<Answer>>::ready(std::nullopt);
  }
  Task<> close() override {
    events_.add("close");
    return Task<>::ready();
  }

 private:
  Events& events_;
};

class TestFactory final : public ServerFactory {
 public:
  TestFactory(std::shared_ptr<TestResolver> resolver, Events& events)
      : ServerFactory({resolver, std::make_shared<ClosingResolver>(events)}),
        resolver_(std::move(resolver)),
        events_(events) {}

  void startFactory() override { events_.add("start"); }
  void stopFactory() override { events_.add("stop"); }
  TestResolver& testResolver() { return *resolver_; }

 private:
  std::shared_ptr<TestResolver> resolver_;
  Events& events_;
};

ServerOptions options(unsigned threads = 1) {
  ServerOptions options;
  options.listen = {Address::loopbackV4(), Address::loopbackV6()};
  options.threads = threads;
  options.datagramBuffers = 64;
  return options;
}

Server::MakeFactory makeFactory(Events& events) {
  return
      [&events](Shard& shard) { return std::make_unique<TestFactory>(std::make_shared<TestResolver>(&shard), events); };
}

// What the function says of the first shard, asked on its thread.
template <typename Function>
auto onShard(Server& server, Function function) {
  using Result = decltype(function(std::declval<TestFactory&>()));
  std::promise<Result> promise;
  server.post([&](std::size_t shard, ServerFactory& factory) {
    if (shard == 0) promise.set_value(function(dynamic_cast<TestFactory&>(factory)));
  });
  return promise.get_future().get();
}

void waitFor(Server& server, bool (*happened)(TestFactory&)) {
  while (!onShard(server, happened)) std::this_thread::yield();
}

bool canConnect(const Address& address) {
  try {
    BlockingClient(SOCK_STREAM, address);
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

int openGate(TestFactory& factory) {
  factory.testResolver().gate.set();
  return 0;
}

std::string startFailure(Server& server) {
  try {
    server.start();
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

// Whether a datagram to the address comes back as an ICMP error: no socket is bound there.
bool isRefused(const Address& address) {
  const UniqueFd fd(::socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_storage name{};
  const socklen_t length = address.toSockaddr(name);
  REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), length) == 0);
  if (detail::localAddressOf(fd.get()) == address) return true;  // the kernel gave it this very port, which was free
  const Bytes query = makeQuery("www.example.com", Type::A);
  if (::send(fd.get(), query.data(), query.size(), 0) < 0) return errno == ECONNREFUSED;
  char octet = 0;
  return ::recv(fd.get(), &octet, 1, MSG_DONTWAIT) < 0 && errno == ECONNREFUSED;
}

}  // namespace

TEST_CASE("a server answers over UDP and TCP, IPv4 and IPv6, on ports that it picked") {
  Events events;
  Server server(options(), makeFactory(events));
  server.start();
  REQUIRE(server.addresses().size() == 2);
  CHECK(server.addresses()[0].isV4());
  CHECK(server.addresses()[1].isV6());
  for (const Address& address : server.addresses()) {
    CHECK(address.port() != 0);
    for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
      BlockingClient client(type, address);
      const auto reply = client.ask(makeQuery("www.example.com", Type::A));
      REQUIRE(reply);
      CHECK(reply->counts[0] == 1);
    }
  }
}

TEST_CASE("a reply that is too large for a datagram has TC, and the stream has it whole") {
  Events events;
  Server server(options(), makeFactory(events));
  server.start();
  const Bytes query = makeQuery("many.example.com", Type::A);
  const auto cut = BlockingClient(SOCK_DGRAM, server.addresses()[0]).ask(query);
  REQUIRE(cut);
  CHECK(cut->has(flag::TC));
  const auto whole = BlockingClient(SOCK_STREAM, server.addresses()[0]).ask(query);
  REQUIRE(whole);
  CHECK_FALSE(whole->has(flag::TC));
  CHECK(whole->counts[0] == 100);
}

TEST_CASE("several shards share the addresses and answer many clients") {
  Events events;
  Server server(options(3), makeFactory(events));
  server.start();
  CHECK(server.shardCount() == 3);
  for (int i = 0; i < 30; ++i) {
    for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
      CAPTURE(type);
      errno = 0;
      const auto reply = BlockingClient(type, server.addresses()[0]).ask(makeQuery("www.example.com", Type::A));
      CAPTURE(errno);
      CHECK(reply);
    }
  }
  server.stop();
  server.wait();
  CHECK(events.count("start") == 3);
  CHECK(events.count("close") == 3);
  CHECK(events.count("stop") == 3);
}

TEST_CASE("startFactory comes before the first query, and closing the resolvers and stopFactory after the last") {
  Events events;
  Server server(options(), makeFactory(events));
  server.start();
  CHECK(events.list == std::vector<std::string>{"start"});
  server.stop();
  server.wait();
  CHECK(events.list == std::vector<std::string>{"start", "close", "stop"});
}

TEST_CASE("a function that is posted is called once on each shard, on threads of their own") {
  Events events;
  Server server(options(3), makeFactory(events));
  server.start();
  std::mutex mutex;
  std::multiset<std::size_t> shards;
  std::set<std::thread::id> threads;
  std::promise<void> all;
  server.post([&](std::size_t shard, ServerFactory&) {
    const std::scoped_lock lock(mutex);
    shards.insert(shard);
    threads.insert(std::this_thread::get_id());
    if (shards.size() == 3) all.set_value();
  });
  all.get_future().get();
  CHECK(shards == std::multiset<std::size_t>{0, 1, 2});
  CHECK(threads.size() == 3);
  CHECK_FALSE(threads.contains(std::this_thread::get_id()));
}

TEST_CASE("an address that no interface has is said once, and keeps no other from being served") {
  Events events;
  LogCapture captured;
  ServerOptions some = options(2);
  const Address absentV4 = Address::parse("192.0.2.1").value();
  const Address absentV6 = Address::parse("2001:db8::1").value();
  some.listen = {absentV4, Address::loopbackV4(), absentV6};
  Server server(some, makeFactory(events));
  server.start();
  REQUIRE(server.addresses().size() == 3);
  CHECK(BlockingClient(SOCK_DGRAM, server.addresses()[0]).ask(makeQuery("www.example.com", Type::A)));
  CHECK(server.addresses()[1].sameHost(absentV4));
  CHECK(server.addresses()[2].sameHost(absentV6));
  for (const Address& absent : {absentV4, absentV6})
    CHECK(captured.count("no interface has the address " + absent.toText()) == 1);
}

TEST_CASE("where no interface has any of the addresses, the first of them is named and nothing runs") {
  Events events;
  ServerOptions none = options();
  none.listen = {Address::parse("192.0.2.1").value(), Address::parse("2001:db8::1").value()};
  Server server(none, makeFactory(events));
  CHECK(startFailure(server).find("192.0.2.1") != std::string::npos);
  CHECK(server.addresses().empty());
  CHECK(events.count("start") == 0);
}

TEST_CASE("with freebind the server starts though no interface has any of the addresses, and says so once") {
  Events events;
  LogCapture captured;
  ServerOptions none = options(2);
  none.freebind = true;
  none.listen = {Address::parse("192.0.2.1").value(), Address::parse("2001:db8::1").value()};
  Server server(none, makeFactory(events));
  server.start();
  CHECK(server.addresses().size() == 2);
  for (const char* const absent : {"192.0.2.1", "2001:db8::1"})
    CHECK(captured.count(std::string("no interface has the address ") + absent) == 1);
}

TEST_CASE("an address that is given twice is one listener") {
  Events events;
  ServerOptions twice = options();
  for (const Address& address : options().listen) twice.listen.push_back(address);
  Server server(twice, makeFactory(events));
  server.start();
  CHECK(server.addresses().size() == 2);
}

TEST_CASE("a port that is taken is an error that names the address, and nothing runs") {
  Events events;
  Server first(options(), makeFactory(events));
  first.start();
  for (const Address& taken : first.addresses()) {
    Events others;
    ServerOptions second = options(2);
    second.listen = {Address::loopbackV4(), taken};
    Server server(second, makeFactory(others));
    CHECK_THROWS_AS(server.start(), std::system_error);
    CHECK(server.addresses().empty());
    CHECK(others.count("start") == 0);
    Server again(second, makeFactory(others));
    CHECK(startFailure(again).find(taken.toText()) != std::string::npos);
  }
}

TEST_CASE("a port that is taken for TCP alone is an error as well") {
  Events events;
  Server server(options(), makeFactory(events));
  const UniqueFd holder(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_storage name{};
  socklen_t length = Address::loopbackV4().toSockaddr(name);
  REQUIRE(::bind(holder.get(), reinterpret_cast<const sockaddr*>(&name), length) == 0);
  REQUIRE(::listen(holder.get(), 1) == 0);
  length = sizeof name;
  REQUIRE(::getsockname(holder.get(), reinterpret_cast<sockaddr*>(&name), &length) == 0);
  ServerOptions taken = options();
  taken.listen = {Address::fromSockaddr(&name, length)};
  Server second(taken, makeFactory(events));
  CHECK(startFailure(second).find(taken.listen[0].toText()) != std::string::npos);
}

TEST_CASE("what startFactory throws on any shard comes out of start, and nothing runs") {
  class Refusing final : public ServerFactory {
   public:
    explicit Refusing(bool refuses) : refuses_(refuses) {}
    void startFactory() override {
      if (refuses_) throw std::runtime_error("no licence");
    }

   private:
    bool refuses_;
  };
  ServerOptions three = options(3);
  int made = 0;
  Server server(three, [&](Shard&) { return std::make_unique<Refusing>(++made == 2); });
  CHECK(startFailure(server) == "no licence");
  CHECK(server.addresses().empty());
}

TEST_CASE("what the maker of factories throws comes out of start, and nothing runs") {
  int made = 0;
  Server server(options(2), [&](Shard&) -> std::unique_ptr<ServerFactory> {
    if (++made == 2) throw std::runtime_error("no memory for zones");
    return std::make_unique<ServerFactory>();
  });
  CHECK(startFailure(server) == "no memory for zones");
}

TEST_CASE("a server that was never started can be stopped, awaited and destroyed") {
  Events events;
  Server server(options(), makeFactory(events));
  server.stop();
  server.wait();
  CHECK(events.count("start") == 0);
}

TEST_CASE("a server starts once, with an address to listen on and room for a connection") {
  Events events;
  Server server(options(), makeFactory(events));
  server.start();
  CHECK_THROWS_AS(server.start(), std::logic_error);
  CHECK(BlockingClient(SOCK_DGRAM, server.addresses()[0]).ask(makeQuery("www.example.com", Type::A)));
  ServerOptions none = options();
  none.listen.clear();
  Server deaf(none, makeFactory(events));
  CHECK_THROWS_AS(deaf.start(), std::invalid_argument);
  ServerOptions unconnected = options();
  unconnected.maxConnections = 0;
  Server closed(unconnected, makeFactory(events));
  CHECK_THROWS_AS(closed.start(), std::invalid_argument);
}

TEST_CASE("a server that is destroyed ends by itself") {
  Events events;
  {
    Server server(options(2), makeFactory(events));
    server.start();
  }
  CHECK(events.count("stop") == 2);
}

TEST_CASE("after a stop the queries in flight are answered, and no client can connect any more") {
  Events events;
  ServerOptions patient = options();
  patient.drain = 1h;
  Server server(patient, makeFactory(events));
  server.start();
  const Address address = server.addresses()[0];
  BlockingClient datagrams(SOCK_DGRAM, address);
  BlockingClient stream(SOCK_STREAM, address);
  datagrams.send(makeQuery("gate.example.com", Type::A));
  stream.send(makeQuery("gate.example.com", Type::A));
  waitFor(server, [](TestFactory& factory) { return factory.testResolver().waiting == 2; });
  server.stop();
  server.stop();
  // The listener closes some turns after the stop.
  while (canConnect(address)) std::this_thread::yield();
  CHECK(events.count("stop") == 0);
  onShard(server, openGate);
  for (BlockingClient* client : {&datagrams, &stream}) {
    const auto reply = client->receive();
    REQUIRE(reply);
    CHECK(ParsedReply(*reply).counts[0] == 1);
  }
  server.wait();
  CHECK(events.count("stop") == 1);
}

TEST_CASE("a socket closes when its own replies have left, while another still waits for some") {
  Events events;
  ServerOptions patient = options();
  patient.drain = 1h;
  Server server(patient, makeFactory(events));
  server.start();
  BlockingClient waiting(SOCK_STREAM, server.addresses()[0]);
  waiting.send(makeQuery("gate.example.com", Type::A));
  waitFor(server, [](TestFactory& factory) { return factory.testResolver().waiting == 1; });
  server.stop();
  for (const Address& address : server.addresses())
    while (!isRefused(address)) std::this_thread::yield();
  CHECK(events.count("stop") == 0);
  onShard(server, openGate);
  CHECK(waiting.receive());
  server.wait();
}

TEST_CASE("queries that take longer than the drain are aborted, and their clients hear of it") {
  Events events;
  ServerOptions hasty = options();
  hasty.drain = 1ms;
  Server server(hasty, makeFactory(events));
  server.start();
  BlockingClient datagrams(SOCK_DGRAM, server.addresses()[0]);
  BlockingClient stream(SOCK_STREAM, server.addresses()[0]);
  datagrams.send(makeQuery("gate.example.com", Type::A));
  stream.send(makeQuery("gate.example.com", Type::A));
  waitFor(server, [](TestFactory& factory) { return factory.testResolver().waiting == 2; });
  server.stop();
  server.wait();
  CHECK(events.count("stop") == 1);
  for (BlockingClient* client : {&datagrams, &stream}) {
    const auto reply = client->receive();
    REQUIRE(reply);
    CHECK(ParsedReply(*reply).rcode == Rcode::SERVFAIL);
  }
}

TEST_CASE("one connection too many ends the oldest without a query in flight of the client that holds most") {
  Events events;
  ServerOptions few = options();
  few.maxConnections = 3;
  Server server(few, makeFactory(events));
  server.start();
  const Address address = server.addresses()[0];
  const Bytes query = makeQuery("www.example.com", Type::A);
  const auto count = [](TestFactory& factory) { return factory.connections().size(); };
  BlockingClient other(SOCK_STREAM, server.addresses()[1]);  // over IPv6: another client
  CHECK(other.ask(query));
  BlockingClient busy(SOCK_STREAM, address);
  busy.send(makeQuery("gate.example.com", Type::A));
  waitFor(server, [](TestFactory& factory) { return factory.testResolver().waiting == 1; });
  BlockingClient resting(SOCK_STREAM, address);
  CHECK(resting.ask(query));
  CHECK(onShard(server, count) == 3);
  BlockingClient last(SOCK_STREAM, address);
  CHECK(last.ask(query));
  CHECK_FALSE(resting.receive());
  CHECK(other.ask(query));
  onShard(server, openGate);
  CHECK(busy.receive());
}

TEST_CASE("a connection for which there is no descriptor ends the oldest of the client that holds most") {
  Events events;
  LogCapture captured;
  log::warning("UBSan opens a pipe the first time that it checks a type: {}",
               std::make_error_code(std::errc()).message());
  Server server(options(), makeFactory(events));
  server.start();
  const Address address = server.addresses()[0];
  const Bytes query = makeQuery("www.example.com", Type::A);
  BlockingClient other(SOCK_STREAM, server.addresses()[1]);
  CHECK(other.ask(query));
  BlockingClient oldest(SOCK_STREAM, address);
  CHECK(oldest.ask(query));
  BlockingClient second(SOCK_STREAM, address);
  CHECK(second.ask(query));
  {
    UniqueFd ofClient(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const NoDescriptors none;
    ofClient.reset();
    BlockingClient last(SOCK_STREAM, address);
    CHECK(last.ask(query));
  }
  CHECK_FALSE(oldest.receive());
  for (BlockingClient* client : {&other, &second}) CHECK(client->ask(query));
  CHECK(captured.count("cannot accept connections for now") == 1);
}

TEST_CASE("a protocol factory that declines closes the connection") {
  Server server(options(), [](Shard&) {
    auto factory = std::make_unique<ServerFactory>();
    factory->setProtocol([](ServerFactory&, const Address&) { return nullptr; });
    return factory;
  });
  server.start();
  BlockingClient client(SOCK_STREAM, server.addresses()[0]);
  CHECK_FALSE(client.receive());
}

TEST_CASE("a protocol factory that throws closes the connection, and the server goes on") {
  const LogCapture log;
  Server server(options(), [](Shard&) {
    auto factory = std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::make_shared<TestResolver>()});
    factory->setProtocol([calls = 0](ServerFactory& made, const Address& peer) mutable {
      if (++calls == 1) throw std::runtime_error("no protocol today");
      return std::make_unique<StreamConnection>(made, peer);
    });
    return factory;
  });
  server.start();
  BlockingClient refused(SOCK_STREAM, server.addresses()[0]);
  CHECK_FALSE(refused.receive());
  BlockingClient served(SOCK_STREAM, server.addresses()[0]);
  CHECK(served.ask(makeQuery("www.example.com", Type::A)));
  CHECK(log.has("no protocol today"));
}

TEST_CASE("run says 1, and why in one line of the log, where the server does not start") {
  Events events;
  Server first(options(), makeFactory(events));
  first.start();
  sigset_t before;
  REQUIRE(::pthread_sigmask(SIG_SETMASK, nullptr, &before) == 0);
  ServerOptions taken = options();
  taken.listen = {first.addresses()[0]};
  Server second(taken, makeFactory(events));
  const LogCapture log;
  CHECK(second.run() == 1);
  CHECK(log.lines().size() == 1);
  CHECK(log.has(first.addresses()[0].toText()));
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_CASE("run says 1, and why, where the maker of factories or what is called after the start throws anything") {
  sigset_t before;
  REQUIRE(::pthread_sigmask(SIG_SETMASK, nullptr, &before) == 0);
  Events events;
  const LogCapture log;
  Server unmade(options(), [](Shard&) -> std::unique_ptr<ServerFactory> { throw 42; });
  CHECK(unmade.run() == 1);
  CHECK(log.lines() == std::vector<std::string>{"an exception of an unknown type"});
  Server begun(options(), makeFactory(events));
  CHECK(begun.run({}, [] { throw std::runtime_error("no list"); }) == 1);
  CHECK(begun.startFailure() == "no list");
  CHECK(log.count("no list") == 1);
  CHECK(begun.endedInOrder());
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_CASE("run reloads on SIGHUP, ends on SIGTERM, and says 0") {
  // Signals that the server's thread sends as it starts wait until run looks for them, the lower number first.
  class Signalling final : public ServerFactory {
   public:
    explicit Signalling(pthread_t thread) : thread_(thread) {}
    void startFactory() override {
      ::pthread_kill(thread_, SIGHUP);
      ::pthread_kill(thread_, SIGTERM);
    }

   private:
    pthread_t thread_;
  };
  sigset_t before;
  REQUIRE(::pthread_sigmask(SIG_SETMASK, nullptr, &before) == 0);
  const pthread_t here = ::pthread_self();
  Server server(options(), [here](Shard&) { return std::make_unique<Signalling>(here); });
  int reloads = 0;
  CHECK(server.run([&] { ++reloads; }) == 0);
  CHECK(reloads == 1);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_CASE("sixteen hundred queries whose handlers never end keep neither other clients nor the end of the server") {
  Events events;
  ServerOptions few = options();
  few.drain = std::chrono::milliseconds(100);
  {
    const LogCapture log;
    Server server(few, makeFactory(events));
    server.start();
    BlockingClient flood(SOCK_DGRAM, server.addresses()[0]);
    const Bytes query = makeQuery("deaf.example.com", Type::A);
    for (std::size_t sent = 0; sent < 1600;) {
      for (const std::size_t end = sent + 32; sent < end; ++sent) flood.send(query);
      while (onShard(server, [](TestFactory& factory) { return factory.testResolver().waiting; }) < sent)
        std::this_thread::yield();
    }
    BlockingClient other(SOCK_DGRAM, server.addresses()[1]);
    const auto reply = other.ask(makeQuery("www.example.com", Type::A));
    REQUIRE(reply);
    CHECK(reply->counts[0] == 1);
    CHECK(BlockingClient(SOCK_STREAM, server.addresses()[0]).ask(makeQuery("www.example.com", Type::A)));
    server.stop();
    server.wait();
    CHECK_FALSE(server.endedInOrder());
    CHECK(log.count("deaf.example.com. A from 127.0.0.1") >= 10);
    CHECK(log.has("the handler does not end"));
    CHECK(log.has("1590 more handlers do not end"));
  }
  CHECK(events.count("close") == 1);
  CHECK(events.count("stop") == 0);
}

TEST_CASE("a handler that ends when its resolver is closed lets the server end in order") {
  class Opening final : public Resolver {
   public:
    explicit Opening(std::shared_ptr<TestResolver> resolver) : resolver_(std::move(resolver)) {}
    Task<std::optional<Answer>> resolve(const Query& query) override { return resolver_->resolve(query); }
    Task<> close() override {
      resolver_->gate.set();
      return Task<>::ready();
    }

   private:
    std::shared_ptr<TestResolver> resolver_;
  };
  ServerOptions few = options();
  few.drain = std::chrono::milliseconds(1);
  const LogCapture log;
  Server server(few, [](Shard& shard) {
    auto resolver = std::make_shared<Opening>(std::make_shared<TestResolver>(&shard));
    return std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::move(resolver)});
  });
  server.start();
  BlockingClient client(SOCK_DGRAM, server.addresses()[0]);
  client.send(makeQuery("deaf.example.com", Type::A));
  CHECK(client.ask(makeQuery("www.example.com", Type::A)));
  server.stop();
  server.wait();
  CHECK(server.endedInOrder());
  CHECK_FALSE(log.has("does not end"));
}

TEST_CASE(
    "a handler that keeps its thread busy, and a resolver that does not close, do not keep the server from ending") {
  class Blocking final : public Resolver {
   public:
    Blocking(std::shared_ptr<std::promise<void>> asked, std::shared_future<void> end)
        : asked_(std::move(asked)), end_(std::move(end)) {}
    Task<std::optional<Answer>> resolve(const Query&) override {
      asked_->set_value();
      end_.wait();
      return Task<std::optional<Answer>>::ready(Answer());
    }

   private:
    std::shared_ptr<std::promise<void>> asked_;
    std::shared_future<void> end_;
  };
  class NeverClosing final : public Resolver {
   public:
    Task<std::optional<Answer>> resolve(const Query&) override {
      return Task<std::optional<Answer>>::ready(std::nullopt);
    }
    Task<> close() override { co_await never_.wait(); }

   private:
    Event never_;
  };
  ServerOptions few = options();
  few.drain = std::chrono::milliseconds(1);
  std::promise<void> end;
  const std::shared_future<void> ended = end.get_future().share();
  const auto asked = std::make_shared<std::promise<void>>();
  {
    const LogCapture log;
    Server busy(few, [&](Shard&) {
      return std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::make_shared<Blocking>(asked, ended)});
    });
    Server closing(few, [](Shard&) {
      return std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::make_shared<NeverClosing>()});
    });
    busy.start();
    closing.start();
    BlockingClient client(SOCK_DGRAM, busy.addresses()[0]);
    client.send(makeQuery("www.example.com", Type::A));
    asked->get_future().get();
    CHECK(busy.isResponsive(1h));
    CHECK_FALSE(busy.isResponsive(0ms));
    while (!closing.isResponsive(0ms)) std::this_thread::yield();
    busy.stop();
    closing.stop();
    busy.wait();
    closing.wait();
    CHECK_FALSE(busy.endedInOrder());
    CHECK_FALSE(closing.endedInOrder());
    CHECK(log.has("keeps its thread busy"));
    CHECK(log.has("closing the resolvers does not end"));
  }
  end.set_value();
}

namespace {

// With a port that is free for UDP and TCP on all addresses of IPv4.
Address freeAddress(std::uint8_t lastOctet = 1) {
  Events events;
  ServerOptions all = options();
  all.listen = {Address::anyV4()};
  Server server(all, makeFactory(events));
  server.start();
  return Address::v4({127, 0, 0, lastOctet}, server.addresses()[0].port());
}

std::string replaceFailure(Server& server, const std::vector<Address>& listen) {
  try {
    server.replaceListeners(listen);
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

bool isServed(int type, const Address& address) {
  if (type == SOCK_STREAM && !canConnect(address)) return false;
  return BlockingClient(type, address).ask(makeQuery("www.example.com", Type::A)).has_value();
}
bool isServed(const Address& address) {
  return isServed(SOCK_DGRAM, address) && isServed(SOCK_STREAM, address);
}

void waitUntilRefused(const Address& address) {
  while (!isRefused(address) || canConnect(address)) std::this_thread::yield();
}

}  // namespace

TEST_CASE("a new listener is served when the call returns, one that is taken away is refused soon, and one stays") {
  Events events;
  const LogCapture log;
  Server server(options(3), makeFactory(events));
  server.start();
  const Address stays = server.addresses()[0];
  const Address goes = server.addresses()[1];
  const Address comes = freeAddress(2);
  BlockingClient connected(SOCK_STREAM, stays);
  CHECK(connected.ask(makeQuery("www.example.com", Type::A)));
  server.replaceListeners({comes, stays});
  CHECK(server.addresses() == std::vector{comes, stays});
  for (int i = 0; i < 20; ++i) CHECK(isServed(comes));
  CHECK(isServed(stays));
  CHECK(connected.ask(makeQuery("www.example.com", Type::A)));
  waitUntilRefused(goes);
  CHECK(log.count(fmt::format("listening on {}", comes)) == 1);
  CHECK(log.count(fmt::format("listening on {} has ended", goes)) == 1);
  CHECK_FALSE(log.has(stays.toText()));
}

TEST_CASE("where one new listener cannot be opened, nothing changes, and what was opened is closed") {
  Events events;
  Server other(options(), makeFactory(events));
  other.start();
  Server server(options(2), makeFactory(events));
  server.start();
  const std::vector<Address> before = server.addresses();
  const Address comes = freeAddress();
  const Address taken = other.addresses()[0];
  CHECK(replaceFailure(server, {comes, taken}).find(taken.toText()) != std::string::npos);
  CHECK(server.addresses() == before);
  for (const Address& address : before) CHECK(isServed(address));
  CHECK(isRefused(comes));
  CHECK_FALSE(canConnect(comes));
  CHECK_THROWS_AS(server.replaceListeners({}), std::invalid_argument);
}

TEST_CASE("listeners are replaced while a server runs, and not before") {
  Events events;
  Server server(options(), makeFactory(events));
  CHECK_THROWS_AS(server.replaceListeners({Address::loopbackV4()}), std::logic_error);
}

TEST_CASE("queries that came by a listener which is closed are answered by it, over UDP and TCP") {
  Events events;
  ServerOptions patient = options();
  patient.drain = 1h;
  Server server(patient, makeFactory(events));
  server.start();
  const Address stays = server.addresses()[0];
  const Address goes = server.addresses()[1];
  BlockingClient datagrams(SOCK_DGRAM, goes);
  BlockingClient stream(SOCK_STREAM, goes);
  BlockingClient resting(SOCK_STREAM, goes);
  CHECK(resting.ask(makeQuery("www.example.com", Type::A)));
  for (BlockingClient* client : {&datagrams, &stream}) client->send(makeQuery("gate.example.com", Type::A));
  waitFor(server, [](TestFactory& factory) { return factory.testResolver().waiting == 2; });
  server.replaceListeners({stays});
  while (canConnect(goes)) std::this_thread::yield();
  CHECK_FALSE(resting.receive());
  CHECK(isServed(stays));
  onShard(server, openGate);
  for (BlockingClient* client : {&datagrams, &stream}) {
    const auto reply = client->receive();
    REQUIRE(reply);
    CHECK(ParsedReply(*reply).counts[0] == 1);
  }
  waitUntilRefused(goes);
  CHECK(isServed(stays));
}

TEST_CASE("what takes longer than the drain on a listener that is closed is aborted, and the server goes on") {
  Events events;
  ServerOptions hasty = options();
  hasty.drain = 1ms;
  Server server(hasty, makeFactory(events));
  server.start();
  const Address stays = server.addresses()[0];
  const Address goes = server.addresses()[1];
  BlockingClient aborted(SOCK_DGRAM, goes);
  BlockingClient kept(SOCK_DGRAM, stays);
  for (BlockingClient* client : {&aborted, &kept}) client->send(makeQuery("gate.example.com", Type::A));
  waitFor(server, [](TestFactory& factory) { return factory.testResolver().waiting == 2; });
  server.replaceListeners({stays});
  const auto failure = aborted.receive();
  REQUIRE(failure);
  CHECK(ParsedReply(*failure).rcode == Rcode::SERVFAIL);
  waitUntilRefused(goes);
  onShard(server, openGate);
  const auto reply = kept.receive();
  REQUIRE(reply);
  CHECK(ParsedReply(*reply).rcode == Rcode::NOERROR);
}

TEST_CASE("a listener that comes again while it is being closed is served by new sockets alone") {
  Events events;
  ServerOptions hasty = options(2);
  hasty.drain = 1ms;
  Server server(hasty, makeFactory(events));
  server.start();
  const Address stays = server.addresses()[0];
  const Address again = server.addresses()[1];
  BlockingClient waiting(SOCK_DGRAM, again);
  waiting.send(makeQuery("gate.example.com", Type::A));
  CHECK(waiting.ask(makeQuery("www.example.com", Type::A)));
  server.replaceListeners({stays});
  server.replaceListeners({stays, again});
  for (int i = 0; i < 50; ++i) CHECK(isServed(again));
}

TEST_CASE("a wildcard takes the place of an address, and an address that of the wildcard, without a gap over UDP") {
  Events events;
  const Address address = freeAddress();
  ServerOptions one = options(2);
  one.listen = {address};
  Server server(one, makeFactory(events));
  server.start();
  BlockingClient client(SOCK_DGRAM, address);
  const Bytes query = makeQuery("www.example.com", Type::A);
  const Address other = Address::v4({127, 9, 8, 7}, address.port());
  for (int i = 0; i < 10; ++i) {
    client.send(query);
    server.replaceListeners({Address::anyV4(address.port())});
    CHECK(client.receive());
    CHECK(isServed(SOCK_DGRAM, other));
    client.send(query);
    server.replaceListeners({address});
    CHECK(client.receive());
    while (!isRefused(other)) std::this_thread::yield();
  }
}

TEST_CASE("an address of no interface is served without a gap where a wildcard takes its place while a query waits") {
  Events events;
  ServerOptions one = options(2);
  one.listen = {Address::v4({127, 9, 8, 7}, freeAddress().port())};
  const Address address = one.listen[0];
  Server server(one, makeFactory(events));
  server.start();
  BlockingClient waiting(SOCK_DGRAM, address);
  waiting.send(makeQuery("gate.example.com", Type::A));
  CHECK(waiting.ask(makeQuery("www.example.com", Type::A)));
  server.replaceListeners({Address::anyV4(address.port())});
  for (int i = 0; i < 50; ++i) CHECK(isServed(SOCK_DGRAM, address));
}

TEST_CASE("a new listener whose address no interface has is said once, and keeps no other away") {
  Events events;
  const LogCapture log;
  Server server(options(2), makeFactory(events));
  server.start();
  const Address absent = Address::parse("192.0.2.1").value();
  const Address comes = freeAddress();
  server.replaceListeners({absent, comes});
  REQUIRE(server.addresses().size() == 2);
  CHECK(server.addresses()[0] == comes);
  CHECK(server.addresses()[1].sameHost(absent));
  CHECK(isServed(comes));
  server.replaceListeners({absent, comes, freeAddress(2)});
  CHECK(log.count("no interface has the address 192.0.2.1") == 1);
  CHECK(replaceFailure(server, {Address::parse("198.51.100.2").value()}).find("198.51.100.2") != std::string::npos);
  CHECK(isServed(comes));
}

TEST_CASE("a lower limit of connections ends those that are too many, and a higher one lets more in") {
  Events events;
  ServerOptions three = options();
  three.maxConnections = 3;
  Server server(three, makeFactory(events));
  server.start();
  const Bytes query = makeQuery("www.example.com", Type::A);
  std::vector<std::unique_ptr<BlockingClient>> clients;
  const auto connect = [&] {
    clients.push_back(std::make_unique<BlockingClient>(SOCK_STREAM, server.addresses()[0]));
    return clients.back()->ask(query).has_value();
  };
  for (int i = 0; i < 3; ++i) CHECK(connect());
  server.setMaxConnections(1);
  for (int i = 0; i < 2; ++i) CHECK_FALSE(clients[static_cast<std::size_t>(i)]->receive());
  CHECK(clients[2]->ask(query));
  server.setMaxConnections(2);
  CHECK(connect());
  CHECK(clients[2]->ask(query));
  CHECK_THROWS_AS(server.setMaxConnections(0), std::invalid_argument);
}

TEST_CASE("a server goes on for the time that its ending gives, and reloads, until a second signal ends it at once") {
  sigset_t before;
  REQUIRE(::pthread_sigmask(SIG_SETMASK, nullptr, &before) == 0);
  Events events;
  const LogCapture log;
  const pthread_t here = ::pthread_self();
  Server server(options(), makeFactory(events));
  bool served = false;
  int reloads = 0;
  const auto reload = [&] {
    ++reloads;
    served = isServed(server.addresses()[0]);
    ::pthread_kill(here, SIGTERM);
  };
  const auto started = [&] { ::pthread_kill(here, SIGINT); };
  const auto ending = [&] {
    ::pthread_kill(here, SIGHUP);
    return std::chrono::milliseconds(1h);
  };
  CHECK(server.run(reload, started, ending) == 0);
  CHECK(reloads == 1);
  CHECK(served);
  CHECK(log.count("SIGINT: the server goes on for 3600 s, and ends at once when a second signal comes") == 1);
  CHECK(log.count("SIGTERM: no new query is taken, and those under way are answered") == 1);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_CASE("a server that nothing ends before ends when the time that its ending gives is over") {
  sigset_t before;
  REQUIRE(::pthread_sigmask(SIG_SETMASK, nullptr, &before) == 0);
  Events events;
  const LogCapture log;
  const pthread_t here = ::pthread_self();
  Server server(options(), makeFactory(events));
  const auto started = [&] { ::pthread_kill(here, SIGTERM); };
  CHECK(server.run({}, started, [] { return 1ms; }) == 0);
  CHECK(log.count("SIGTERM: ") == 2);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace server_test
