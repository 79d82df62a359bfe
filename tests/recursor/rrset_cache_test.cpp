#include "taut/recursor/rrset_cache.hpp"

#include <malloc.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "taut/dns/answer.hpp"
#include "taut/dns/rdata.hpp"

namespace rrset_cache_test {

namespace {

using namespace std::chrono_literals;
using taut::Answer;
using taut::CachedRRset;
using taut::LocalRef;
using taut::Name;
using taut::RRset;
using taut::RRsetCache;
using taut::Section;
using taut::SecurityState;
using taut::TimePoint;
using taut::TrustGrade;
using taut::Type;

constexpr TimePoint start{1h};
constexpr TimePoint farAway = start + 1000h;

// An RRset of one address, and what it lies in.
struct AddressSet {
  AddressSet(const std::string& owner, std::uint32_t ttl, std::uint8_t number) : name(owner) {
    octets = {0, 4, 192, 0, 2, number};
    rrset.owner = name;
    rrset.rdata = octets.data();
    rrset.ttl = ttl;
    rrset.type = Type::A;
    rrset.count = 1;
  }

  Name name;
  std::vector<std::uint8_t> octets;
  RRset rrset;
};

// Signatures, which the cache does not look at: `count` of 95 octets.
struct Signatures {
  explicit Signatures(std::uint16_t count) : octets(97u * count, 7) {
    for (std::size_t i = 0; i < count; ++i) {
      octets[97 * i] = 0;
      octets[97 * i + 1] = 95;
    }
    rrset.rdata = octets.data();
    rrset.type = Type::RRSIG;
    rrset.count = count;
  }

  std::vector<std::uint8_t> octets;
  RRset rrset;
};

struct Fixture {
  LocalRef<const CachedRRset> store(std::uint8_t number, TrustGrade grade = TrustGrade::answer,
                                    SecurityState security = SecurityState::insecure, std::uint32_t ttl = 300,
                                    TimePoint lease = farAway) {
    const AddressSet set("www.example.com.", ttl, number);
    return cache.store(set.rrset, RRset(), grade, security, lease, now);
  }
  // The last octet of the address that is found; 0 where nothing is.
  int found() { return number(cache.find(Name("WWW.example.com."), Type::A, now)); }
  int foundStale() { return number(cache.findStale(Name("www.example.com."), Type::A, now)); }
  int number(const LocalRef<const CachedRRset>& entry) const { return number(entry.get()); }
  int number(const CachedRRset* entry) const { return entry ? entry->rrset(now).front()[3] : 0; }

  RRsetCache cache{1 << 20};
  TimePoint now = start;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "an RRset is found by name and type, with its signatures and the TTL that is left") {
  const AddressSet set("www.Example.com.", 300, 1);
  const Signatures signatures(2);
  cache.store(set.rrset, signatures.rrset, TrustGrade::answer, SecurityState::indeterminate, farAway, now);
  now += 100s;
  const CachedRRset* const entry = cache.find(Name("www.example.com."), Type::A, now);
  REQUIRE(entry);
  CHECK(entry->rrset(now).owner.toString() == "www.Example.com.");
  CHECK(entry->rrset(now).ttl == 200);
  CHECK(entry->rrset(now).count == 1);
  CHECK(entry->signatures(now).count == 2);
  CHECK(entry->signatures(now).ttl == 200);
  CHECK(entry->signatures(now).type == Type::RRSIG);
  CHECK(entry->signatures(now).front().size() == 95);
  CHECK(entry->grade() == TrustGrade::answer);
  CHECK(entry->security() == SecurityState::indeterminate);
  CHECK_FALSE(cache.find(Name("www.example.com."), Type::AAAA, now));
  CHECK_FALSE(cache.find(Name("example.com."), Type::A, now));
}

TEST_CASE_FIXTURE(Fixture, "an RRset lives as long as its TTL, a day at most") {
  store(1);
  now = start + 299s;
  CHECK(found() == 1);
  now = start + 300s;
  CHECK(found() == 0);
  CHECK(store(2, TrustGrade::answer, SecurityState::insecure, 1000000)->expiry() == now + 86400s);
}

TEST_CASE_FIXTURE(Fixture, "a TTL of 0, no record, and glue are not kept, and take nothing's place") {
  CHECK(number(store(1, TrustGrade::answer, SecurityState::insecure, 0)) == 1);
  CHECK(number(store(1, TrustGrade::additional)) == 1);
  cache.store(RRset(), RRset(), TrustGrade::answer, SecurityState::insecure, farAway, now);
  CHECK(cache.count() == 0);
  store(1);
  CHECK(number(store(2, TrustGrade::answer, SecurityState::insecure, 0)) == 2);
  CHECK(found() == 1);
}

TEST_CASE_FIXTURE(Fixture, "data of a lower grade takes the place of what has ended, and of nothing that lives") {
  constexpr TrustGrade rising[] = {TrustGrade::authorityNonAuthoritative, TrustGrade::answerNonAuthoritative,
                                   TrustGrade::authority, TrustGrade::answer};
  std::uint8_t octet = 1;
  for (const TrustGrade grade : rising) {
    CHECK(number(store(octet, grade)) == octet);
    CHECK(number(store(static_cast<std::uint8_t>(octet + 100), grade)) == octet + 100);
    for (const TrustGrade lower : rising)
      if (lower < grade) CHECK(number(store(99, lower)) == octet + 100);
    ++octet;
  }
  now += 300s;
  store(50, TrustGrade::authorityNonAuthoritative);
  CHECK(found() == 50);
}

TEST_CASE_FIXTURE(Fixture, "what was validated is replaced by what was validated alone") {
  store(1, TrustGrade::authorityNonAuthoritative, SecurityState::secure);
  CHECK(number(store(2, TrustGrade::answer, SecurityState::indeterminate)) == 1);
  CHECK(number(store(3, TrustGrade::answer, SecurityState::insecure)) == 1);
  CHECK(number(store(4, TrustGrade::answer, SecurityState::bogus)) == 1);
  CHECK(number(store(5, TrustGrade::authorityNonAuthoritative, SecurityState::secure)) == 5);
}

TEST_CASE_FIXTURE(Fixture, "bogus data lives a minute at most, is never stale, and makes room for good data") {
  store(1, TrustGrade::answer, SecurityState::bogus);
  now += 59s;
  CHECK(found() == 1);
  now += 1s;
  CHECK(found() == 0);
  CHECK(foundStale() == 0);
  store(2, TrustGrade::answer, SecurityState::bogus);
  store(3);
  CHECK(found() == 3);
}

TEST_CASE_FIXTURE(Fixture,
                  "what is not known to be good does not take the place of what is, as long as that may be stale") {
  store(1);
  now += 400s;
  for (const SecurityState security : {SecurityState::bogus, SecurityState::indeterminate}) {
    CHECK(number(store(2, TrustGrade::answer, security)) == 2);
    CHECK(foundStale() == 1);
  }
  CHECK(number(store(3)) == 3);
  now += 300s + 86400s;
  CHECK(number(store(4, TrustGrade::answer, SecurityState::bogus)) == 4);
  CHECK(number(store(5, TrustGrade::answer, SecurityState::indeterminate)) == 5);
}

TEST_CASE_FIXTURE(Fixture, "of very many signatures over an RRset 255 are kept") {
  const AddressSet set("www.example.com.", 300, 1);
  const Signatures signatures(300);
  const auto entry =
      cache.store(set.rrset, signatures.rrset, TrustGrade::answer, SecurityState::insecure, farAway, now);
  CHECK(entry->signatures(now).count == 255);
  CHECK(entry->bytes() <= 96 + 16 + 255 * 97);
}

TEST_CASE_FIXTURE(Fixture, "what has ended may be served for a day") {
  store(1);
  now = start + 300s;
  CHECK(foundStale() == 1);
  CHECK(cache.findStale(Name("www.example.com."), Type::A, now)->rrset(now).ttl == 0);
  now = start + 300s + 86399s;
  CHECK(foundStale() == 1);
  now += 1s;
  CHECK(foundStale() == 0);
}

TEST_CASE_FIXTURE(Fixture, "stale data never outlives the lease of its delegation") {
  store(1, TrustGrade::answer, SecurityState::insecure, 300, start + 1000s);
  now = start + 999s;
  CHECK(foundStale() == 1);
  now = start + 1000s;
  CHECK(foundStale() == 0);
  now = start + 2000s;
  store(2, TrustGrade::answer, SecurityState::insecure, 300, now + 100s);
  now += 299s;
  CHECK(found() == 2);
  now += 1s;
  CHECK(foundStale() == 0);
}

TEST_CASE_FIXTURE(Fixture, "validation changes an entry in its place") {
  store(1, TrustGrade::answer, SecurityState::indeterminate, 300, start);
  CHECK(cache.setSecurity(Name("www.example.com."), Type::A, SecurityState::secure, 100s, now));
  CHECK(number(store(2, TrustGrade::answer, SecurityState::indeterminate)) == 1);
  CHECK(cache.find(Name("www.example.com."), Type::A, now)->expiry() == start + 100s);
  now = start + 100s;
  CHECK_FALSE(cache.setSecurity(Name("www.example.com."), Type::A, SecurityState::secure, 100s, now));
  store(3, TrustGrade::answer, SecurityState::indeterminate);
  CHECK(cache.setSecurity(Name("www.example.com."), Type::A, SecurityState::bogus, 100s, now));
  now += 60s;
  CHECK(foundStale() == 0);
}

TEST_CASE_FIXTURE(Fixture, "an answer borrows from an entry, and keeps it when the cache has it no more") {
  const auto entry = store(1);
  Answer answer;
  answer.pin(*entry);
  answer.borrowRRset(Section::answer, entry->rrset(now));
  store(2);
  cache.clear();
  CHECK(answer.entry(0).rrset.front()[3] == 1);
  CHECK(answer.entry(0).rrset.owner.toString() == "www.example.com.");
}

TEST_CASE_FIXTURE(Fixture, "an RRset can be forgotten") {
  store(1);
  CHECK_FALSE(cache.erase(Name("www.example.com."), Type::AAAA));
  CHECK(cache.erase(Name("www.EXAMPLE.com."), Type::A));
  CHECK(found() == 0);
  CHECK(cache.count() == 0);
}

TEST_CASE("the RRset cache keeps to its octets, and keeps what is asked for") {
  RRsetCache cache(256 << 10);
  const AddressSet asked("asked.example.com.", 300, 1);
  cache.store(asked.rrset, RRset(), TrustGrade::answer, SecurityState::insecure, farAway, start);
  for (int i = 0; i < 20000; ++i) {
    CHECK(cache.find(asked.name, Type::A, start));
    const AddressSet set(fmt::format("n{}.example.com.", i), 300, 1);
    const Signatures signatures(static_cast<std::uint16_t>(i % 3));
    cache.store(set.rrset, signatures.rrset, TrustGrade::answer, SecurityState::insecure, farAway, start);
    REQUIRE(cache.bytes() <= 256 << 10);
  }
  CHECK(cache.count() > 1000);
  CHECK(cache.evictions() > 10000);
}

TEST_CASE("an RRset that is larger than the cache is not kept") {
  RRsetCache cache(4096);
  std::vector<std::uint8_t> octets(8000);
  octets[0] = 0x1f;
  octets[1] = 0x3e;
  AddressSet set("www.example.com.", 300, 1);
  set.rrset.rdata = octets.data();
  cache.store(set.rrset, RRset(), TrustGrade::answer, SecurityState::insecure, farAway, start);
  CHECK(cache.count() == 0);
}

TEST_CASE("one address takes no more than 96 octets, and with a signature by P-256 no more than 192") {
  RRsetCache cache(1 << 20);
  const AddressSet set("www.example.com.", 300, 1);
  auto entry = cache.store(set.rrset, RRset(), TrustGrade::answer, SecurityState::insecure, farAway, start);
  CHECK(entry->bytes() <= 96);
  CHECK(malloc_usable_size(const_cast<CachedRRset*>(entry.get())) + 8 <= entry->bytes());
  const Signatures signatures(1);
  entry = cache.store(set.rrset, signatures.rrset, TrustGrade::answer, SecurityState::insecure, farAway, start);
  CHECK(entry->bytes() <= 192);
}

}  // namespace rrset_cache_test
