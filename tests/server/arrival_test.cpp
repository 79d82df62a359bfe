// Where a message came in: what a resolver learns of it from the query.
#include <sys/socket.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "blocking_client.hpp"
#include "messages.hpp"
#include "support/proxy_octets.hpp"
#include "taut/base/address.hpp"
#include "taut/base/address_policy.hpp"
#include "taut/resolver/resolver.hpp"
#include "taut/resolver/view.hpp"
#include "taut/server/server.hpp"

namespace arrival_test {

namespace {

using namespace taut;

struct Seen {
  Address local;
  Address listener;
  std::string view;
  Address localAfterReply;
};

// Shared by the shards.
class Notes {
 public:
  void add(const Seen& seen) {
    const std::scoped_lock lock(mutex_);
    seen_.push_back(seen);
  }
  std::vector<Seen> all() const {
    const std::scoped_lock lock(mutex_);
    return seen_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Seen> seen_;
};

class Noting final : public Resolver {
 public:
  Task<std::optional<Answer>> resolve(const Query& query) override {
    query.setContext(Seen{query.localAddress(), query.listener(), query.view(), {}});
    return Task<std::optional<Answer>>::ready(Answer());
  }
};

// Looks once more when the reply has left.
class NotingFactory final : public ServerFactory {
 public:
  NotingFactory(Notes& notes, std::shared_ptr<Noting> resolver) : ServerFactory({std::move(resolver)}), notes_(notes) {}

  Task<> sendReply(ReplyChannel& channel, const Query& query, Answer answer) override {
    co_await ServerFactory::sendReply(channel, query, std::move(answer));
    Seen* const seen = query.context<Seen>();
    REQUIRE(seen);
    seen->localAfterReply = query.localAddress();
    notes_.add(*seen);
  }

 private:
  Notes& notes_;
};

class Served {
 public:
  explicit Served(const Address& listen, bool behindBalancer = false)
      : server_(options(listen), [this, behindBalancer](Shard&) {
          const auto resolver = std::make_shared<Noting>();
          auto factory = std::make_unique<NotingFactory>(notes, resolver);
          const auto home = std::make_shared<View>(false, "home");
          home->add(resolver);
          factory->setViews({{AddressPolicy(AddressPolicy::Action::refuse).allow("127.0.0.0/8"), home}});
          if (behindBalancer) factory->setProxies(AddressPolicy(AddressPolicy::Action::refuse).allow("127.0.0.1"));
          return factory;
        }) {
    server_.start();
  }

  std::uint16_t port() const { return server_.addresses().front().port(); }

  // What the one query had that was sent to this address, with these octets before it.
  Seen ask(int type, const Address& address, const Bytes& before = {}) {
    BlockingClient client(type, address);
    Bytes message = type == SOCK_STREAM ? framed(question) : question;
    message.insert(message.begin(), before.begin(), before.end());
    client.sendOctets(message);
    CHECK(client.receive());
    server_.stop();
    server_.wait();
    const std::vector<Seen> seen = notes.all();
    REQUIRE(seen.size() == 1);
    CHECK(seen[0].localAfterReply == seen[0].local);
    return seen[0];
  }

  Notes notes;

 private:
  static ServerOptions options(const Address& listen) {
    ServerOptions options;
    options.listen = {listen};
    options.threads = 1;
    options.datagramBuffers = 64;
    return options;
  }

  const Bytes question = makeQuery("www.example.com", Type::A);
  Server server_;
};

Bytes proxyHeader() {
  Bytes octets(proxyoctets::signature.begin(), proxyoctets::signature.end());
  octets.insert(octets.end(), {0x21, 0x11});
  putU16(octets, proxyoctets::v4.size());
  octets.insert(octets.end(), proxyoctets::v4.begin(), proxyoctets::v4.end());
  return octets;
}

}  // namespace

TEST_CASE("a query knows the address that it came to, and the address that is listened on") {
  for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
    Served served(Address::loopbackV4());
    const Address address = Address::loopbackV4(served.port());
    const Seen seen = served.ask(type, address);
    CHECK(seen.local == address);
    CHECK(seen.listener == address);
    CHECK(seen.view == "home");
  }
}

TEST_CASE("a query that came by a wildcard knows the address that was asked, also one without a socket of its own") {
  for (const int type : {SOCK_DGRAM, SOCK_STREAM})
    for (const std::uint8_t last : {std::uint8_t{1}, std::uint8_t{7}}) {
      CAPTURE(type);
      CAPTURE(last);
      Served served(Address::anyV4());
      const Address address = Address::v4({127, 0, 0, last}, served.port());
      const Seen seen = served.ask(type, address);
      CHECK(seen.local == address);
      CHECK(seen.listener == Address::anyV4(served.port()));
    }
}

TEST_CASE("a query that a balancer passes on knows the address that its client has spoken to") {
  for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
    Served served(Address::loopbackV4(), true);
    const Address address = Address::loopbackV4(served.port());
    const Seen seen = served.ask(type, address, proxyHeader());
    CHECK(seen.local == Address::v4({203, 0, 113, 1}, 53));
    CHECK(seen.listener == address);
    CHECK(seen.view.empty());
  }
}

TEST_CASE("a query that a program makes has come nowhere") {
  const Query query(Name("www.example.com"), Type::A);
  CHECK(query.localAddress().empty());
  CHECK(query.listener().empty());
  CHECK(query.view().empty());
}

}  // namespace arrival_test
