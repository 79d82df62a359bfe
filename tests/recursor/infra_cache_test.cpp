#include "taut/recursor/infra_cache.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace infra_cache_test {

namespace {

using namespace std::chrono_literals;
using taut::Address;
using taut::Duration;
using taut::InfraCache;
using taut::Lameness;
using taut::Name;
using taut::TimePoint;

Address server(unsigned number) {
  return Address::v4({10, static_cast<std::uint8_t>(number >> 16), static_cast<std::uint8_t>(number >> 8),
                      static_cast<std::uint8_t>(number)},
                     53);
}

struct Fixture {
  void answer(Duration roundTrip, const Address& from = server(1)) {
    now += roundTrip;
    cache.answered(from, roundTrip, now);
  }
  void keepSilent(const Address& from = server(1), Duration waited = 400ms) {
    const TimePoint sent = now;
    now += waited;
    cache.silent(from, sent, now);
  }
  InfraCache::Expectation expect(const Address& from = server(1)) const { return cache.expect(from, now); }

  InfraCache cache;
  TimePoint now{1h};
};

const Name zone("example.com.");

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a server that was never asked is unknown, and is waited for 376 ms") {
  CHECK_FALSE(expect().known);
  CHECK(expect().expected == 0ms);
  CHECK(expect().timeout == 376ms);
  CHECK(expect().probeDue);
  CHECK(cache.count() == 0);
}

TEST_CASE_FIXTURE(Fixture, "a server is unheard once it was silent, until its first answer, and never after that") {
  CHECK_FALSE(expect().unheard);
  keepSilent();
  CHECK(expect().unheard);
  answer(20ms);
  CHECK_FALSE(expect().unheard);
  for (int i = 0; i < 8; ++i) keepSilent();
  CHECK(expect().dead);
  CHECK_FALSE(expect().unheard);
}

TEST_CASE_FIXTURE(Fixture, "the time to wait is RFC 6298's, from 40 ms to 1.5 s") {
  answer(100ms);
  CHECK(expect().known);
  CHECK(expect().expected == 100ms);
  CHECK(expect().timeout == 100ms + 4 * 50ms);
  CHECK(expect().hedgeAfter == 100ms + 2 * 50ms);
  answer(180ms);
  CHECK(expect().expected == 110ms);
  CHECK(expect().timeout == 110ms + 4 * 57500us);
  for (int i = 0; i < 100; ++i) answer(1ms);
  CHECK(expect().timeout == 40ms);
  CHECK(expect().hedgeAfter == 20ms);
  for (int i = 0; i < 100; ++i) answer(3s);
  CHECK(expect().timeout == 1500ms);
}

TEST_CASE_FIXTURE(Fixture, "each time-out in a row doubles the time, and an answer ends that") {
  answer(100ms);
  keepSilent();
  CHECK(expect().expected == 200ms);
  CHECK(expect().timeout == 600ms);
  keepSilent();
  CHECK(expect().timeout == 1200ms);
  keepSilent();
  CHECK(expect().timeout == 1500ms);
  answer(100ms);
  CHECK(expect().expected == 100ms);
}

TEST_CASE_FIXTURE(Fixture, "after four time-outs in a row a server is dead, and is probed once a second") {
  for (int i = 0; i < 3; ++i) keepSilent();
  CHECK_FALSE(expect().dead);
  keepSilent();
  CHECK(expect().dead);
  CHECK_FALSE(expect().probeDue);
  now += 999ms;
  CHECK_FALSE(expect().probeDue);
  now += 1ms;
  CHECK(expect().probeDue);
  cache.probed(server(1), now);
  CHECK_FALSE(expect().probeDue);
  answer(50ms);
  CHECK_FALSE(expect().dead);
}

TEST_CASE_FIXTURE(Fixture, "of questions that waited at the same time the first time-out counts for all") {
  const TimePoint sent = now;
  now += 400ms;
  for (int i = 0; i < 10; ++i, now += 1ms) cache.silent(server(1), sent, now);
  CHECK_FALSE(expect().dead);
  CHECK(expect().expected == 2 * 376ms);
}

TEST_CASE_FIXTURE(Fixture, "a time-out says nothing of a server that was heard meanwhile") {
  const TimePoint sent = now;
  answer(100ms);
  now += 300ms;
  cache.silent(server(1), sent, now);
  CHECK(expect().expected == 100ms);
}

TEST_CASE_FIXTURE(Fixture, "a server of which nothing was heard for a quarter of an hour is unknown again") {
  answer(100ms);
  cache.lacksEdns(server(1), true, now);
  now += 899s;
  CHECK(expect().known);
  CHECK_FALSE(cache.speaksEdns(server(1), now));
  now += 1s;
  CHECK_FALSE(expect().known);
  CHECK(cache.speaksEdns(server(1), now));
  answer(60ms);
  CHECK(expect().expected == 60ms);
  CHECK(cache.count() == 1);
}

TEST_CASE_FIXTURE(Fixture, "servers at other ports and of other families are others") {
  answer(100ms);
  CHECK_FALSE(expect(server(1).withPort(5353)).known);
  CHECK_FALSE(expect(Address::v6({10, 0, 0, 1}, 53)).known);
}

TEST_CASE_FIXTURE(Fixture, "EDNS is left out for 900 s, after one reply that cannot be forged or two that can") {
  cache.lacksEdns(server(1), false, now);
  CHECK(cache.speaksEdns(server(1), now));
  cache.lacksEdns(server(1), false, now);
  CHECK_FALSE(cache.speaksEdns(server(1), now));
  cache.lacksEdns(server(2), true, now);
  CHECK_FALSE(cache.speaksEdns(server(2), now));
  for (int i = 0; i < 9; ++i, now += 100s) answer(1ms, server(2));
  CHECK(cache.speaksEdns(server(2), now));
}

TEST_CASE_FIXTURE(Fixture, "what was known of a server is not true again when its clock has come round") {
  cache.lacksEdns(server(1), true, now);
  for (int i = 0; i < 4; ++i) keepSilent(server(2));
  for (int hours = 0; hours < 24 * 60; ++hours) {
    for (int i = 0; i < 6; ++i, now += 10min) answer(10ms, server(1));
    REQUIRE(cache.speaksEdns(server(1), now));
    REQUIRE_FALSE(expect(server(2)).known);
    REQUIRE(cache.lameness(server(1), zone, now) == Lameness::none);
  }
}

TEST_CASE_FIXTURE(Fixture, "a server that is dead for months is probed once a second all the time") {
  answer(10ms);
  for (int minutes = 0; minutes < 100 * 24 * 6; ++minutes) {
    keepSilent();
    if (minutes < 4) continue;
    REQUIRE(expect().dead);
    REQUIRE_FALSE(expect().probeDue);
    now += 10min;
    REQUIRE(expect().probeDue);
  }
}

TEST_CASE_FIXTURE(Fixture, "a cookie is kept, if the server's part has 16 octets at most") {
  CHECK(cache.cookie(server(1), now).size == 0);
  taut::Cookie cookie;
  cookie.size = 24;
  cookie.octets.fill(7);
  cache.setCookie(server(1), cookie, now);
  const taut::Cookie kept = cache.cookie(server(1), now);
  CHECK(kept.server().size() == 16);
  CHECK(kept.octets[23] == 7);
  CHECK(cache.cookie(server(2), now).size == 0);
  cookie.size = 25;
  cache.setCookie(server(1), cookie, now);
  CHECK(cache.cookie(server(1), now).size == 0);
}

TEST_CASE_FIXTURE(Fixture, "that replies are forged in the name of a server is kept") {
  answer(10ms);
  CHECK_FALSE(cache.isForged(server(1), now));
  cache.setForged(server(1), now);
  CHECK(cache.isForged(server(1), now));
  CHECK_FALSE(cache.isForged(server(2), now));
  now += 900s;
  CHECK_FALSE(cache.isForged(server(1), now));
}

TEST_CASE_FIXTURE(Fixture, "a server is lame for one zone, for 300 s, when it is sure or was said twice") {
  cache.setLame(server(1), zone, Lameness::lame, false, now);
  CHECK(cache.lameness(server(1), zone, now) == Lameness::none);
  cache.setLame(server(1), zone, Lameness::lame, false, now);
  CHECK(cache.lameness(server(1), Name("EXAMPLE.com."), now) == Lameness::lame);
  CHECK(cache.lameness(server(1), Name("example.net."), now) == Lameness::none);
  CHECK(cache.lameness(server(2), zone, now) == Lameness::none);
  CHECK(cache.lameness(server(1), zone, now + 299s) == Lameness::lame);
  CHECK(cache.lameness(server(1), zone, now + 300s) == Lameness::none);
  cache.setLame(server(2), zone, Lameness::dnssecLame, true, now);
  CHECK(cache.lameness(server(2), zone, now) == Lameness::dnssecLame);
  cache.setServing(server(2), zone);
  CHECK(cache.lameness(server(2), zone, now) == Lameness::none);
}

TEST_CASE_FIXTURE(Fixture, "what was said once, long ago or of something else, is not said twice") {
  cache.setLame(server(1), zone, Lameness::lame, false, now);
  cache.setLame(server(1), zone, Lameness::lame, false, now + 900s);
  CHECK(cache.lameness(server(1), zone, now + 900s) == Lameness::none);
  cache.setLame(server(1), zone, Lameness::dnssecLame, false, now + 901s);
  CHECK(cache.lameness(server(1), zone, now + 901s) == Lameness::none);
}

TEST_CASE_FIXTURE(Fixture, "a server that fails is left alone for 5 s, and twice as long each time up to 300 s") {
  for (const Duration pause : {5s, 10s, 20s, 40s, 80s, 160s, 300s, 300s}) {
    cache.setLame(server(1), zone, Lameness::failing, true, now);
    CHECK(cache.lameness(server(1), zone, now + pause - 1ms) == Lameness::failing);
    now += pause;
    CHECK(cache.lameness(server(1), zone, now) == Lameness::none);
  }
  cache.setServing(server(1), zone);
  cache.setLame(server(1), zone, Lameness::failing, true, now);
  CHECK(cache.lameness(server(1), zone, now + 5s) == Lameness::none);
}

TEST_CASE_FIXTURE(Fixture, "IPv6 is broken when servers in six networks are silent and none answers") {
  const auto v6 = [](std::uint8_t network, std::uint8_t host) {
    return Address::v6({0x20, 0x01, 0x0d, 0xb8, 0, network, 0, 0, 0, 0, 0, 0, 0, 0, 0, host}, 53);
  };
  for (std::uint8_t i = 0; i < 20; ++i) keepSilent(v6(0, i));
  for (std::uint8_t i = 1; i < 5; ++i) keepSilent(v6(i, 1));
  CHECK_FALSE(cache.avoidsIpv6(now));
  keepSilent(v6(5, 1));
  CHECK(cache.avoidsIpv6(now));
  now += 60s;
  CHECK_FALSE(cache.avoidsIpv6(now));
  keepSilent(v6(5, 2));
  CHECK(cache.avoidsIpv6(now));
  answer(20ms, v6(1, 1));
  CHECK_FALSE(cache.avoidsIpv6(now));
  for (std::uint8_t i = 6; i < 11; ++i) keepSilent(v6(i, 1));
  CHECK_FALSE(cache.avoidsIpv6(now));
}

TEST_CASE_FIXTURE(Fixture, "IPv6 is broken at once when the kernel has no route, and no server is blamed") {
  const Address v6 = Address::v6({0x20, 0x01, 0x0d, 0xb8}, 53);
  cache.unreachable(v6, now);
  CHECK(cache.avoidsIpv6(now));
  CHECK_FALSE(expect(v6).known);
  cache.clear();
  cache.unreachable(server(1), now);
  CHECK_FALSE(cache.avoidsIpv6(now));
}

TEST_CASE_FIXTURE(Fixture, "hedges are one in 25 of the questions, after the first ten") {
  for (int i = 0; i < 10; ++i) CHECK(cache.takeHedge());
  CHECK_FALSE(cache.takeHedge());
  int hedges = 0;
  for (int i = 0; i < 2000; ++i) {
    cache.sent();
    hedges += cache.takeHedge() ? 1 : 0;
  }
  CHECK(hedges == 80);
  for (int i = 0; i < 10000; ++i) cache.sent();
  for (int i = 0; i < 10; ++i) CHECK(cache.takeHedge());
  CHECK_FALSE(cache.takeHedge());
}

TEST_CASE("the table of servers has a fixed size, and keeps those that are asked") {
  InfraCache cache(1000);
  TimePoint now{1h};
  for (unsigned i = 0; i < 5000; ++i) {
    now += 10us;
    cache.answered(server(i), 10ms, now);
    cache.answered(server(0), 10ms, now);
  }
  CHECK(cache.count() == 1000);
  CHECK(cache.expect(server(0), now).known);
  CHECK(cache.expect(server(4999), now).known);
  unsigned known = 0;
  for (unsigned i = 0; i < 5000; ++i) known += cache.expect(server(i), now).known ? 1 : 0;
  CHECK(known == 1000);
  CHECK(cache.bytes() <= 1024 * 72 + 2 * 1024);
}

TEST_CASE("the table of lame servers has a fixed size, and the newest stay") {
  InfraCache cache;
  TimePoint now{1h};
  const std::size_t before = cache.bytes();
  for (unsigned i = 0; i < 100000; ++i) {
    now += 1ms;
    cache.setLame(server(i), zone, Lameness::lame, true, now);
    REQUIRE(cache.lameness(server(i), zone, now) == Lameness::lame);
  }
  CHECK(cache.bytes() - before == 16384 * 16);
}

}  // namespace infra_cache_test
