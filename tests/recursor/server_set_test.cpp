#include "taut/recursor/server_set.hpp"

#include <chrono>
#include <cstdint>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "recursor/reply_text.hpp"
#include "taut/dns/message_view.hpp"
#include "taut/recursor/scrubber.hpp"

namespace server_set_test {

namespace {

using namespace std::chrono_literals;
using taut::Address;
using taut::Duration;
using taut::InfraCache;
using taut::Lameness;
using taut::Name;
using taut::ServerSet;
using taut::TimePoint;

const Name zone("example.com.");

Address v4(std::uint8_t number) {
  return Address::v4({192, 0, 2, number}, 53);
}
Address v6(std::uint8_t number) {
  return Address::v6({0x20, 0x01, 0x0d, 0xb8, 0, number}, 53);
}

// Random bits with which the set does not explore, and begins at the n-th server where several are alike.
std::uint64_t turn(std::uint64_t n) {
  return n << 32 | 1;
}
// With which it explores.
std::uint64_t exploring(std::uint64_t n) {
  std::uint64_t random = n << 32;
  while (random % 20 != 0) ++random;
  return random;
}

struct Fixture {
  void know(const Address& server, Duration roundTrip) {
    for (int i = 0; i < 30; ++i) infra.answered(server, roundTrip, now);
    set.add(server);
  }
  void kill(const Address& server) {
    set.add(server);
    for (int i = 0; i < 4; ++i) {
      const TimePoint sent = now;
      now += 400ms;
      infra.silent(server, sent, now);
    }
  }
  Address choose(std::uint64_t random = turn(0)) {
    const auto choice = set.choose(now, random);
    return choice ? choice->server : Address();
  }

  InfraCache infra;
  ServerSet set{infra, zone, true};
  TimePoint now{1h};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "the server that answers soonest is asked") {
  know(v4(1), 80ms);
  know(v4(2), 20ms);
  know(v4(3), 50ms);
  for (std::uint64_t i = 0; i < 3; ++i) {
    ServerSet again = set;
    CHECK(again.choose(now, turn(i))->server == v4(2));
  }
}

TEST_CASE_FIXTURE(Fixture, "servers that were never asked are tried first, any of them") {
  know(v4(1), 20ms);
  set.add(v4(2));
  set.add(v4(3));
  std::set<std::string> first;
  for (std::uint64_t i = 0; i < 10; ++i) {
    ServerSet again = set;
    first.insert(again.choose(now, turn(i))->server.hostText());
  }
  CHECK(first == std::set<std::string>{"192.0.2.2", "192.0.2.3"});
}

TEST_CASE_FIXTURE(Fixture, "a server that was never asked is hedged when the best one would have answered") {
  know(v4(1), 20ms);
  set.add(v4(2));
  const auto choice = set.choose(now, turn(0));
  CHECK(choice->server == v4(2));
  CHECK(choice->timeout == 376ms);
  CHECK(choice->hedgeAfter == infra.expect(v4(1), now).hedgeAfter);
}

TEST_CASE_FIXTURE(Fixture, "one question in twenty goes to another server, which has twice the time of the best") {
  know(v4(1), 20ms);
  know(v4(2), 200ms);
  const auto choice = set.choose(now, exploring(0));
  CHECK(choice->server == v4(2));
  CHECK(choice->explores);
  CHECK(choice->timeout == 2 * infra.expect(v4(1), now).timeout);
  int explored = 0;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    ServerSet again(infra, zone, true);
    again.add(v4(1));
    again.add(v4(2));
    explored += again.choose(now, i << 32 | i)->explores ? 1 : 0;
  }
  CHECK(explored == 100);
}

TEST_CASE_FIXTURE(Fixture, "a server that was sent the question is four times as far, and is asked three times") {
  know(v4(1), 20ms);
  know(v4(2), 100ms);
  std::string order;
  for (Address server = choose(); !server.empty(); server = choose()) order += server == v4(1) ? '1' : '2';
  CHECK(order == "112122");
}

TEST_CASE_FIXTURE(Fixture, "the third question to a server is waited for a second at least") {
  know(v4(1), 10ms);
  const Duration usual = infra.expect(v4(1), now).timeout;
  CHECK(set.choose(now, turn(0))->timeout == usual);
  CHECK(set.choose(now, turn(0))->timeout == usual);
  CHECK(set.choose(now, turn(0))->timeout == 1s);
}

TEST_CASE_FIXTURE(Fixture, "a server that is of no use is not asked again, and four such ones end the set") {
  for (std::uint8_t i = 1; i <= 6; ++i) know(v4(i), 10ms * i);
  for (std::uint8_t i = 1; i <= 4; ++i) {
    CHECK_FALSE(set.spent());
    const Address server = choose();
    CHECK(server == v4(i));
    set.drop(server);
    set.drop(server);
  }
  CHECK(set.spent());
  CHECK(choose().empty());
}

TEST_CASE_FIXTURE(Fixture, "a dead server is asked once a second, where there is no other") {
  kill(v4(1));
  CHECK(choose().empty());
  now += 1s;
  CHECK(choose() == v4(1));
  CHECK(choose().empty());
  know(v4(2), 300ms);
  now += 1s;
  CHECK(choose() == v4(2));
}

TEST_CASE_FIXTURE(Fixture, "a set is silent where each of its servers was, and none has ever answered") {
  CHECK_FALSE(set.isSilent(now));
  kill(v4(1));
  CHECK(set.isSilent(now));
  set.add(v4(2));  // never asked
  CHECK_FALSE(set.isSilent(now));
  kill(v4(2));
  CHECK(set.isSilent(now));
  know(v4(3), 30ms);
  CHECK_FALSE(set.isSilent(now));
}

TEST_CASE_FIXTURE(Fixture, "a dead server whose probe is due is found alive by exploration") {
  know(v4(2), 30ms);
  kill(v4(1));
  CHECK(choose(exploring(0)) == v4(2));
  now += 1s;
  CHECK(choose(exploring(0)) == v4(1));
}

TEST_CASE_FIXTURE(Fixture, "a lame server is not asked, one without signatures only where they are not needed") {
  know(v4(1), 10ms);
  know(v4(2), 20ms);
  know(v4(3), 30ms);
  infra.setLame(v4(1), zone, Lameness::lame, true, now);
  infra.setLame(v4(2), zone, Lameness::dnssecLame, true, now);
  CHECK(choose() == v4(3));
  ServerSet unsignedZone(infra, zone, false);
  for (std::uint8_t i = 1; i <= 3; ++i) unsignedZone.add(v4(i));
  CHECK(unsignedZone.choose(now, turn(0))->server == v4(2));
}

TEST_CASE_FIXTURE(Fixture, "a server that fails is asked where there is no other") {
  know(v4(1), 10ms);
  know(v4(2), 500ms);
  infra.setLame(v4(1), zone, Lameness::failing, true, now);
  CHECK(choose() == v4(2));
  set.drop(v4(2));
  CHECK(choose() == v4(1));
}

TEST_CASE_FIXTURE(Fixture, "where IPv6 is broken it is used where there is no other way") {
  know(v4(1), 200ms);
  set.add(v6(1));
  infra.unreachable(v6(1), now);
  CHECK(choose() == v4(1));
  set.drop(v4(1));
  CHECK(choose() == v6(1));
}

TEST_CASE_FIXTURE(Fixture, "each address counts once, and there is room for 32") {
  CHECK(set.add(v4(1)));
  CHECK_FALSE(set.add(v4(1)));
  for (std::uint8_t i = 2; i < 200; ++i) set.add(v4(i));
  CHECK(set.size() == 32);
  CHECK(sizeof set <= 1024);
}

TEST_CASE_FIXTURE(Fixture, "the servers of a delegation are asked at their glue") {
  taut::ReplyText reply("example.com.", taut::Type::A, taut::flag::QR);
  reply.authority("example.com. 60 NS ns1.example.com.").authority("example.com. 60 NS ns2.example.com.");
  reply.additional("ns1.example.com. 60 A 192.0.2.1").additional("ns2.example.com. 60 AAAA 2001:db8::1");
  const auto octets = reply.octets();
  const Name parent("com.");
  const auto scrubbed = taut::Scrubber().scrub(*taut::MessageView::parse(octets), parent, {zone, taut::Type::A});
  set.add(*taut::Delegation::make(scrubbed, taut::DelegationSecurity::insecure, now));
  CHECK(set.size() == 2);
  CHECK(choose() == v4(1));
}

}  // namespace server_set_test
