#include "taut/client/client.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "support/temporary_file.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/log.hpp"
#include "taut/client/blocking_lookup.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/query.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/udp_socket.hpp"

namespace taut::client_test {

using namespace std::chrono_literals;

namespace {

// What a server would say, and what it was asked.
class Scripted final : public Resolver {
 public:
  using Script = std::function<std::optional<Answer>(const Query&)>;

  explicit Scripted(Script script) : script_(std::move(script)) {}

  Task<std::optional<Answer>> resolve(const Query& query) override {
    asked.push_back(query.name().toString() + ' ' + toString(query.type()));
    if (silent) {
      const bool heard = co_await never_.wait(query.stopToken());
      if (!heard) co_return std::nullopt;
    }
    co_return script_(query);
  }
  Task<> close() override {
    closed = true;
    return Task<>::ready();
  }

  std::vector<std::string> asked;
  bool silent = false;
  bool closed = false;

 private:
  Script script_;
  Event never_;
};

Answer alias(NameView owner, const char* target, std::chrono::seconds ttl = 60s) {
  Answer answer;
  answer.add(owner, ttl, rdata::CNAME(Name(target)));
  return answer;
}

Answer noData(const char* zone) {
  return Answer::noData(Name(zone), 60s, rdata::SOA(Name("ns"), Name("root"), 1, 2, 3, 4, 5));
}

class Fixture {
 public:
  explicit Fixture(Scripted::Script script, const char* resolvConf = "", const char* hosts = "")
      : server(std::make_shared<Scripted>(std::move(script))), conf_(resolvConf), hosts_(hosts) {
    clock.skipIdle(1ms);
    ShardOptions options;
    options.clock = &clock;
    shard = std::make_unique<Shard>(options);
    ClientOptions clientOptions;
    clientOptions.resolvConf = conf_.path();
    clientOptions.hostsFile = hosts_.path();
    clientOptions.random = [](std::uint32_t) { return 0u; };
    client = std::make_unique<Client>(*shard, server, clientOptions);
  }
  ~Fixture() { shard->run(client->close()); }

  template <class T>
  T run(Task<T> task) {
    return shard->run(std::move(task));
  }

  std::shared_ptr<Scripted> server;
  ManualClock clock;
  std::unique_ptr<Shard> shard;
  std::unique_ptr<Client> client;

 private:
  TemporaryFile conf_;
  TemporaryFile hosts_;
};

using Asked = std::vector<std::string>;

}  // namespace

TEST_CASE("A lookup gives the records of its type, their owner and their TTL") {
  Fixture fixture([](const Query& query) {
    Answer answer;
    answer.add(query.name(), 300s, rdata::A(192, 0, 2, 1));
    answer.add(query.name(), 300s, rdata::A(192, 0, 2, 2));
    answer.add(Name("other.example"), 5s, rdata::A(192, 0, 2, 3));
    answer.add(query.name(), 5s, rdata::TXT("text"));
    return answer;
  });
  const auto found = fixture.run(fixture.client->lookupAddress("www.example."));
  REQUIRE(found);
  CHECK(found.size() == 2);
  CHECK(found.front().address == rdata::Ipv4{192, 0, 2, 1});
  CHECK(found.name == Name("www.example"));
  CHECK(found.ttl == 300s);
  CHECK(found.aliases.empty());
  CHECK(fixture.server->asked == Asked{"www.example. A"});
}

TEST_CASE("A lookup of a type that is known at run time gives octets that print as in a master file") {
  Fixture fixture([](const Query& query) {
    Answer answer;
    answer.add(query.name(), 300s, rdata::MX(10, Name("mail.example")));
    answer.add(query.name(), 60s, rdata::TXT("text"));
    return answer;
  });
  const auto mx = fixture.run(fixture.client->lookup("example.", Type::MX));
  REQUIRE(mx.size() == 1);
  CHECK(mx.front().toString() == "example. 300 MX 10 mail.example.");
  const auto all = fixture.run(fixture.client->lookupAllRecords("example."));
  CHECK(all.size() == 2);
  CHECK(all.ttl == 60s);
}

TEST_CASE("Records come in the order in which they are to be tried") {
  Fixture fixture([](const Query& query) {
    Answer answer;
    for (const int preference : {20, 10, 30})
      answer.add(query.name(), 60s, rdata::MX(static_cast<std::uint16_t>(preference), Name("mail.example")));
    return answer;
  });
  const auto found = fixture.run(fixture.client->lookupMailExchange("example."));
  REQUIRE(found.size() == 3);
  CHECK(found.records[0].preference == 10);
  CHECK(found.records[2].preference == 30);
}

TEST_CASE("What is not found says why: no name, no data, an RCODE, no answer") {
  const auto lookUp = [](Scripted::Script script) {
    Fixture fixture(std::move(script));
    return fixture.run(fixture.client->lookupAddress("www.example."));
  };
  const auto nameError = lookUp([](const Query&) { return Answer::nameError(); });
  CHECK((nameError.status == LookupStatus::nameError));
  CHECK(nameError.reason() == "www.example. A: there is no such name");
  const auto empty = lookUp([](const Query&) { return Answer(); });
  CHECK((empty.status == LookupStatus::noData));
  CHECK(empty.reason() == "www.example. A: the name has no such records");
  const auto bogus = lookUp([](const Query&) {
    Answer answer = Answer::serverFailure();
    answer.setExtendedError(ExtendedErrorCode::dnssecBogus, "no valid signature");
    return answer;
  });
  CHECK((bogus.status == LookupStatus::failed));
  CHECK((bogus.rcode == Rcode::SERVFAIL));
  CHECK(bogus.reason() == "www.example. A: SERVFAIL (extended error 6): no valid signature");
  const auto unreachable = lookUp([](const Query&) {
    Answer answer = Answer::serverFailure();
    answer.setExtendedError(ExtendedErrorCode::noReachableAuthority);
    return answer;
  });
  CHECK((unreachable.status == LookupStatus::noReply));
  CHECK(unreachable.reason() == "www.example. A: no server answers");
  const auto refused = lookUp([](const Query&) {
    Answer answer = Answer::refused();
    answer.setExtendedError(ExtendedErrorCode::noReachableAuthority);
    return answer;
  });
  CHECK((refused.status == LookupStatus::failed));
  CHECK((refused.rcode == Rcode::REFUSED));
  const auto none = lookUp([](const Query&) { return std::nullopt; });
  CHECK((none.status == LookupStatus::failed));
  CHECK((none.rcode == Rcode::REFUSED));
  for (const auto& one : {nameError, empty, bogus, unreachable, none}) {
    CHECK_FALSE(one);
    CHECK(one.empty());
  }
}

TEST_CASE("Text that is no name is not asked for, and the lookup says what is wrong with it") {
  Fixture fixture([](const Query&) { return Answer(); });
  const auto found = fixture.run(fixture.client->lookupAddress("www..example"));
  CHECK((found.status == LookupStatus::badName));
  CHECK(found.reason().find("that is no name") != std::string::npos);
  CHECK(fixture.server->asked.empty());
}

TEST_CASE("Aliases in one answer are followed, and the smallest TTL counts") {
  Fixture fixture([](const Query& query) {
    Answer answer = alias(query.name(), "b.example", 30s);
    answer.add(Name("B.example"), 20s, rdata::CNAME(Name("c.example")));
    answer.add(Name("c.example"), 60s, rdata::A(192, 0, 2, 1));
    return answer;
  });
  const auto found = fixture.run(fixture.client->lookupAddress("a.example."));
  REQUIRE(found);
  CHECK(found.name == Name("c.example"));
  CHECK(found.aliases == std::vector{Name("a.example"), Name("b.example")});
  CHECK(found.ttl == 20s);
  CHECK(fixture.server->asked.size() == 1);
}

TEST_CASE("An alias whose target the answer lacks is asked for again") {
  Fixture fixture([](const Query& query) {
    if (query.name() == Name("a.example")) return alias(query.name(), "b.example");
    Answer answer;
    answer.add(query.name(), 60s, rdata::A(192, 0, 2, 1));
    return answer;
  });
  CHECK(fixture.run(fixture.client->lookupAddress("a.example.")));
  CHECK(fixture.server->asked == Asked{"a.example. A", "b.example. A"});
}

TEST_CASE("An alias to a name without data is not asked for again where the answer proves that with a SOA record") {
  Fixture fixture([](const Query& query) {
    Answer answer = noData("example");
    answer.add(query.name(), 60s, rdata::CNAME(Name("b.example")));
    return answer;
  });
  const auto found = fixture.run(fixture.client->lookupAddress("a.example."));
  CHECK((found.status == LookupStatus::noData));
  CHECK(found.name == Name("b.example"));
  CHECK(fixture.server->asked.size() == 1);
}

TEST_CASE("A DNAME without the CNAME that it makes is followed") {
  Fixture fixture([](const Query& query) {
    Answer answer;
    answer.add(Name("old.example"), 60s, rdata::DNAME(Name("new.example")));
    if (query.type() == Type::A) answer.add(Name("www.new.example"), 60s, rdata::A(192, 0, 2, 1));
    return answer;
  });
  const auto found = fixture.run(fixture.client->lookupAddress("www.old.example."));
  CHECK(found);
  CHECK(found.name == Name("www.new.example"));
}

TEST_CASE("Aliases that lead in a circle, or on and on, end the lookup") {
  Fixture circle([](const Query& query) {
    return alias(query.name(), query.name() == Name("a.example") ? "b.example" : "a.example");
  });
  const auto found = circle.run(circle.client->lookupAddress("a.example."));
  CHECK((found.status == LookupStatus::endlessAliases));
  CHECK(circle.server->asked.size() == maxLookupAliases + 1);

  Fixture within([](const Query&) {
    Answer answer;
    answer.add(Name("a.example"), 60s, rdata::CNAME(Name("b.example")));
    answer.add(Name("b.example"), 60s, rdata::CNAME(Name("a.example")));
    return answer;
  });
  CHECK((within.run(within.client->lookupAddress("a.example.")).status == LookupStatus::endlessAliases));

  Fixture onwards([](const Query& query) {
    const auto next = Name::join("x", query.name());
    return alias(query.name(), next->toString().c_str());
  });
  CHECK((onwards.run(onwards.client->lookupAddress("a.example.")).status == LookupStatus::endlessAliases));
}

TEST_CASE("The alias itself is what a lookup of a canonical name finds") {
  Fixture fixture([](const Query& query) { return alias(query.name(), "b.example"); });
  const auto found = fixture.run(fixture.client->lookupCanonicalName("a.example."));
  REQUIRE(found);
  CHECK(found.front().target == Name("b.example"));
}

TEST_CASE("The search list is tried in order, until a name has data of the type") {
  const auto script = [](const Query& query) -> std::optional<Answer> {
    if (query.name() == Name("www.b.example")) {
      Answer answer;
      answer.add(query.name(), 60s, rdata::A(192, 0, 2, 1));
      return answer;
    }
    return Answer::nameError();
  };
  Fixture fixture(script, "search a.example b.example c.example\n");
  const auto found = fixture.run(fixture.client->lookupAddress("www"));
  CHECK(found);
  CHECK(found.name == Name("www.b.example"));
  CHECK(fixture.server->asked == Asked{"www.a.example. A", "www.b.example. A"});

  fixture.server->asked.clear();
  const auto dotted = fixture.run(fixture.client->lookupAddress("x.y"));
  CHECK((dotted.status == LookupStatus::nameError));
  CHECK(dotted.name == Name("x.y"));
  CHECK(fixture.server->asked == Asked{"x.y. A", "x.y.a.example. A", "x.y.b.example. A", "x.y.c.example. A"});

  fixture.server->asked.clear();
  CHECK_FALSE(fixture.run(fixture.client->lookupAddress("www.")));
  CHECK(fixture.server->asked == Asked{"www. A"});
}

TEST_CASE("A search that finds nothing says that a name exists, or else tells of the name as it was written") {
  Fixture fixture(
      [](const Query& query) { return query.name() == Name("www.a.example") ? Answer() : Answer::nameError(); },
      "search a.example b.example\n");
  const auto exists = fixture.run(fixture.client->lookupAddress("www"));
  CHECK((exists.status == LookupStatus::noData));
  CHECK(exists.name == Name("www.a.example"));
  const auto none = fixture.run(fixture.client->lookupAddress("ftp"));
  CHECK((none.status == LookupStatus::nameError));
  CHECK(none.name == Name("ftp"));
}

TEST_CASE("A failure ends the search: no other host stands in") {
  Fixture fixture([](const Query&) { return Answer::serverFailure(); }, "search a.example b.example\n");
  CHECK((fixture.run(fixture.client->lookupAddress("www")).status == LookupStatus::failed));
  CHECK(fixture.server->asked == Asked{"www.a.example. A"});
}

TEST_CASE("The hosts file is asked first, and for addresses alone") {
  Fixture fixture([](const Query&) { return Answer::nameError(); }, "search a.example\n",
                  "192.0.2.7 printer scanner.a.example\n");
  const auto printer = fixture.run(fixture.client->lookupAddress("Printer"));
  REQUIRE(printer);
  CHECK(printer.front().address == rdata::Ipv4{192, 0, 2, 7});
  CHECK(fixture.run(fixture.client->lookupAddress("scanner")));
  CHECK((fixture.run(fixture.client->lookupIPV6Address("printer")).status == LookupStatus::noData));
  const auto pointer = fixture.run(fixture.client->lookupPointer(Address::parse("192.0.2.7").value()));
  REQUIRE(pointer);
  CHECK(pointer.front().target == Name("printer"));
  CHECK(fixture.server->asked.empty());
  CHECK_FALSE(fixture.run(fixture.client->lookupText("printer.")));
  CHECK(fixture.server->asked == Asked{"printer. TXT"});
}

TEST_CASE("A pointer is looked up by the address's reverse name") {
  Fixture fixture([](const Query& query) {
    Answer answer;
    answer.add(query.name(), 60s, rdata::PTR(Name("www.example")));
    return answer;
  });
  CHECK(fixture.run(fixture.client->lookupPointer(Address::parse("192.0.2.1").value())));
  CHECK(fixture.run(fixture.client->lookupPointer("2.2.0.192.in-addr.arpa.")));
  CHECK(fixture.server->asked == Asked{"1.2.0.192.in-addr.arpa. PTR", "2.2.0.192.in-addr.arpa. PTR"});
}

TEST_CASE("Addresses of both families are asked for side by side, and one family is enough") {
  bool failing = false;
  Fixture fixture([&](const Query& query) {
    Answer answer;
    if (query.type() == Type::A) answer.add(query.name(), 60s, rdata::A(192, 0, 2, 1));
    if (query.type() == Type::AAAA && !failing) answer.add(query.name(), 60s, rdata::AAAA("2001:db8::1"));
    if (query.type() == Type::AAAA && failing) answer.setRcode(Rcode::SERVFAIL);
    return answer;
  });
  const auto both = fixture.run(fixture.client->lookupAddresses("www.example."));
  CHECK(both.records == std::vector{Address::parse("2001:db8::1").value(), Address::parse("192.0.2.1").value()});
  failing = true;
  const auto one = fixture.run(fixture.client->lookupAddresses("www.example."));
  REQUIRE(one);
  CHECK(one.records == std::vector{Address::parse("192.0.2.1").value()});
  CHECK(fixture.run(fixture.client->getHostByName("www.example.")) == one.front());
}

TEST_CASE("Addresses of one host are not mixed with those of another name of the search list") {
  Fixture fixture(
      [](const Query& query) -> std::optional<Answer> {
        if (query.name() == Name("www")) return Answer::nameError();
        Answer answer;
        if (query.name() == Name("www.a.example") && query.type() == Type::AAAA)
          answer.add(query.name(), 60s, rdata::AAAA("2001:db8::1"));
        if (query.name() == Name("www.b.example") && query.type() == Type::A)
          answer.add(query.name(), 60s, rdata::A(192, 0, 2, 1));
        return answer;
      },
      "search a.example b.example\n");
  const auto found = fixture.run(fixture.client->lookupAddresses("www"));
  CHECK(found.name == Name("www.a.example"));
  CHECK(found.records == std::vector{Address::parse("2001:db8::1").value()});
}

TEST_CASE("Addresses that are not found say the most that is known") {
  Fixture fixture([](const Query& query) -> std::optional<Answer> {
    return query.type() == Type::A ? Answer() : Answer::serverFailure();
  });
  const auto found = fixture.run(fixture.client->lookupAddresses("www.example."));
  CHECK((found.status == LookupStatus::failed));
  CHECK_FALSE(fixture.run(fixture.client->getHostByName("www.example.")));
}

TEST_CASE("An address in text stands for itself") {
  Fixture fixture([](const Query&) { return Answer::nameError(); });
  for (const char* const text : {"192.0.2.1", "2001:db8::1", "::"}) {
    const auto found = fixture.run(fixture.client->lookupAddresses(text));
    REQUIRE_MESSAGE(found, text);
    CHECK(found.records == std::vector{Address::parse(text).value()});
  }
  CHECK(fixture.server->asked.empty());
  CHECK_FALSE(fixture.run(fixture.client->lookupAddresses("192.0.2.1:53")));
  CHECK_FALSE(fixture.run(fixture.client->lookupAddresses("[2001:db8::1]:53")));
}

TEST_CASE("A server that is silent ends the lookup with its deadline, however many names are left") {
  Fixture fixture([](const Query&) { return Answer(); }, "search a.example b.example\n");
  fixture.server->silent = true;
  const TimePoint begin = fixture.clock.now();
  const auto found = fixture.run(fixture.client->lookupAddresses("www"));
  CHECK((found.status == LookupStatus::noReply));
  CHECK(found.reason() == "www.a.example. AAAA: no server answers");
  CHECK(fixture.clock.now() - begin == 30s);
  CHECK(fixture.server->asked.size() == 2);
}

namespace {

// As docs/handlers.md shows it.
Task<> logExchanges(Client& client) {
  const auto found = co_await client.lookupMailExchange("example.com.");
  if (!found) log::warning("{}", found.reason());
  for (const rdata::MX& mx : found) log::info("{} {}", mx.preference, mx.exchange);
}

Task<> lookInto(Client& client, std::optional<Lookup<rdata::A>>& found) {
  found = co_await client.lookupAddress("www.example.");
}

Task<> closeMeanwhile(Client& client, std::optional<Lookup<rdata::A>>& found) {
  TaskScope scope;
  scope.spawn(lookInto(client, found));
  CHECK_FALSE(found);
  co_await client.close();
  CHECK(found);
  co_await scope.join();
}

Task<> stopMeanwhile(Client& client, std::optional<Lookup<rdata::A>>& found) {
  TaskScope scope;
  scope.spawn(lookInto(client, found), scope.token());
  CHECK_FALSE(found);
  scope.stop();
  co_await scope.join();
}

}  // namespace

TEST_CASE("A coroutine goes on with what its lookup found") {
  Fixture fixture([](const Query&) { return Answer::nameError(); });
  fixture.shard->run(logExchanges(*fixture.client));
  CHECK(fixture.server->asked == Asked{"example.com. MX"});
}

TEST_CASE("Closing ends the lookups that are under way, and those that come later") {
  Fixture fixture([](const Query&) { return Answer(); });
  fixture.server->silent = true;
  std::optional<Lookup<rdata::A>> found;
  fixture.shard->run(closeMeanwhile(*fixture.client, found));
  REQUIRE(found);
  CHECK((found->status == LookupStatus::stopped));
  CHECK((fixture.run(fixture.client->lookupAddress("www.example.")).status == LookupStatus::stopped));
  CHECK(fixture.server->asked.size() == 1);
  CHECK_FALSE(fixture.server->closed);
}

TEST_CASE("A lookup ends with the stop token of the task that awaits it") {
  Fixture fixture([](const Query&) { return Answer(); });
  fixture.server->silent = true;
  std::optional<Lookup<rdata::A>> found;
  fixture.shard->run(stopMeanwhile(*fixture.client, found));
  REQUIRE(found);
  CHECK((found->status == LookupStatus::stopped));
}

TEST_CASE("What a resolver throws, the lookup throws, and the client can be closed") {
  Fixture fixture([](const Query&) -> std::optional<Answer> { throw std::runtime_error("broken"); });
  CHECK_THROWS_WITH(fixture.run(fixture.client->lookupAddress("www.example.")), "broken");
}

TEST_CASE("A search list that changes counts for the next lookup") {
  TemporaryFile conf("search a.example\n");
  ManualClock clock;
  ShardOptions shardOptions;
  shardOptions.clock = &clock;
  Shard shard(shardOptions);
  const auto server = std::make_shared<Scripted>([](const Query&) { return Answer::nameError(); });
  ClientOptions options;
  options.resolvConf = conf.path();
  options.hostsFile.clear();
  Client client(shard, server, options);
  shard.run(client.lookupAddress("www"));
  conf.write("search b.example\noptions ndots:0\n");
  clock.advance(2s);
  shard.run(client.lookupAddress("www"));
  CHECK(server->asked == Asked{"www.a.example. A", "www. A", "www. A", "www.b.example. A"});
  shard.run(client.close());
}

TEST_CASE("A client without servers and files is refused") {
  Shard shard;
  ClientOptions options;
  options.resolvConf.clear();
  CHECK_THROWS_AS(Client(shard, options), std::invalid_argument);
}

TEST_CASE("Programs without a loop look names up by functions that block") {
  const TemporaryFile hosts("192.0.2.7 printer\n2001:db8::7 printer\n");
  ClientOptions options;
  options.servers = {Address::loopbackV4(1)};
  options.resolvConf.clear();
  options.hostsFile = hosts.path();
  CHECK(lookupAddress("printer", options).front().address == rdata::Ipv4{192, 0, 2, 7});
  CHECK(lookupAddresses("printer", options).size() == 2);
  CHECK(lookupIPV6Address("printer", options));
  CHECK(lookup<rdata::A>("printer", options));
  CHECK(lookup("printer", Type::AAAA, options).front().toString() == "printer. 3600 AAAA 2001:db8::7");
  CHECK(lookupPointer(Address::parse("192.0.2.7").value(), options).front().target == Name("printer"));
}

TEST_CASE("The functions that block may be called on several threads at once") {
  const TemporaryFile hosts("192.0.2.7 printer\n");
  ClientOptions options;
  options.servers = {Address::loopbackV4(1)};
  options.resolvConf.clear();
  options.hostsFile = hosts.path();
  std::array<std::size_t, 4> found{};
  std::vector<std::thread> threads;
  for (std::size_t& count : found)
    threads.emplace_back([&count, &options] { count = lookupAddress("printer", options).size(); });
  for (std::thread& thread : threads) thread.join();
  CHECK(found == std::array<std::size_t, 4>{1, 1, 1, 1});
}

TEST_CASE("A server that nothing listens for is no reply") {
  ClientOptions options;
  options.resolvConf.clear();
  options.hostsFile.clear();
  {
    Shard shard;
    const auto free = UdpSocket::bind(shard, Address::loopbackV4());
    options.servers = {free.localAddress()};
  }
  CHECK((lookupText("www.example.", options).status == LookupStatus::noReply));
  options.cacheSize = 1 << 16;
  CHECK((lookupText("www.example.", options).status == LookupStatus::noReply));
}

}  // namespace taut::client_test
