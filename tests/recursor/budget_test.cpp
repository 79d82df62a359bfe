#include "taut/recursor/budget.hpp"

#include <chrono>
#include <type_traits>

#include <doctest/doctest.h>

namespace budget_test {

namespace {

using namespace std::chrono_literals;
using taut::Budget;
using taut::FetchBudget;
using taut::TimePoint;
using Limit = Budget::Limit;
using Purpose = Budget::Purpose;

static_assert(!std::is_copy_constructible_v<Budget> && !std::is_move_constructible_v<Budget>);
static_assert(!std::is_copy_constructible_v<FetchBudget>);

constexpr TimePoint start{1h};

struct Fixture {
  // How often `take` says yes, 1,000 times at most.
  template <typename Take>
  static unsigned count(const Take& take) {
    unsigned taken = 0;
    while (taken < 1000 && take()) ++taken;
    return taken;
  }

  Budget budget{start};
  FetchBudget fetch{budget};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "one fetch sends 32 questions at most") {
  CHECK(count([&] { return fetch.takeSend(); }) == 32);
  CHECK(budget.exceeded() == Limit::fetchSends);
  CHECK(describe(budget.exceeded()) == "more than 32 questions for one name");
  CHECK_FALSE(fetch.takeSend());
}

TEST_CASE_FIXTURE(Fixture, "all fetches of a client's question send 200 questions at most, however they are nested") {
  unsigned sent = 0;
  for (int i = 0; i < 100; ++i) {
    FetchBudget again(budget);
    sent += count([&] { return again.takeSend(); });
  }
  CHECK(sent == 200);
  CHECK(budget.sends() == 200);
  CHECK(budget.exceeded() == Limit::fetchSends);  // the first one
}

TEST_CASE_FIXTURE(Fixture, "of the questions 60 are for addresses and 60 for keys, and the others go on") {
  for (const Purpose purpose : {Purpose::addresses, Purpose::keys}) {
    unsigned sent = 0;
    for (int i = 0; i < 100; ++i) {
      FetchBudget child(fetch, purpose);
      sent += count([&] { return child.takeSend(); });
    }
    CHECK(sent == 60);
  }
  CHECK(fetch.takeSend());
}

TEST_CASE_FIXTURE(Fixture, "keys that an address needs count as questions for addresses") {
  const FetchBudget address(fetch, Purpose::addresses);
  unsigned sent = 0;
  for (int i = 0; i < 100; ++i) {
    FetchBudget keys(address, Purpose::keys);
    sent += count([&] { return keys.takeSend(); });
  }
  CHECK(sent == 60);
  FetchBudget keys(fetch, Purpose::keys);
  CHECK(keys.takeSend());
}

TEST_CASE_FIXTURE(Fixture, "fetches need each other six deep at most") {
  const FetchBudget first(fetch, Purpose::addresses);
  const FetchBudget second(first, Purpose::addresses);
  const FetchBudget third(second, Purpose::addresses);
  const FetchBudget fourth(third, Purpose::addresses);
  const FetchBudget fifth(fourth, Purpose::addresses);
  FetchBudget sixth(fifth, Purpose::addresses);
  FetchBudget seventh(sixth, Purpose::addresses);
  CHECK(fetch.takeStart());
  CHECK(sixth.takeStart());
  CHECK_FALSE(seventh.takeStart());
  CHECK(budget.exceeded() == Limit::depth);
}

TEST_CASE_FIXTURE(Fixture, "a fetch follows 30 referrals and 11 aliases at most") {
  CHECK(count([&] { return fetch.takeReferral(); }) == 30);
  CHECK(budget.exceeded() == Limit::referrals);
  CHECK(count([&] { return fetch.takeAlias(); }) == 11);
}

TEST_CASE_FIXTURE(Fixture, "of one zone's servers four are looked up, and 16 in all") {
  unsigned looked = 0;
  for (int i = 0; i < 10; ++i) {
    const unsigned here = count([&] { return fetch.takeAddressLookup(); });
    CHECK(here <= 4);
    looked += here;
    fetch.takeReferral();
  }
  CHECK(looked == 16);
  FetchBudget other(budget);
  CHECK_FALSE(other.takeAddressLookup());
  CHECK(budget.exceeded() == Limit::delegationLookups);
}

TEST_CASE_FIXTURE(Fixture, "five servers without an address end the look-ups") {
  for (int i = 0; i < 5; ++i) {
    FetchBudget other(budget);
    CHECK(other.takeAddressLookup());
    budget.noteFailedLookup();
  }
  CHECK_FALSE(fetch.takeAddressLookup());
  CHECK(budget.exceeded() == Limit::failedLookups);
}

TEST_CASE_FIXTURE(Fixture, "256 KiB are received at most") {
  for (int i = 0; i < 4; ++i) CHECK(budget.takeOctets(65535));
  CHECK(budget.takeOctets(4));
  CHECK_FALSE(budget.takeOctets(1));
  CHECK(budget.exceeded() == Limit::octets);
}

TEST_CASE_FIXTURE(Fixture, "eight seconds are spent at most") {
  CHECK(budget.deadline() == start + 8s);
  CHECK(budget.takeTime(start + 7999ms));
  CHECK(budget.exceeded() == Limit::none);
  CHECK_FALSE(budget.takeTime(start + 8s));
  CHECK(budget.exceeded() == Limit::time);
}

}  // namespace budget_test
