#include <algorithm>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "taut/dns/nsec3.hpp"
#include "zone/zone_text.hpp"

namespace denial_test {

using namespace taut;
using test::load;
using test::messages;
using test::zoneOf;

namespace {

std::string ownerOf(ZoneNode node) {
  return node ? node.owner().toString() : "none";
}

std::string label(const Nsec3Hash& hash) {
  const auto text = nsec3Label(hash);
  return {text.data(), text.size()};
}

// The parameters and hashes of RFC 5155 appendix A.
constexpr std::uint8_t salt[] = {0xaa, 0xbb, 0xcc, 0xdd};
const Nsec3Parameters rfc5155{1, 12, salt};

struct Hashed {
  const char* name;
  const char* label;
};

constexpr Hashed hashes[] = {
    {"example.", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"},     {"a.example.", "35mthgpgcu1qg68fab165klnsnk3dpvl"},
    {"ai.example.", "gjeqe526plbf1g8mklp59enfd789njgi"},  {"ns1.example.", "2t7b4g4vsa5smi47k61mv5bv1a22bojr"},
    {"ns2.example.", "q04jkcevqvmu85r014c7dkba38o0ji5r"}, {"w.example.", "k8udemvp1j2f7eg6jebps17vp3n8i58h"},
    {"*.w.example.", "r53bq7cc2uvmubfu5ocmm6pers9tk9en"}, {"x.w.example.", "b4um86eghhds6nea196smvmlo4ors995"},
    {"y.w.example.", "ji6neoaepv8b5o6k4ev33abha8ht9fgc"}, {"x.y.w.example.", "2vptu5timamqttgl4luu9kg21e0aor3s"},
    {"xx.example.", "t644ebqk9bibcna874givr6joj62mlhv"},
};

// The zone of that appendix without signatures. One owner is a place in the chain and has an address besides.
std::shared_ptr<const Zone> hashedZone() {
  std::string text =
      "@ 300 SOA ns1 bugs 1 3600 300 3600000 3600\n@ 300 NS ns1\n@ 300 NSEC3PARAM 1 0 12 aabbccdd\n"
      "a NS ns1\nai A 192.0.2.1\nns1 A 192.0.2.1\nns2 A 192.0.2.2\n*.w MX 1 ai\nx.w MX 1 ai\nx.y.w MX 1 ai\n"
      "xx A 192.0.2.3\n2t7b4g4vsa5smi47k61mv5bv1a22bojr A 192.0.2.4\n";
  for (const Hashed& one : hashes)
    text += fmt::format("{} 3600 NSEC3 1 1 12 aabbccdd 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n", one.label);
  const ZoneLoad loaded = parseZone(text, Name("example."));
  INFO(loaded.firstError());
  REQUIRE(loaded.ok());
  return loaded.zone;
}

}  // namespace

TEST_CASE("NSEC3 hashes are those of RFC 5155 appendix A, whatever the case of the name") {
  for (const Hashed& one : hashes) CHECK(label(nsec3Hash(Name(one.name), rfc5155)) == one.label);
  CHECK(nsec3Hash(Name("X.W.Example."), rfc5155) == nsec3Hash(Name("x.w.example."), rfc5155));
}

TEST_CASE("A hash and its label turn into each other, and no other label is a hash") {
  for (const Hashed& one : hashes) CHECK(label(*nsec3HashFromLabel(one.label)) == one.label);
  CHECK(nsec3HashFromLabel("0P9MHAVEQVM6T7VBL5LOP2U3T2RP3TOM") == nsec3HashFromLabel(hashes[0].label));
  CHECK(!nsec3HashFromLabel("0p9mhaveqvm6t7vbl5lop2u3t2rp3to"));
  CHECK(!nsec3HashFromLabel("wp9mhaveqvm6t7vbl5lop2u3t2rp3tom"));
}

TEST_CASE("An existing name leads to its NSEC3 without hashing, an empty non-terminal too") {
  const auto zone = hashedZone();
  REQUIRE(zone->hasNsec3());
  CHECK(zone->nsec3Parameters().iterations == 12);
  for (const Hashed& one : hashes) {
    const ZoneNode node = zone->node(Name(one.name));
    REQUIRE_MESSAGE(node, one.name);
    const Nsec3Match match = zone->nsec3(node);
    CHECK_MESSAGE(match.exact, one.name);
    CHECK(match.node.owner().firstLabel() == one.label);
    CHECK(match.node.has(Type::NSEC3));
    CHECK(zone->nsec3(Name(one.name)).node == match.node);
  }
}

TEST_CASE("A name that does not exist is covered by the NSEC3 before its hash, around the end of the ring too") {
  const auto zone = hashedZone();
  // RFC 5155 appendix B.1: the next closer name is covered by 0p9m…, the wildcard at the encloser by 35mt….
  const Nsec3Match covering = zone->nsec3(Name("c.x.w.example."));
  CHECK(!covering.exact);
  CHECK(covering.node.owner().firstLabel() == "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom");
  const Nsec3Match wildcard = zone->nsec3Wildcard(zone->node(Name("x.w.example.")));
  CHECK(!wildcard.exact);
  CHECK(wildcard.node.owner().firstLabel() == "35mthgpgcu1qg68fab165klnsnk3dpvl");
  CHECK(zone->nsec3Wildcard(zone->node(Name("w.example."))).exact);

  Nsec3Hash low{};
  CHECK(zone->nsec3(low).node.owner().firstLabel() == "t644ebqk9bibcna874givr6joj62mlhv");
  Nsec3Hash high;
  high.fill(0xff);
  CHECK(zone->nsec3(high).node.owner().firstLabel() == "t644ebqk9bibcna874givr6joj62mlhv");
  for (const Hashed& one : hashes) {
    Nsec3Hash next = *nsec3HashFromLabel(one.label);
    ++next.back();
    const Nsec3Match match = zone->nsec3(next);
    CHECK(!match.exact);
    CHECK(match.node.owner().firstLabel() == one.label);
  }
}

TEST_CASE("Any hash finds its owner in the chain, or the last one before it, also where many begin alike") {
  std::mt19937 random(5155);
  for (const std::size_t size : {1U, 2U, 40U, 3000U}) {
    std::set<std::string> labels;
    while (labels.size() < size) {
      Nsec3Hash hash;
      for (std::uint8_t& octet : hash) octet = static_cast<std::uint8_t>(random());
      if (random() % 2 == 0) std::fill_n(hash.begin(), 4, std::uint8_t{0x80});
      labels.insert(label(hash));
    }
    std::string text = "@ NSEC3PARAM 1 0 0 -\n";
    for (const std::string& owner : labels) text += fmt::format("{0} NSEC3 1 0 0 - {0} A\n", owner);
    const auto zone = zoneOf(text);
    const auto check = [&](const Nsec3Hash& hash) {
      const auto next = labels.upper_bound(label(hash));
      const std::string& expected = next == labels.begin() ? *labels.rbegin() : *std::prev(next);
      const Nsec3Match match = zone->nsec3(hash);
      CHECK(match.node.owner().firstLabel() == expected);
      CHECK(match.exact == labels.contains(label(hash)));
    };
    for (const std::string& owner : labels) {
      const Nsec3Hash hash = *nsec3HashFromLabel(owner);
      Nsec3Hash near = hash;
      near[19] = static_cast<std::uint8_t>(near[19] + 1);
      check(hash);
      check(near);
      near[19] = static_cast<std::uint8_t>(near[19] - 2);
      check(near);
    }
    check(Nsec3Hash{});
    Nsec3Hash last;
    last.fill(0xff);
    check(last);
  }
}

TEST_CASE("Owners of NSEC3 records are no names of the zone, unless they have other data") {
  const auto zone = hashedZone();
  CHECK(!zone->find(Name("0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.")).node);
  const ZoneNode both = zone->node(Name("2t7b4g4vsa5smi47k61mv5bv1a22bojr.example."));
  REQUIRE(both);
  CHECK(both.has(Type::A));
  CHECK(!both.has(Type::NSEC3));
  CHECK(zone->nsec3Nodes().size() == std::size(hashes));
  CHECK(zone->recordCount() == 12 + std::size(hashes));
}

TEST_CASE("A chain of other parameters is not used") {
  const ZoneLoad loaded = load(
      "@ NSEC3PARAM 1 0 0 -\n"
      "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NSEC3 1 0 1 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n");
  REQUIRE(loaded.ok());
  CHECK(!loaded.zone->hasNsec3());
  CHECK(!loaded.zone->nsec3(Name("x.example.")));
  CHECK(loaded.diagnostics.size() == 1);
}

TEST_CASE("Too many NSEC3 iterations refuse a zone, some draw a warning") {
  const char* const chain =
      "@ NSEC3PARAM 1 0 {0} -\n0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NSEC3 1 0 {0} - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n";
  const auto withIterations = [&](int count) { return load(fmt::format(fmt::runtime(chain), count)); };
  CHECK(withIterations(0).diagnostics.empty());
  CHECK(withIterations(10).ok());
  CHECK(withIterations(10).diagnostics.size() == 1);
  CHECK(!withIterations(501).ok());
}

TEST_CASE("The covering NSEC is that of the name or of the nearest one before it that has one") {
  const auto zone = zoneOf(
      "@ NSEC b NS SOA NSEC\n"
      "b NSEC d.e A NSEC\nb A 192.0.2.1\n"
      "d.e A 192.0.2.2\nd.e NSEC f A NSEC\n"
      "f NS ns.f\nf NSEC example. NS NSEC\n"
      "ns.f A 192.0.2.3\n");
  CHECK(zone->hasNsec());
  CHECK(ownerOf(zone->nsecCovering(Name("b.example."))) == "b.example.");
  CHECK(ownerOf(zone->nsecCovering(Name("a.example."))) == "example.");
  CHECK(ownerOf(zone->nsecCovering(Name("*.example."))) == "example.");
  CHECK(ownerOf(zone->nsecCovering(Name("x.b.example."))) == "b.example.");
  CHECK(ownerOf(zone->nsecCovering(Name("e.example."))) == "b.example.");
  CHECK(ownerOf(zone->nsecCovering(Name("z.d.e.example."))) == "d.e.example.");
  CHECK(ownerOf(zone->nsecCovering(Name("z.example."))) == "f.example.");
  CHECK(ownerOf(zone->nsecCovering(Name("ns.f.example."))) == "f.example.");
  CHECK(ownerOf(zoneOf("")->nsecCovering(Name("b.example."))) == "none");
}

}  // namespace denial_test
