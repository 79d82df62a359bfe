#include "taut/server/client_shares.hpp"

#include <array>
#include <list>
#include <vector>

#include <doctest/doctest.h>

namespace client_shares_test {

namespace {

using taut::Address;
using taut::ClientShares;

const Address greedy = Address::v4({192, 0, 2, 1}, 1);
const Address modest = Address::v4({192, 0, 2, 2}, 1);

}  // namespace

TEST_CASE("the network that holds most gives up the place that it has held longest") {
  ClientShares shares;
  CHECK(shares.next() == nullptr);
  std::array<ClientShares::Place, 5> places;
  shares.add(places[0], modest);
  for (std::size_t i = 1; i < 5; ++i) shares.add(places[i], greedy);
  CHECK(shares.size() == 5);
  CHECK(shares.sizeOf(greedy) == 4);
  CHECK(shares.sizeOf(modest) == 1);
  for (std::size_t i = 1; i < 4; ++i) {
    CHECK(shares.next() == &places[i]);
    shares.next()->release();
    CHECK_FALSE(places[i].isHeld());
  }
  // Both hold one.
  CHECK(shares.size() == 2);
  shares.add(places[1], modest);
  CHECK(shares.next() == &places[0]);
}

TEST_CASE("ports and the low bits of an IPv6 address do not make another client, and IPv4 addresses do") {
  ClientShares shares;
  std::array<ClientShares::Place, 6> places;
  shares.add(places[0], Address::parse("2001:db8:0:1::1", 1).value());
  shares.add(places[1], Address::parse("2001:db8:0:ff:1:2:3:4", 2).value());
  CHECK(shares.sizeOf(Address::parse("2001:db8:0:7::", 3).value()) == 2);
  CHECK(shares.sizeOf(Address::parse("2001:db8:0:100::", 3).value()) == 0);
  shares.add(places[2], greedy);
  shares.add(places[3], greedy.withPort(9));
  CHECK(shares.sizeOf(greedy) == 2);
  CHECK(shares.sizeOf(modest) == 0);
}

TEST_CASE("a client that holds one place keeps it however many another takes and gives up") {
  ClientShares shares;
  ClientShares::Place only;
  shares.add(only, modest);
  std::list<ClientShares::Place> flood;
  for (int i = 0; i < 10'000; ++i) {
    shares.add(flood.emplace_back(), greedy);
    if (shares.size() <= 100) continue;
    CHECK(shares.next() == &flood.front());
    flood.pop_front();
  }
  CHECK(only.isHeld());
  CHECK(shares.size() == 100);
}

TEST_CASE("a place that ends is free, and a network that holds none is forgotten") {
  ClientShares shares;
  for (int i = 0; i < 3; ++i) {
    ClientShares::Place place;
    shares.add(place, greedy);
    CHECK(shares.size() == 1);
  }
  CHECK(shares.size() == 0);
  CHECK(shares.sizeOf(greedy) == 0);
  CHECK(shares.next() == nullptr);
}

}  // namespace client_shares_test
