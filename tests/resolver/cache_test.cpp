#include "taut/resolver/cache.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support/heap_counter.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/log.hpp"
#include "taut/dns/rdata.hpp"

namespace cache_test {

namespace {

using namespace std::chrono_literals;
using taut::Answer;
using taut::Cache;
using taut::Class;
using taut::Name;
using taut::NameView;
using taut::Query;
using taut::Rcode;
using taut::Section;
using taut::Type;

struct Fixture {
  taut::ManualClock clock;
  Cache cache{1 << 20, clock};

  std::optional<Answer> ask(const Query& query) {
    auto task = cache.resolve(query);
    REQUIRE(task.isReady());
    return task.takeReady();
  }
  std::optional<Answer> ask(const char* name, Type type) { return ask(Query(Name(name), type)); }
};

Answer addressAnswer(NameView name, std::chrono::seconds ttl, std::uint8_t last = 1) {
  Answer answer;
  answer.add(name, ttl, taut::rdata::A(192, 0, 2, last));
  return answer;
}

void addSoa(Answer& answer, const char* zone, std::chrono::seconds ttl, std::uint32_t minimum) {
  std::array<std::uint8_t, 600> wire;
  taut::ByteWriter writer{taut::MutableByteSpan(wire)};
  writer.bytes(Name("ns.example.").wire());
  writer.bytes(Name("admin.example.").wire());
  for (const std::uint32_t number : {1u, 2u, 3u, 4u, minimum}) writer.u32(number);
  answer.addRecord(Section::authority, Name(zone), Type::SOA, Class::IN, static_cast<std::uint32_t>(ttl.count()),
                   writer.written());
}

Query parsed(const char* name, Type type, std::uint16_t flags, bool dnssecOk) {
  static std::array<std::uint8_t, 512> wire;
  taut::ByteWriter writer{taut::MutableByteSpan(wire)};
  for (const std::uint16_t word : {std::uint16_t{1}, flags, std::uint16_t{1}, std::uint16_t{0}, std::uint16_t{0}})
    writer.u16(word);
  writer.u16(1);
  writer.bytes(Name(name).wire());
  writer.u16(static_cast<std::uint16_t>(type));
  writer.u16(1);
  writer.u8(0);
  writer.u16(41);
  writer.u16(1232);
  writer.u32(dnssecOk ? 0x8000 : 0);
  writer.u16(0);
  return *Query::parse(writer.written(), {taut::Address(), taut::Transport::udp});
}

// An address, and all that only DO brings; no record is more than its type.
Answer signedAnswer(const char* name) {
  Answer answer = addressAnswer(Name(name), 60s);
  answer.addRecord(Section::answer, Name(name), Type::RRSIG, Class::IN, 60, {});
  addSoa(answer, "example.", 60s, 60);
  for (const Type type : {Type::NSEC, Type::NSEC3, Type::DS, Type::RRSIG})
    answer.addRecord(Section::authority, Name("example."), type, Class::IN, 60, {});
  return answer;
}

std::string types(const Answer& answer) {
  std::string text;
  for (std::size_t i = 0; i < answer.entryCount(); ++i) text += toString(answer.entry(i).rrset.type) + ' ';
  return text;
}

std::vector<std::string> logged;

struct CapturedLog {
  CapturedLog() {
    logged.clear();
    taut::log::setSink([](taut::log::Level, std::string_view line) { logged.emplace_back(line); });
  }
  ~CapturedLog() { taut::log::setSink({}); }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a stored answer is given back until its smallest TTL has run out") {
  Answer answer = addressAnswer(Name("www.example."), 60s);
  answer.add(Name("example."), 50s, taut::rdata::NS(Name("ns.example.")), Section::authority);
  answer.add(Name("ns.example."), 40s, taut::rdata::A(192, 0, 2, 2), Section::additional);
  REQUIRE(cache.store(Query(Name("www.example."), Type::A), answer));

  clock.advance(39s + 999ms);
  const auto late = ask("www.example.", Type::A);
  REQUIRE(late);
  REQUIRE(late->entryCount() == 3);
  CHECK(late->entry(0).rrset.ttl == 21);
  CHECK(late->entry(1).rrset.ttl == 11);
  CHECK(late->entry(2).rrset.ttl == 1);

  clock.advance(1ms);
  CHECK_FALSE(ask("www.example.", Type::A));
  CHECK(cache.statistics().entries == 0);
}

TEST_CASE_FIXTURE(Fixture, "TTLs count down by whole seconds in every section") {
  Answer answer = addressAnswer(Name("www.example."), 300s);
  answer.add(Name("example."), 300s, taut::rdata::NS(Name("ns.example.")), Section::authority);
  answer.add(Name("ns.example."), 300s, taut::rdata::A(192, 0, 2, 2), Section::additional);
  REQUIRE(cache.store(Query(Name("www.example."), Type::A), answer, clock.now() - 1s));
  const auto hit = ask("www.example.", Type::A);
  REQUIRE(hit);
  for (std::size_t i = 0; i < 3; ++i) CHECK(hit->entry(i).rrset.ttl == 299);
  clock.advance(1500ms);
  CHECK(ask("www.example.", Type::A)->entry(0).rrset.ttl == 298);
}

TEST_CASE_FIXTURE(Fixture, "a hit holds the records that were stored, section by section and set by set") {
  Answer answer;
  const Name alias("alias.example.");
  const Name target("target.example.");
  answer.add(alias, 100s, taut::rdata::CNAME(target));
  answer.add(target, 100s, taut::rdata::A(192, 0, 2, 1));
  answer.add(target, 90s, taut::rdata::A(192, 0, 2, 2));
  answer.setAuthenticData(true);
  REQUIRE(cache.store(Query(alias, Type::A), answer));
  const auto hit = ask("ALIAS.example.", Type::A);
  REQUIRE(hit);
  CHECK(hit->rcode() == Rcode::NOERROR);
  CHECK(hit->authenticData());
  CHECK_FALSE(hit->authoritative());
  REQUIRE(hit->entryCount() == 2);
  CHECK(hit->entry(0).rrset.type == Type::CNAME);
  CHECK(hit->entry(1).rrset.owner == target.view());
  CHECK(hit->entry(1).rrset.count == 2);
  CHECK(hit->entry(1).rrset.ttl == 90);  // one RRset has one TTL
  std::vector<std::uint8_t> last;
  for (const auto rdata : hit->entry(1).rrset) last.push_back(rdata[3]);
  CHECK(last == std::vector<std::uint8_t>{1, 2});
}

TEST_CASE_FIXTURE(Fixture,
                  "a hit holds no more than its reply can, except for answers whose sections are not in order") {
  Answer answer = addressAnswer(Name("many.example."), 60s);
  for (unsigned type = 1000; type < 3000; ++type)
    answer.addRecord(Section::authority, Name("many.example."), static_cast<Type>(type), taut::Class::IN, 60, {});
  const Query udp = parsed("many.example.", Type::A, 0, false);
  const Query own(Name("many.example."), Type::A);
  REQUIRE(cache.store(own, answer));
  CHECK(cache.resolve(udp).takeReady()->entryCount() <= udp.replyLimit() / taut::leastRecordSize + 1);
  CHECK(cache.resolve(own).takeReady()->entryCount() == 2001);

  answer.add(Name("many.example."), 60s, taut::rdata::A(192, 0, 2, 2));
  REQUIRE(cache.store(own, answer));
  CHECK(cache.resolve(udp).takeReady()->entryCount() == 2002);
}

TEST_CASE_FIXTURE(Fixture, "name, type and class tell entries apart, and case does not") {
  REQUIRE(cache.store(Query(Name("www.example."), Type::A), addressAnswer(Name("www.example."), 60s)));
  CHECK(ask("wWw.ExAmPlE.", Type::A));
  CHECK_FALSE(ask("ww.example.", Type::A));
  CHECK_FALSE(ask("www.example.", Type::AAAA));
  CHECK_FALSE(ask(Query(Name("www.example."), Type::A, Class::CH)));
  CHECK(ask(parsed("www.example.", Type::A, 0, false)));
}

TEST_CASE_FIXTURE(Fixture, "what was asked for with DO serves all, without DO it lacks the records that DO brings") {
  const Query plain = parsed("www.example.", Type::A, taut::flag::RD, false);
  const Query withDo = parsed("www.example.", Type::A, taut::flag::RD, true);
  REQUIRE(cache.store(withDo, signedAnswer("www.example.")));
  CHECK(types(*ask(withDo)) == "A RRSIG SOA NSEC NSEC3 DS RRSIG ");
  CHECK(types(*ask(plain)) == "A SOA ");
  REQUIRE(cache.store(plain, addressAnswer(Name("www.example."), 60s)));
  CHECK(types(*ask(plain)) == "A ");
  CHECK_FALSE(ask(withDo));
  CHECK(cache.statistics().entries == 1);
}

TEST_CASE_FIXTURE(Fixture, "records that DO brings are given without it where they are asked for by type") {
  for (const Type type : {Type::RRSIG, Type::ANY}) {
    REQUIRE(cache.store(parsed("www.example.", type, taut::flag::RD, true), signedAnswer("www.example.")));
    CHECK(types(*ask(parsed("www.example.", type, taut::flag::RD, false))) == "A RRSIG SOA ");
  }
}

TEST_CASE_FIXTURE(Fixture,
                  "what was asked for with CD serves queries with CD alone, and what was asked for without all") {
  const Query plain = parsed("www.example.", Type::A, taut::flag::RD, false);
  const Query withCd = parsed("www.example.", Type::A, taut::flag::RD | taut::flag::CD, false);
  REQUIRE(cache.store(withCd, addressAnswer(Name("www.example."), 60s, 66)));
  CHECK(ask(withCd)->entry(0).rrset.front()[3] == 66);
  CHECK_FALSE(ask(plain));
  REQUIRE(cache.store(plain, addressAnswer(Name("www.example."), 60s, 1)));
  CHECK(ask(plain)->entry(0).rrset.front()[3] == 1);
  CHECK(ask(withCd)->entry(0).rrset.front()[3] == 1);
  CHECK(cache.erase(plain));
  CHECK_FALSE(ask(withCd));
}

TEST_CASE_FIXTURE(Fixture, "a failure, which may be one of validation, does not answer a query with CD") {
  const Query plain = parsed("www.example.", Type::A, taut::flag::RD, false);
  const Query withCd = parsed("www.example.", Type::A, taut::flag::RD | taut::flag::CD, false);
  REQUIRE(cache.store(plain, Answer::serverFailure()));
  CHECK(ask(plain));
  CHECK_FALSE(ask(withCd));
  REQUIRE(cache.store(withCd, addressAnswer(Name("www.example."), 60s)));
  CHECK(ask(withCd)->rcode() == Rcode::NOERROR);
  CHECK(ask(plain)->rcode() == Rcode::SERVFAIL);
}

TEST_CASE_FIXTURE(Fixture, "ANY is answered only by what was asked for as ANY") {
  REQUIRE(cache.store(Query(Name("www.example."), Type::A), addressAnswer(Name("www.example."), 60s)));
  CHECK_FALSE(ask("www.example.", Type::ANY));
  REQUIRE(cache.store(Query(Name("www.example."), Type::ANY), addressAnswer(Name("www.example."), 60s)));
  CHECK(ask("www.example.", Type::ANY));
}

TEST_CASE_FIXTURE(Fixture, "a name error is kept as long as its SOA says, for every type of the name") {
  Answer answer = Answer::nameError();
  addSoa(answer, "example.", 3600s, 20);
  REQUIRE(cache.store(Query(Name("no.example."), Type::A), answer));
  clock.advance(5s);
  const auto hit = ask("no.example.", Type::MX);
  REQUIRE(hit);
  CHECK(hit->rcode() == Rcode::NXDOMAIN);
  REQUIRE(hit->recordCount(Section::authority) == 1);
  CHECK(hit->entry(0).rrset.ttl == 15);
  CHECK_FALSE(ask("sub.no.example.", Type::A));
  clock.advance(15s);
  CHECK_FALSE(ask("no.example.", Type::A));
}

TEST_CASE_FIXTURE(Fixture, "a name error at the end of an alias is not one of the alias's name") {
  Answer answer = Answer::nameError();
  answer.add(Name("alias.example."), 60s, taut::rdata::CNAME(Name("gone.example.")));
  addSoa(answer, "example.", 60s, 60);
  REQUIRE(cache.store(Query(Name("alias.example."), Type::A), answer));
  CHECK(ask("alias.example.", Type::A)->rcode() == Rcode::NXDOMAIN);
  CHECK_FALSE(ask("alias.example.", Type::CNAME));
}

TEST_CASE_FIXTURE(Fixture, "no data is kept for its type alone, by the smaller of SOA TTL and MINIMUM") {
  Answer answer;
  addSoa(answer, "example.", 7s, 1000);
  REQUIRE(cache.store(Query(Name("www.example."), Type::AAAA), answer));
  CHECK(ask("www.example.", Type::AAAA)->entryCount() == 1);
  CHECK_FALSE(ask("www.example.", Type::A));
  clock.advance(7s);
  CHECK_FALSE(ask("www.example.", Type::AAAA));
}

TEST_CASE_FIXTURE(Fixture, "a negative answer without SOA is not kept") {
  CHECK_FALSE(cache.store(Query(Name("no.example."), Type::A), Answer::nameError()));
  CHECK_FALSE(cache.store(Query(Name("www.example."), Type::A), Answer()));
  Answer referral;
  referral.add(Name("example."), 60s, taut::rdata::NS(Name("ns.example.")), Section::authority);
  CHECK_FALSE(cache.store(Query(Name("www.example."), Type::A), referral));
  Answer dangling;
  dangling.add(Name("www.example."), 60s, taut::rdata::CNAME(Name("elsewhere.")));
  CHECK_FALSE(cache.store(Query(Name("www.example."), Type::A), dangling));
  CHECK(cache.store(Query(Name("www.example."), Type::CNAME), dangling));
}

TEST_CASE_FIXTURE(Fixture, "however long records want to live, they live a day at most, and absence three hours") {
  REQUIRE(cache.store(Query(Name("www.example."), Type::A), addressAnswer(Name("www.example."), 24h * 365)));
  CHECK(ask("www.example.", Type::A)->entry(0).rrset.ttl == 86400);
  Answer answer = Answer::nameError();
  addSoa(answer, "example.", 24h, 86400);
  REQUIRE(cache.store(Query(Name("no.example."), Type::A), answer));
  CHECK(ask("no.example.", Type::A)->entry(0).rrset.ttl == 10800);
  clock.advance(3h);
  CHECK_FALSE(ask("no.example.", Type::A));
}

TEST_CASE_FIXTURE(Fixture, "what was not resolved is remembered for five seconds and no longer") {
  REQUIRE(cache.store(Query(Name("www.example."), Type::A), Answer::serverFailure()));
  clock.advance(4999ms);
  const auto failure = ask("www.example.", Type::A);
  CHECK(failure->rcode() == Rcode::SERVFAIL);
  CHECK(failure->extendedError()->code == taut::ExtendedErrorCode::cachedError);
  clock.advance(1ms);
  CHECK_FALSE(ask("www.example.", Type::A));
}

TEST_CASE_FIXTURE(Fixture, "a failure for want of room is not kept") {
  Answer overload = Answer::serverFailure();
  overload.setTransient(true);
  CHECK_FALSE(cache.store(Query(Name("www.example."), Type::A), overload));
  CHECK_FALSE(ask("www.example.", Type::A));
}

TEST_CASE_FIXTURE(Fixture,
                  "refusals, other errors, authoritative data, transfers and records with TTL 0 are not kept") {
  const Query query(Name("www.example."), Type::A);
  CHECK_FALSE(cache.store(query, Answer::refused()));
  CHECK_FALSE(cache.store(query, Answer::formatError()));
  CHECK_FALSE(cache.store(query, Answer::notImplemented()));
  Answer authoritative = addressAnswer(Name("www.example."), 60s);
  authoritative.setAuthoritative(true);
  CHECK_FALSE(cache.store(query, authoritative));
  CHECK_FALSE(cache.store(query, addressAnswer(Name("www.example."), 0s)));
  CHECK_FALSE(cache.store(Query(Name("example."), Type::AXFR), addressAnswer(Name("example."), 60s)));
  CHECK_FALSE(cache.store(Query(Name("example."), Type::A, Class::ANY), addressAnswer(Name("example."), 60s)));
  CHECK(cache.statistics().entries == 0);
}

TEST_CASE_FIXTURE(Fixture, "a newer answer takes the place of the older") {
  const Query query(Name("www.example."), Type::A);
  REQUIRE(cache.store(query, addressAnswer(Name("www.example."), 60s, 1)));
  REQUIRE(cache.store(query, addressAnswer(Name("www.example."), 60s, 2)));
  CHECK(ask(query)->entry(0).rrset.front()[3] == 2);
  CHECK(cache.statistics().entries == 1);
}

TEST_CASE_FIXTURE(Fixture, "erase forgets one question and flush all of them") {
  REQUIRE(cache.store(Query(Name("a.example."), Type::A), addressAnswer(Name("a.example."), 60s)));
  REQUIRE(cache.store(Query(Name("b.example."), Type::A), addressAnswer(Name("b.example."), 60s)));
  REQUIRE(cache.store(Query(Name("c.example."), Type::A), addressAnswer(Name("c.example."), 60s)));
  const std::size_t full = cache.statistics().bytes;
  CHECK(cache.erase(Query(Name("A.EXAMPLE."), Type::A)));
  CHECK_FALSE(cache.erase(Query(Name("a.example."), Type::A)));
  CHECK_FALSE(ask("a.example.", Type::A));
  CHECK(ask("b.example.", Type::A));
  CHECK(cache.statistics().bytes < full);
  cache.flush();
  CHECK_FALSE(ask("b.example.", Type::A));
  CHECK(cache.statistics().entries == 0);
  REQUIRE(cache.store(Query(Name("b.example."), Type::A), addressAnswer(Name("b.example."), 60s)));
  CHECK(ask("b.example.", Type::A));
}

TEST_CASE("what was used least recently goes first") {
  taut::ManualClock clock;
  Cache cache(taut::Cache(1, clock).capacity(), clock);
  const auto name = [](int i) { return Name(fmt::format("name{:02}.example.", i)); };
  int stored = 0;
  while (cache.statistics().evicted == 0) {
    REQUIRE(cache.store(Query(name(stored), Type::A), addressAnswer(name(stored), 60s)));
    ++stored;
    // Name 0 is used all the time.
    auto hit = cache.resolve(Query(name(0), Type::A));
    REQUIRE(hit.takeReady());
  }
  CHECK(stored > 5);
  CHECK_FALSE(cache.resolve(Query(name(1), Type::A)).takeReady());
  CHECK(cache.resolve(Query(name(0), Type::A)).takeReady());
  CHECK(cache.resolve(Query(name(2), Type::A)).takeReady());
}

TEST_CASE("a hundred thousand random answers stay within the bound") {
  taut::ManualClock clock;
  constexpr std::size_t bound = 300'000;
  Cache cache(bound, clock);
  std::mt19937 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const Name name(fmt::format("{}.{}.example.", random() % 5000, std::string(random() % 60 + 1, 'x')));
    Answer answer;
    for (auto records = random() % 20 + 1; records > 0; --records)
      answer.add(name, 60s, taut::rdata::A(192, 0, 2, static_cast<std::uint8_t>(random())));
    REQUIRE(cache.store(Query(name, Type::A), answer));
    REQUIRE(cache.statistics().bytes <= bound);
    clock.advance(1ms);
    const Query other(Name(fmt::format("{}.x.example.", random() % 5000)), Type::A);
    auto hit = cache.resolve(other).takeReady();
    if (hit) REQUIRE(hit->entry(0).rrset.owner == other.name().view());
  }
  CHECK(cache.statistics().evicted > 1000);
  CHECK(cache.statistics().entries > 100);
  cache.flush();
  CHECK(cache.statistics().bytes < 20'000);
}

TEST_CASE("an answer larger than the whole cache is not kept and displaces nothing") {
  taut::ManualClock clock;
  Cache cache(8192, clock);
  REQUIRE(cache.store(Query(Name("small.example."), Type::A), addressAnswer(Name("small.example."), 60s)));
  Answer answer;
  const std::vector<std::uint8_t> large(10'000);
  answer.addRecord(Section::answer, Name("large.example."), Type::NULL_, Class::IN, 60, large);
  CHECK_FALSE(cache.store(Query(Name("large.example."), Type::NULL_), answer));
  CHECK(cache.resolve(Query(Name("small.example."), Type::A)).takeReady());
}

TEST_CASE_FIXTURE(Fixture, "an answer keeps its entry alive through eviction, flush and the cache's end") {
  std::optional<Answer> first;
  std::optional<Answer> second;
  {
    Cache shortLived(8192, clock);
    REQUIRE(shortLived.store(Query(Name("a.example."), Type::A), addressAnswer(Name("a.example."), 60s, 1)));
    REQUIRE(shortLived.store(Query(Name("b.example."), Type::A), addressAnswer(Name("b.example."), 60s, 2)));
    first = shortLived.resolve(Query(Name("a.example."), Type::A)).takeReady();
    second = shortLived.resolve(Query(Name("b.example."), Type::A)).takeReady();
    shortLived.flush();
  }
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->entry(0).rrset.owner == Name("a.example.").view());
  CHECK(first->entry(0).rrset.front()[3] == 1);
  CHECK(second->entry(0).rrset.owner == Name("b.example.").view());
  CHECK(second->entry(0).rrset.front()[3] == 2);
}

TEST_CASE_FIXTURE(Fixture, "a hit is a ready task and allocates nothing") {
  const Query query(Name("www.example."), Type::A);
  REQUIRE(cache.store(query, addressAnswer(query.name(), 60s)));
  std::size_t hits = cache.resolve(query).takeReady()->entryCount();
  const auto before = taut::HeapCounter::allocations();
  for (int i = 0; i < 10; ++i) hits += cache.resolve(query).takeReady()->entryCount();
  CHECK(taut::HeapCounter::allocations() == before);
  CHECK(hits == 11);
}

TEST_CASE_FIXTURE(Fixture, "hits, misses, entries and bytes are counted") {
  const std::size_t empty = cache.statistics().bytes;
  CHECK_FALSE(ask("www.example.", Type::A));
  REQUIRE(cache.store(Query(Name("www.example."), Type::A), addressAnswer(Name("www.example."), 60s)));
  CHECK(ask("www.example.", Type::A));
  CHECK(ask("www.example.", Type::A));
  clock.advance(60s);
  CHECK_FALSE(ask("www.example.", Type::A));
  const auto statistics = cache.statistics();
  CHECK(statistics.hits == 2);
  CHECK(statistics.misses == 2);
  CHECK(statistics.stored == 1);
  CHECK(statistics.expired == 1);
  CHECK(statistics.entries == 0);
  CHECK(statistics.bytes == empty);
}

TEST_CASE("hits are logged at verbose 1, misses and what is stored at verbose 2") {
  const CapturedLog capture;
  taut::ManualClock clock;
  const Query query(Name("www.Example.com."), Type::A);
  for (const int verbose : {0, 1, 2}) {
    taut::CacheOptions options;
    options.verbose = verbose;
    Cache cache(8192, clock, options);
    CHECK_FALSE(cache.resolve(query).takeReady());
    REQUIRE(cache.store(query, addressAnswer(query.name(), 60s)));
    CHECK(cache.resolve(query).takeReady());
  }
  CHECK(logged == std::vector<std::string>{"Cache hit for www.Example.com", "Cache miss for www.Example.com",
                                           "Adding <Query www.Example.com A IN> to cache",
                                           "Cache hit for www.Example.com"});
}

namespace {

void keep(Cache& cache, const char* name, Type type, std::chrono::seconds ttl) {
  const std::array<std::uint8_t, 16> address{};
  Answer answer;
  answer.addRecord(Section::answer, Name(name), type, Class::IN, static_cast<std::uint32_t>(ttl.count()), address);
  REQUIRE(cache.store(Query(Name(name), type), answer));
}

std::size_t eraseAll(Cache& cache, const char* name, bool tree, int& steps) {
  taut::CacheWalk walk;
  walk.name = Name(name);
  walk.tree = tree;
  steps = 1;
  while (cache.erase(walk)) ++steps;
  return walk.found;
}

}  // namespace

TEST_CASE("a name is forgotten with all its types, and with its tree all names below, in steps of bounded size") {
  Fixture f;
  for (const char* const name : {"a.example", "b.a.example", "c.b.a.example", "xa.example", "example"})
    for (const Type type : {Type::TXT, Type::AAAA}) keep(f.cache, name, type, 60s);
  int steps = 0;
  CHECK(eraseAll(f.cache, "A.EXAMPLE", false, steps) == 2);
  CHECK(steps > 1);
  CHECK(!f.ask("a.example", Type::AAAA));
  CHECK(f.ask("b.a.example", Type::AAAA));
  CHECK(eraseAll(f.cache, "a.example", true, steps) == 4);
  CHECK(!f.ask("c.b.a.example", Type::TXT));
  CHECK(f.ask("xa.example", Type::AAAA));
  CHECK(eraseAll(f.cache, ".", true, steps) == 4);
  CHECK(f.cache.statistics().entries == 0);
}

TEST_CASE("a walk shows what is kept of a name, with its age, and nothing that has expired") {
  Fixture f;
  keep(f.cache, "a.example", Type::TXT, 60s);
  keep(f.cache, "a.example", Type::AAAA, 20s);
  f.clock.advance(25s);
  taut::CacheWalk walk;
  walk.name = Name("a.example");
  std::vector<std::string> shown;
  const auto show = [&](const taut::CachedAnswer& answer) {
    shown.push_back(fmt::format("{} {} {} {}/{} {}", answer.name.toString(), taut::toString(answer.type),
                                taut::toString(answer.rcode), answer.age, answer.lifetime, answer.rrsets.size()));
  };
  while (f.cache.show(walk, show)) {
  }
  CHECK(walk.found == 1);
  CHECK(shown == std::vector<std::string>{"a.example. TXT NOERROR 25/60 1"});
}

namespace {

// A query of this client, with a client subnet where there is one.
Query fromNetwork(const taut::Address& peer, const std::optional<taut::ClientSubnet>& subnet = {},
                  const char* name = "www.example.") {
  std::array<std::uint8_t, 512> wire;
  taut::ByteWriter writer{taut::MutableByteSpan(wire)};
  for (const unsigned word : {1u, 0x0100u, 1u, 0u, 0u, 1u}) writer.u16(static_cast<std::uint16_t>(word));
  writer.bytes(Name(name).wire());
  writer.u16(static_cast<std::uint16_t>(Type::A));
  writer.u16(1);
  writer.u8(0);
  writer.u16(41);
  writer.u16(1232);
  writer.u32(0);
  writer.u16(subnet ? static_cast<std::uint16_t>(4 + subnet->size()) : 0);
  if (subnet) {
    writer.u16(8);
    writer.u16(static_cast<std::uint16_t>(subnet->size()));
    subnet->write(writer, 0);
  }
  Query query = *Query::parse(writer.written(), {peer, taut::Transport::udp});
  CHECK_FALSE(query.formatError());
  query.forgetMessage();
  return query;
}

taut::Address host(std::uint8_t third, std::uint8_t last = 1) {
  return taut::Address::v4({198, 51, third, last}, 4711);
}

taut::ClientSubnet subnetOf(std::uint8_t third, std::uint8_t last, std::uint8_t bits) {
  return taut::ClientSubnet{taut::Address::v4({198, 51, third, last}), 32}.cutTo(bits);
}

Answer scopedAnswer(std::uint8_t scope, std::uint8_t last, std::chrono::seconds ttl = 60s) {
  Answer answer = addressAnswer(Name("www.example."), ttl, last);
  answer.setClientSubnetScope(scope);
  return answer;
}

// The last octet of the answer's address; 0 where there is no answer.
int lastOctet(const std::optional<Answer>& answer) {
  return answer ? answer->entry(0).rrset.front().back() : 0;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "an answer for a network serves clients in it, by their subnet or their address") {
  REQUIRE(cache.store(fromNetwork(host(1)), scopedAnswer(24, 7)));
  CHECK(lastOctet(ask(fromNetwork(host(1, 200)))) == 7);
  CHECK(lastOctet(ask(fromNetwork(host(2), subnetOf(1, 0, 24)))) == 7);
  CHECK(lastOctet(ask(fromNetwork(host(2), subnetOf(1, 9, 32)))) == 7);
  CHECK(ask(fromNetwork(host(1, 200)))->clientSubnetScope() == std::uint8_t{24});
  CHECK_FALSE(ask(fromNetwork(host(2))));
  CHECK_FALSE(ask(fromNetwork(host(1), subnetOf(2, 0, 24))));  // says that it is elsewhere
  CHECK_FALSE(ask(fromNetwork(host(1), subnetOf(1, 0, 23))));  // says too little
  CHECK_FALSE(ask("www.example.", Type::A));                   // is nowhere
  const taut::Address v6 = taut::Address::v6({198, 51, 1});
  CHECK_FALSE(ask(fromNetwork(v6)));
}

TEST_CASE_FIXTURE(Fixture, "of several answers the one for the longest network counts, in whatever order they came") {
  for (const bool reverse : {false, true}) {
    cache.flush();
    for (const int turn : {0, 1, 2}) switch (reverse ? 2 - turn : turn) {
        case 0:
          REQUIRE(cache.store(fromNetwork(host(1)), scopedAnswer(0, 1)));
          break;
        case 1:
          REQUIRE(cache.store(fromNetwork(host(1)), scopedAnswer(16, 2)));
          break;
        default:
          REQUIRE(cache.store(fromNetwork(host(1)), scopedAnswer(24, 3)));
      }
    CHECK(cache.statistics().entries == 3);
    CHECK(lastOctet(ask(fromNetwork(host(1)))) == 3);
    CHECK(lastOctet(ask(fromNetwork(host(2)))) == 2);
    CHECK(lastOctet(ask(fromNetwork(taut::Address::loopbackV4()))) == 1);
    CHECK(lastOctet(ask("www.example.", Type::A)) == 1);
    CHECK(ask(fromNetwork(taut::Address::loopbackV4()))->clientSubnetScope() == std::uint8_t{0});
  }
}

TEST_CASE_FIXTURE(Fixture, "an answer to a network takes the place of the last one to it, and of no other") {
  REQUIRE(cache.store(fromNetwork(host(1)), scopedAnswer(24, 1)));
  REQUIRE(cache.store(fromNetwork(host(2)), scopedAnswer(24, 2)));
  REQUIRE(cache.store(fromNetwork(host(1, 9)), scopedAnswer(24, 3)));
  CHECK(cache.statistics().entries == 2);
  CHECK(lastOctet(ask(fromNetwork(host(1)))) == 3);
  CHECK(lastOctet(ask(fromNetwork(host(2)))) == 2);
}

TEST_CASE_FIXTURE(Fixture, "answers to networks run out each by itself, and what is left counts") {
  REQUIRE(cache.store(fromNetwork(host(1)), scopedAnswer(0, 1, 60s)));
  REQUIRE(cache.store(fromNetwork(host(1)), scopedAnswer(24, 2, 10s)));
  clock.advance(11s);
  CHECK(lastOctet(ask(fromNetwork(host(1)))) == 1);
  CHECK(cache.statistics().entries == 1);
  CHECK(cache.statistics().expired == 1);
}

TEST_CASE_FIXTURE(Fixture, "a scope that is longer than what the client has said holds for what it has said") {
  REQUIRE(cache.store(fromNetwork(host(9), subnetOf(1, 0, 20)), scopedAnswer(24, 5)));
  CHECK(lastOctet(ask(fromNetwork(host(9), subnetOf(1, 0, 20)))) == 5);
  CHECK(lastOctet(ask(fromNetwork(host(9), subnetOf(15, 0, 24)))) == 5);
  CHECK_FALSE(ask(fromNetwork(host(9), subnetOf(16, 0, 24))));
  CHECK(ask(fromNetwork(host(9), subnetOf(1, 0, 20)))->clientSubnetScope() == std::uint8_t{24});
}

TEST_CASE_FIXTURE(Fixture, "what was asked for with a subnet of no bits serves those who ask like that alone") {
  const taut::ClientSubnet hidden{taut::Address::anyV4(), 0};
  REQUIRE(cache.store(fromNetwork(host(1), hidden), scopedAnswer(24, 5)));
  CHECK(lastOctet(ask(fromNetwork(host(7), hidden))) == 5);
  CHECK_FALSE(ask(fromNetwork(host(1))));
  CHECK_FALSE(ask(fromNetwork(host(1), subnetOf(1, 0, 24))));
  REQUIRE(cache.store(fromNetwork(host(1), hidden), scopedAnswer(0, 6)));
  CHECK(lastOctet(ask(fromNetwork(host(1)))) == 6);
}

TEST_CASE("the answers to one question are for so many networks at most, and the oldest goes") {
  taut::ManualClock clock;
  taut::CacheOptions options;
  options.maxNetworks = 3;
  Cache cache(1 << 20, clock, options);
  for (std::uint8_t third = 1; third <= 5; ++third)
    REQUIRE(cache.store(fromNetwork(host(third)), scopedAnswer(24, third)));
  REQUIRE(cache.store(fromNetwork(host(9)), scopedAnswer(0, 9)));  // is not one of them
  CHECK(cache.statistics().entries == 4);
  CHECK(cache.statistics().evicted == 2);
  for (std::uint8_t third = 1; third <= 5; ++third)
    CHECK(lastOctet(cache.lookup(fromNetwork(host(third)))) == (third <= 2 ? 9 : third));
}

TEST_CASE_FIXTURE(Fixture, "name errors are kept for networks too, and a question is forgotten for all of them") {
  Answer missing = Answer::nameError();
  addSoa(missing, "example.", 60s, 60);
  missing.setClientSubnetScope(24);
  REQUIRE(cache.store(fromNetwork(host(1)), missing));
  REQUIRE(cache.store(fromNetwork(host(2)), scopedAnswer(24, 2)));
  REQUIRE(cache.store(fromNetwork(host(3)), scopedAnswer(0, 3)));
  CHECK(lastOctet(ask(fromNetwork(host(2)))) == 2);
  CHECK(cache.erase(fromNetwork(host(9))));
  CHECK(cache.statistics().entries == 0);
  CHECK_FALSE(cache.erase(fromNetwork(host(9))));
}

TEST_CASE_FIXTURE(Fixture, "an answer for a network is not kept where it is not known for which") {
  CHECK_FALSE(cache.store(Query(Name("www.example."), Type::A), scopedAnswer(24, 1)));
  CHECK(cache.store(Query(Name("www.example."), Type::A), scopedAnswer(0, 1)));
}

TEST_CASE_FIXTURE(Fixture, "an answer that says nothing of networks comes back without a scope") {
  REQUIRE(cache.store(fromNetwork(host(1)), addressAnswer(Name("www.example."), 60s)));
  CHECK_FALSE(ask(fromNetwork(host(2)))->clientSubnetScope());
  CHECK(ask(fromNetwork(host(2)))->source().kind() == taut::AnswerSource::Kind::cache);
}

}  // namespace cache_test
