#include "taut/recursor/denial_cache.hpp"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "dnssec/records.hpp"
#include "taut/dns/nsec3.hpp"

namespace denial_cache_test {

namespace {

using namespace std::chrono_literals;
using taut::CryptoBudget;
using taut::DenialCache;
using taut::Name;
using taut::NameView;
using taut::Nsec3Hash;
using taut::RRset;
using taut::SynthesisedDenial;
using taut::TimePoint;
using taut::Type;
using taut::VerifiedSignature;
using taut::test::Records;

constexpr TimePoint start{1h};
const std::string soa = "example. 900 SOA ns.example. host.example. 1 3600 600 86400 600\n";

struct Fixture {
  // Adds the records, which count as verified; tells how many were of use.
  std::size_t add(std::string_view text, const char* zone = "example.", VerifiedSignature signature = {}) {
    const Records records(text);
    std::size_t added = 0;
    for (const RRset& set : records.rrsets()) {
      signature.ttl = set.ttl;
      added += cache.add(Name(zone), set, RRset(), signature, now) ? 1 : 0;
    }
    return added;
  }

  std::optional<SynthesisedDenial> synthesise(const char* name, Type type = Type::A, const char* cut = ".") {
    CryptoBudget budget;
    return cache.synthesise(Name(name), type, Name(cut), budget, now);
  }

  // What is known of the name: "none", or the kind and the owners of the records.
  std::string known(const char* name, Type type = Type::A, const char* cut = ".") {
    const auto found = synthesise(name, type, cut);
    if (!found) return "none";
    std::string text;
    switch (found->kind()) {
      case SynthesisedDenial::Kind::nameError:
        text = "name error:";
        break;
      case SynthesisedDenial::Kind::noData:
        text = "no data:";
        break;
      case SynthesisedDenial::Kind::wildcardAnswer:
        text = found->wildcard().toString() + ":";
        break;
    }
    for (const auto& record : found->records()) text += ' ' + record->owner().toString();
    CHECK((found->soa() != nullptr) == (found->kind() != SynthesisedDenial::Kind::wildcardAnswer));
    return text;
  }

  DenialCache cache{1 << 20};
  TimePoint now = start;
};

Nsec3Hash hashOf(const std::string& name) {
  return taut::nsec3Hash(Name(name), {});
}

std::string labelOf(const Nsec3Hash& hash) {
  const auto label = taut::nsec3Label(hash);
  return {label.data(), label.size()};
}

// An NSEC3 chain over the names, with the types of each.
struct Chain {
  struct Link {
    Nsec3Hash hash;
    std::string types;
  };

  void add(const std::string& name, const std::string& types) { links.push_back({hashOf(name), types}); }

  std::string text(const char* parameters = "1 0 0 -") const {
    auto sorted = links;
    std::sort(sorted.begin(), sorted.end(), [](const Link& a, const Link& b) { return a.hash < b.hash; });
    std::string text;
    for (std::size_t i = 0; i < sorted.size(); ++i)
      text += fmt::format("{}.example. 300 NSEC3 {} {} {}\n", labelOf(sorted[i].hash), parameters,
                          labelOf(sorted[(i + 1) % sorted.size()].hash), sorted[i].types);
    return text;
  }

  std::vector<Link> links;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a name between those of an NSEC record does not exist, nor does its wildcard") {
  CHECK(add(soa + "example. 300 NSEC a.example. SOA NS\na.example. 300 NSEC d.example. A\n") == 3);
  CHECK(known("b.example.") == "name error: a.example. example.");
  CHECK(known("x.y.C.EXAMPLE.") == "name error: a.example. example.");
  CHECK(known("b.a.example.") == "name error: a.example.");
  CHECK(known("d.example.") == "none");
  CHECK(known("e.example.") == "none");
  CHECK(known("a.example.") == "none");
  CHECK(known("example.org.") == "none");
}

TEST_CASE_FIXTURE(Fixture, "without the proof that there is no wildcard, a name may exist") {
  add(soa + "a.example. 300 NSEC d.example. A\n");
  CHECK(known("b.a.example.") == "name error: a.example.");
  CHECK(known("b.example.") == "*.example.: a.example.");
}

TEST_CASE_FIXTURE(Fixture, "the last NSEC record denies what comes after it") {
  add(soa + "z.example. 300 NSEC example. A\nexample. 300 NSEC z.example. SOA NS\n");
  CHECK(known("zz.example.") == "name error: z.example. example.");
}

TEST_CASE_FIXTURE(Fixture, "a name without the type has no data, nor has an empty one or one of a wildcard") {
  add(soa +
      "a.example. 300 NSEC x.b.example. A\n*.w.example. 300 NSEC x.example. TXT\nw.example. 300 NSEC "
      "*.w.example. A\n");
  CHECK(known("a.example.", Type::AAAA) == "no data: a.example.");
  CHECK(known("a.example.", Type::A) == "none");
  CHECK(known("b.example.", Type::A) == "no data: a.example.");
  CHECK(known("q.w.example.", Type::A) == "no data: *.w.example.");
}

TEST_CASE_FIXTURE(Fixture, "a name with an alias has no type that can be denied") {
  add(soa + "a.example. 300 NSEC b.example. CNAME\n");
  CHECK(known("a.example.", Type::AAAA) == "none");
}

TEST_CASE_FIXTURE(Fixture, "a wildcard that has the type gives the answer, with the proof that no name is closer") {
  add(soa + "*.w.example. 300 NSEC b.w.example. TXT\nb.w.example. 300 NSEC x.example. A\n");
  CHECK(known("c.w.example.", Type::TXT) == "*.w.example.: b.w.example.");
  CHECK(known("x.y.c.w.example.", Type::TXT) == "*.w.example.: b.w.example.");
  CHECK(known("b.w.example.", Type::TXT) == "no data: b.w.example.");
}

TEST_CASE_FIXTURE(Fixture, "nothing is denied at or below a cut, nor below a DNAME, and DS records nowhere") {
  add(soa +
      "example. 300 NSEC cut.example. SOA NS\ncut.example. 300 NSEC d.example. NS\nd.example. 300 NSEC "
      "example. DNAME\n");
  CHECK(known("cut.example.") == "none");
  CHECK(known("www.cut.example.") == "none");
  CHECK(known("www.d.example.") == "none");
  CHECK(known("d.example.", Type::TXT) == "no data: d.example.");
  CHECK(known("cut.example.", Type::DS) == "none");
  CHECK(known("a.example.", Type::DS) == "none");
  CHECK(known("a.example.") == "name error: example.");
}

TEST_CASE_FIXTURE(Fixture, "of a zone below, only its own records tell, and none above a cut that is known") {
  add(soa + "example. 300 NSEC z.example. SOA NS\n");
  CHECK(known("www.sub.example.") == "name error: example.");
  CHECK(known("www.sub.example.", Type::A, "example.") == "name error: example.");
  CHECK(known("www.sub.example.", Type::A, "sub.example.") == "none");
  add("b.sub.example. 300 NSEC c.sub.example. A\n", "sub.example.");
  CHECK(known("www.sub.example.") == "none");
}

TEST_CASE_FIXTURE(Fixture, "types that are there with every name are not denied") {
  add(soa + "a.example. 300 NSEC b.example. A\n");
  for (const Type type : {Type::NSEC, Type::RRSIG, Type::NSEC3, Type::ANY}) {
    INFO(static_cast<unsigned>(type));
    CHECK(known("a.example.", type) == "none");
  }
}

TEST_CASE_FIXTURE(Fixture, "a negative answer needs the SOA record, and a wildcard's does not") {
  add("example. 300 NSEC z.example. SOA NS\nw.example. 300 NSEC z.example. A\n");
  CHECK(known("a.example.") == "none");
  CHECK(known("x.example.") == "none");
  add("b.sub.org. 300 NSEC d.sub.org. A\n", "sub.org.");
  CHECK(known("c.sub.org.") == "*.sub.org.: b.sub.org.");
  add(soa);
  CHECK(known("a.example.") == "name error: example.");
}

TEST_CASE_FIXTURE(Fixture, "nothing is proven for longer than its records, than the SOA says, and than three hours") {
  const auto left = [&](const char* name) { return synthesise(name)->expiry() - start; };
  add(soa + "example. 300 NSEC b.example. SOA NS\nb.example. 900 NSEC c.example. A\n");
  CHECK(left("a.example.") == 300s);
  CHECK(left("a.b.example.") == 600s);  // the MINIMUM
  now = start + 299s;
  CHECK(known("a.example.") != "none");
  now = start + 300s;
  CHECK(known("a.example.") == "none");
  CHECK(known("a.b.example.") != "none");
  now = start + 600s;
  CHECK(known("a.b.example.") == "none");
  now = start;
  add("example. 99999 SOA ns.example. host.example. 1 3600 600 86400 99999\nb.example. 99999 NSEC c.example. A\n");
  CHECK(left("a.b.example.") == 3h);
}

TEST_CASE_FIXTURE(Fixture, "what came before the SOA record lives no longer than its MINIMUM says") {
  add("example. 3600 NSEC b.example. SOA NS\n");
  now = start + 599s;
  add(soa);
  CHECK(synthesise("a.example.")->expiry() == start + 600s);
  now = start + 600s;
  CHECK(known("a.example.") == "none");
}

TEST_CASE_FIXTURE(Fixture, "a record takes the place of the one at its owner") {
  add(soa + "example. 300 NSEC z.example. SOA NS\n");
  CHECK(known("m.example.") == "name error: example.");
  add("example. 300 NSEC m.example. SOA NS\n");
  CHECK(cache.count() == 2);
  CHECK(known("m.example.") == "none");
}

TEST_CASE_FIXTURE(Fixture, "an answer holds its records, whatever becomes of the cache") {
  add(soa + "example. 300 NSEC b.example. SOA NS\n");
  const auto found = synthesise("a.example.");
  cache.clear();
  REQUIRE(found->records().size() == 1);
  CHECK(found->records()[0]->rrset(now).ttl == 300);
  CHECK(found->records()[0]->security() == taut::SecurityState::secure);
  CHECK(found->soa()->rrset(now).ttl == 600);
}

TEST_CASE_FIXTURE(Fixture, "records that prove nothing are not kept") {
  VerifiedSignature expanded;
  expanded.isExpanded = true;
  CHECK(add("a.example. 300 NSEC b.example. A\n", "example.", expanded) == 0);
  CHECK(add("a.example. 300 NSEC b.org. A\n") == 0);
  CHECK(add("a.org. 300 NSEC b.org. A\n") == 0);
  CHECK(add("a.example. 0 NSEC b.example. A\n") == 0);
  CHECK(add("a.example. 300 NSEC \\000.a.example. A\n") == 0);
  CHECK(add("sub.example. 900 SOA ns.example. host.example. 1 3600 600 86400 600\n") == 0);
  CHECK(add("example. 900 SOA ns.example. host.example. 1 3600 600 86400 0\n") == 0);
  CHECK(add("a.example. 300 A 192.0.2.1\n") == 0);
  CHECK(cache.count() == 0);
}

TEST_CASE_FIXTURE(Fixture, "an NSEC3 chain denies names, types and what a wildcard does not have") {
  Chain chain;
  chain.add("example.", "SOA NS");
  chain.add("a.example.", "A");
  chain.add("w.example.", "A");
  chain.add("*.w.example.", "TXT");
  chain.add("cut.example.", "NS");
  chain.add("d.example.", "DNAME");
  CHECK(add(soa + chain.text()) == 7);
  CHECK(known("b.example.").starts_with("name error: "));
  CHECK(known("x.y.B.example.").starts_with("name error: "));
  CHECK(known("a.example.", Type::AAAA) == "no data: " + labelOf(hashOf("a.example.")) + ".example.");
  CHECK(known("a.example.") == "none");
  CHECK(known("q.w.example.").starts_with("no data: "));
  CHECK(known("q.w.example.", Type::TXT).starts_with("*.w.example.: "));
  CHECK(known("cut.example.") == "none");
  CHECK(known("www.cut.example.") == "none");
  CHECK(known("www.d.example.") == "none");
  CHECK(known("a.example.", Type::DS) == "none");
}

TEST_CASE_FIXTURE(Fixture, "NSEC3 records with opt-out, or with further iterations, are not kept") {
  Chain chain;
  chain.add("example.", "SOA NS");
  chain.add("a.example.", "A");
  CHECK(add(chain.text("1 1 0 -")) == 0);
  CHECK(add(chain.text("1 0 1 -")) == 0);
  CHECK(add(chain.text("2 0 0 -")) == 0);
  CHECK(add(chain.text("1 0 0 AABB")) == 2);
}

TEST_CASE_FIXTURE(Fixture, "an NSEC3 record that covers next to nothing is not kept") {
  Nsec3Hash hash = hashOf("example.");
  const std::string owner = labelOf(hash);
  hash[4] ^= 1;
  CHECK(add(fmt::format("{}.example. 300 NSEC3 1 0 0 - {} A\n", owner, labelOf(hash))) == 0);
  CHECK(add(fmt::format("{0}.example. 300 NSEC3 1 0 0 - {0} A\n", owner)) == 1);
}

TEST_CASE_FIXTURE(Fixture, "an NSEC3 chain with another salt takes the place of the one before") {
  Chain chain;
  chain.add("example.", "SOA NS");
  chain.add("a.example.", "A");
  add(soa + chain.text());
  CHECK(cache.count() == 3);
  add(fmt::format("{}.example. 300 NSEC3 1 0 0 AB {} A\n", labelOf(hashOf("b.example.")), labelOf(hashOf("c."))));
  CHECK(cache.count() == 2);
  CHECK(known("b.example.") == "none");
}

TEST_CASE_FIXTURE(Fixture, "a name costs a bounded number of hashes, which the budget pays") {
  Chain chain;
  chain.add("example.", "SOA NS");
  add(soa + chain.text());
  CryptoBudget budget;
  const auto cost = [&](const char* name) {
    const std::size_t before = budget.nsec3BlocksLeft();
    const bool isFound = cache.synthesise(Name(name), Type::A, {}, budget, now).has_value();
    return std::pair(isFound, before - budget.nsec3BlocksLeft());
  };
  CHECK(cost("a.example.") == std::pair(true, std::size_t{6}));
  CHECK(cost("h.g.f.e.d.c.b.a.example.") == std::pair(true, std::size_t{20}));
  CHECK(cost("i.h.g.f.e.d.c.b.a.example.") == std::pair(false, std::size_t{0}));
  while (budget.nsec3BlocksLeft() > 0) budget.takeNsec3Blocks(1);
  CHECK(cost("a.example.") == std::pair(false, std::size_t{0}));
}

TEST_CASE_FIXTURE(Fixture, "what the zone around a name has said, and what zones below it have, can be forgotten") {
  add(soa + "example. 300 NSEC b.example. SOA NS\n");
  add("sub.example. 900 SOA ns. host. 1 3600 600 86400 600\nsub.example. 300 NSEC b.sub.example. SOA NS\n",
      "sub.example.");
  CHECK(cache.eraseAround(Name("www.sub.example.")) == 2);
  CHECK(cache.count() == 2);
  CHECK(cache.eraseAround(Name("org.")) == 0);
  add("sub.example. 300 NSEC b.sub.example. SOA NS\n", "sub.example.");
  CHECK(cache.eraseWithin(Name("example.")) == 3);
  const DenialCache fresh(1 << 20);
  CHECK(cache.bytes() == fresh.bytes());
}

TEST_CASE("the octets of the cache are those that the heap gave, and never more than it may hold") {
  const auto fill = [](DenialCache& cache, int zones, int records) {
    for (int zone = 0; zone < zones; ++zone) {
      const std::string name = fmt::format("zone{}.example.", zone);
      for (int record = 0; record < records; ++record) {
        const Records text(fmt::format("n{0:05}.{1} 300 NSEC n{0:05}z.{1} A\n", record, name));
        VerifiedSignature signature;
        signature.ttl = 300;
        CHECK(cache.add(Name(name), text.rrsets().front(), RRset(), signature, start));
        CHECK(cache.bytes() <= 256 * 1024);
      }
    }
  };
  const std::size_t before = ::mallinfo2().uordblks;
  DenialCache cache(256 * 1024);
  fill(cache, 40, 10);
  CHECK(cache.evictions() == 0);
  const std::size_t used = ::mallinfo2().uordblks - before;
  // A sanitizer's heap counts nothing.
  if (before > 0) {
    CHECK(used <= cache.bytes() + 1024);
    CHECK(used + 1024 >= cache.bytes() * 9 / 10);
  }
  fill(cache, 40, 100);
  CHECK(cache.evictions() > 0);
  CHECK(cache.bytes() > 200 * 1024);
}

TEST_CASE_FIXTURE(Fixture, "records that have answered stay while others come and go") {
  DenialCache small(16 * 1024);
  VerifiedSignature signature;
  signature.ttl = 300;
  const auto put = [&](const std::string& text) {
    const Records records(text);
    for (const RRset& set : records.rrsets()) CHECK(small.add(Name("example."), set, RRset(), signature, start));
  };
  put(soa + "example. 300 NSEC b.example. SOA NS\n");
  CryptoBudget budget;
  for (int i = 0; i < 1000; ++i) {
    put(fmt::format("c{0:05}.example. 300 NSEC c{0:05}z.example. A\n", i));
    CHECK(small.synthesise(Name("a.example."), Type::A, {}, budget, start));
  }
  CHECK(small.evictions() > 900);
}

}  // namespace denial_cache_test
