#include "taut/server/top_queries.hpp"

#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "blocking_client.hpp"
#include "messages.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/server/server.hpp"
#include "taut/server/server_factory.hpp"
#include "test_resolver.hpp"

namespace top_queries_test {

using namespace std::chrono_literals;

namespace {

using namespace taut;

const TimePoint start{1h};
const Address client = Address::v4({192, 0, 2, 1}, 4711);

// Each query that is made is one of those that are counted.
struct Fixture {
  void ask(const Name& name, Type type = Type::A, const Address& from = client, TimePoint at = start) {
    Bytes message = makeQuery("example", type);
    message.erase(message.begin() + 12, message.begin() + 12 + 9);
    message.insert(message.begin() + 12, name.data(), name.data() + name.size());
    const Query query = Query::parse(message, {from, Transport::udp, at}).value();
    top.add(query);
  }
  void ask(const char* name, Type type = Type::A, const Address& from = client, TimePoint at = start) {
    ask(Name(name), type, from, at);
  }
  TopLists lists(TimePoint at = start) { return TopLists::merged({top.top(at)}); }

  TopQueries top;
};

// A name of 255 octets, a different one for each number.
Name longName(int number) {
  std::string text;
  for (int label = 0; label < 3; ++label) text += std::string(63, static_cast<char>('a' + label)) + ".";
  const std::string last = std::to_string(number);
  return Name(std::string(61 - last.size(), 'x') + last + "." + text);
}

std::unique_ptr<ServerFactory> countingFactory() {
  auto factory = std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::make_shared<TestResolver>()});
  factory->setTopQueries(std::make_unique<TopQueries>());
  return factory;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "names, clients and types are told with the questions that they stand for, most first") {
  for (int i = 0; i < 3; ++i) ask("www.example.com", Type::AAAA);
  ask("WWW.Example.com", Type::MX, Address::v4({192, 0, 2, 1}, 53));
  ask("other.example", static_cast<Type>(65280), Address::v6({0x20, 0x01, 0x0d, 0xb8, 1, 2, 3, 4, 5}, 53));
  const TopLists found = lists();
  CHECK(found.queries == 5 * TopQueries::oneIn);
  REQUIRE(found.names.size() == 2);
  CHECK(found.names[0].key == Name("www.example.com"));
  CHECK(found.names[0].atLeast() == 4 * TopQueries::oneIn);
  REQUIRE(found.clients.size() == 2);
  CHECK(found.clients[0].key.toString() == "192.0.2.1");
  CHECK(found.clients[0].atLeast() == 4 * TopQueries::oneIn);
  CHECK(found.clients[1].key.toString() == "2001:db8:102:300::/56");
  REQUIRE(found.types.size() == 3);
  CHECK(found.types[0].key == Type::AAAA);
}

TEST_CASE_FIXTURE(Fixture, "names of 255 octets that are all different hide no name that comes often") {
  for (int i = 0; i < 20'000; ++i) {
    ask(longName(i));
    if (i % 20 == 0) ask("often.example");
  }
  const TopLists found = lists();
  CHECK(found.names.size() == TopLists::maxShown);
  CHECK(found.names.front().key == Name("often.example"));
  CHECK(found.names.front().atLeast() >= found.queries / 25);
  CHECK(longName(0).size() == maxNameSize);
  // None of the others seems to have been asked more than once.
  for (std::size_t i = 1; i < found.names.size(); ++i) CHECK(found.names[i].atLeast() == TopQueries::oneIn);
}

TEST_CASE_FIXTURE(Fixture, "clients and types that are all different hide none that comes often") {
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    const auto octet = [i](int shift) { return static_cast<std::uint8_t>(i >> shift); };
    ask("www.example", static_cast<Type>(256 + i), Address::v4({10, octet(16), octet(8), octet(0)}, 53));
    if (i % 10 == 0) ask("www.example", Type::A, client);
  }
  const TopLists found = lists();
  CHECK(found.clients.front().key.toString() == "192.0.2.1");
  CHECK(found.types.front().key == Type::A);
}

TEST_CASE_FIXTURE(Fixture, "what came a minute before counts half, and what is over is forgotten") {
  for (int i = 0; i < 6; ++i) ask("old.example");
  for (int i = 0; i < 4; ++i) ask("new.example", Type::A, client, start + TopQueries::halfLife);
  const TopLists found = lists(start + TopQueries::halfLife);
  CHECK(found.names.front().key == Name("new.example"));
  CHECK(found.names.back().atLeast() == 3 * TopQueries::oneIn);
  CHECK(found.queries == 7 * TopQueries::oneIn);
  const TopLists later = lists(start + 1h);
  CHECK(later.queries == 0);
  CHECK(later.names.empty());
  CHECK(later.clients.empty());
}

TEST_CASE_FIXTURE(Fixture, "one query in 64 is counted, in no fixed order") {
  const Query query = Query::parse(makeQuery("www.example", Type::A), {client, Transport::udp, start}).value();
  constexpr std::uint64_t times = 10'000;
  std::uint64_t sum = 0;
  std::vector<bool> came(2 * TopQueries::oneIn);
  for (std::uint64_t i = 0; i < times; ++i) {
    const std::uint32_t gap = top.add(query);
    REQUIRE(gap < came.size());
    CHECK(gap > 0);
    came[gap] = true;
    sum += gap;
  }
  CHECK(sum / times >= 61);
  CHECK(sum / times <= 66);
  for (std::size_t gap = 1; gap < came.size(); ++gap) CHECK(came[gap]);
}

TEST_CASE_FIXTURE(Fixture, "a message without a question is not counted") {
  Bytes message = makeQuery("www.example", Type::A);
  message.resize(messageHeaderSize);
  message[5] = 0;
  CHECK(top.add(Query::parse(message, {client, Transport::udp, start}).value()) > 0);
  CHECK(lists().queries == 0);
}

TEST_CASE("the lists of several shards become one, in which each name stands once") {
  Fixture one;
  Fixture two;
  for (int i = 0; i < 3; ++i) one.ask("one.example");
  for (int i = 0; i < 2; ++i) two.ask("one.example");
  for (int i = 0; i < 4; ++i) two.ask("two.example", Type::NS);
  const TopLists found = TopLists::merged({one.top.top(start), two.top.top(start), TopLists()});
  CHECK(found.queries == 9 * TopQueries::oneIn);
  REQUIRE(found.names.size() == 2);
  CHECK(found.names[0].key == Name("one.example"));
  CHECK(found.names[0].atLeast() == 5 * TopQueries::oneIn);
  CHECK(found.clients.size() == 1);
  CHECK(TopLists::merged({}).names.empty());
}

TEST_CASE("a factory counts one query in 64 where it is told to, over all transports") {
  const auto factory = countingFactory();
  for (int i = 0; i < 6400; ++i) {
    const Transport transport = i % 2 == 0 ? Transport::udp : Transport::tcp;
    const Query query = Query::parse(makeQuery("www.example.com", Type::A), {client, transport, start}).value();
    TestChannel channel(transport);
    syncWait(factory->serve(query, channel));
  }
  const TopLists found = TopLists::merged({factory->topQueries()->top(start)});
  CHECK(found.queries >= 3200);
  CHECK(found.queries <= 12'800);
  CHECK(found.names.front().atLeast() == found.queries);
}

TEST_CASE("what is asked is collected while the shards work") {
  ServerOptions options;
  options.listen = {Address::loopbackV4()};
  options.threads = 2;
  Server server(options, [](Shard&) { return countingFactory(); });
  server.start();
  std::atomic<bool> done = false;
  std::thread load([&] {
    for (int i = 0; i < 100; ++i) {
      BlockingClient udp(SOCK_DGRAM, server.addresses()[0]);
      for (int query = 0; query < 20; ++query) udp.ask(makeQuery("www.example.com", Type::A));
    }
    done = true;
  });
  TopLists found;
  for (bool last = false; !last;) {
    last = done;
    std::promise<std::vector<TopLists>> collected;
    server.collectTop([&](std::vector<TopLists> lists) { collected.set_value(std::move(lists)); });
    std::vector<TopLists> lists = collected.get_future().get();
    CHECK(lists.size() == 2);
    found = TopLists::merged(std::move(lists));
  }
  load.join();
  REQUIRE(found.names.size() == 1);
  CHECK(found.names.front().key == Name("www.example.com"));
  CHECK(found.clients.front().key.toString() == "127.0.0.1");
}

TEST_CASE("a server whose factories count nothing tells empty lists") {
  ServerOptions options;
  options.listen = {Address::loopbackV4()};
  options.threads = 1;
  Server server(options, [](Shard&) { return std::make_unique<ServerFactory>(); });
  server.start();
  std::promise<std::vector<TopLists>> collected;
  server.collectTop([&](std::vector<TopLists> lists) { collected.set_value(std::move(lists)); });
  const std::vector<TopLists> lists = collected.get_future().get();
  REQUIRE(lists.size() == 1);
  CHECK(lists[0].queries == 0);
}

}  // namespace top_queries_test
