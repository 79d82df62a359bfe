#include "recursor/server_quota.hpp"

#include <cstddef>
#include <list>

#include <doctest/doctest.h>

#include "taut/base/address.hpp"

namespace taut::server_quota_test {

namespace {

const Address busy = *Address::parse("198.18.6.6", 53);
const Address other = *Address::parse("198.18.6.7", 53);

}  // namespace

TEST_CASE("while half of the places are free a server is asked as much as there is to ask") {
  ServerQuota quota(4096);
  std::list<ServerQuota::Place> places;
  for (int i = 0; i < 1000; ++i) places.emplace_back(quota, busy);
  CHECK(quota.admits(busy, 2047));
  CHECK_FALSE(quota.admits(busy, 2048));
}

TEST_CASE("where they are not, 64 questions of 4,096 places wait for one server") {
  ServerQuota quota(4096);
  std::list<ServerQuota::Place> places;
  for (int i = 0; i < 63; ++i) places.emplace_back(quota, busy);
  CHECK(quota.admits(busy, 4096));
  places.emplace_back(quota, busy);
  CHECK(quota.count(busy) == 64);
  CHECK_FALSE(quota.admits(busy, 4096));
  CHECK(quota.admits(other, 4096));
  CHECK(quota.admits(busy.withPort(5353), 4096));
  places.pop_front();
  CHECK(quota.admits(busy, 4096));
  places.clear();
  CHECK(quota.count(busy) == 0);
}

TEST_CASE("where there are few places a server has four") {
  ServerQuota quota(8);
  std::list<ServerQuota::Place> places;
  for (int i = 0; i < 4; ++i) {
    CHECK(quota.admits(busy, 8));
    places.emplace_back(quota, busy);
  }
  CHECK_FALSE(quota.admits(busy, 8));
}

}  // namespace taut::server_quota_test
