#include "taut/resolver/hosts_client.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>

#include <doctest/doctest.h>

#include "taut/coro/sync_wait.hpp"
#include "taut/dns/rdata.hpp"

namespace hosts_client_test {

using namespace std::chrono_literals;
using namespace taut;

namespace {

// A client that knows no name, or an alias to one that does not exist.
class Denying final : public Resolver {
 public:
  Task<std::optional<Answer>> resolve(const Query& query) override {
    Answer answer = Answer::nameError();
    if (alias) answer.add(query.name(), 1min, rdata::CNAME{Name("nowhere.")});
    answer.add(Name("."), 1min, rdata::NS{Name("a.")}, Section::authority);
    return Task<std::optional<Answer>>::ready(std::move(answer));
  }
  Task<> close() override {
    closed = true;
    return Task<>::ready();
  }

  bool alias = false;
  bool closed = false;
};

struct Fixture {
  std::shared_ptr<Denying> denying = std::make_shared<Denying>();
  std::shared_ptr<Hosts> hosts = std::make_shared<Hosts>(HostsTable::parse("192.0.2.1 www\n", 1h));
  HostsClient client{hosts, denying};

  Answer ask(const char* name, Class rrClass = Class::IN) {
    const Query query(Name(name), Type::MX, rrClass);
    auto answer = syncWait(client.resolve(query));
    REQUIRE(answer);
    return std::move(*answer);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a client that denies a name of the hosts file is answered for with no data") {
  const Answer answer = ask("www.");
  CHECK(answer.rcode() == Rcode::NOERROR);
  CHECK(answer.entryCount(Section::authority) == 1);
  CHECK(ask("1.2.0.192.in-addr.arpa.").rcode() == Rcode::NOERROR);
}

TEST_CASE_FIXTURE(Fixture, "other names, other classes and aliases are denied as the client does") {
  CHECK(ask("other.").rcode() == Rcode::NXDOMAIN);
  CHECK(ask("www.", Class::CH).rcode() == Rcode::NXDOMAIN);
  denying->alias = true;
  CHECK(ask("www.").rcode() == Rcode::NXDOMAIN);
}

TEST_CASE_FIXTURE(Fixture, "the client behind a hosts file is closed with it") {
  syncWait(client.close());
  CHECK(denying->closed);
}

}  // namespace hosts_client_test
